"""``python -m bench.numbers``: pairs and seeds under OT and under the mean, as a Markdown table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from otgen.explain.plots.plane import number
from otgen.painters.catalogue import card
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import LANES, Settings
from otgen.run.comparison import compare
from otgen.run.plan import plan
from otgen.training.mini.evaluate import PAIRS

_HEAD = (
    *("pair", "seed", "loss", "cutouts", "balance", "mass", "asked", "cost correlation"),
    *("resultant", "coverage", "starved", "diversity", "judge finds"),
)
_MEANS = ("balance", "correlation", "resultant", "diversity")  # that one mean can stand for


def _row(pair: tuple[str, ...], seed: int, lane: str, numbers: dict) -> tuple[str, ...]:
    """Return a lane's numbers as text, in the order of _HEAD."""
    judge = numbers.get("judge")
    return (
        " + ".join(pair),
        str(seed),
        lane,
        " / ".join(map(str, numbers["counts"])),
        number(numbers["balance"]),
        " / ".join(f"{share:.3f}" for share in numbers["mass"]),
        " / ".join(f"{share:.3f}" for share in numbers["asked"]),
        number(numbers["correlation"]),
        number(numbers["resultant"]),
        " / ".join(map(number, numbers["coverage"])),
        ", ".join(pair[prompt] for prompt in numbers["starved"]) or "none",
        number(numbers["diversity"]),
        f"{' / '.join(map(str, judge['found']))} of {judge['of']}" if judge else "",
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _means(by_lane: dict[str, list[dict]]) -> str:
    """Return the means over all runs, a row per loss, and how often a prompt starved."""

    def row(lane: str) -> Iterator[str]:
        runs = by_lane[lane]
        yield lane
        yield from (number(float(np.mean([run[name] for run in runs]))) for name in _MEANS)
        yield number(float(np.mean([min(run["coverage"]) for run in runs])))
        yield f"{sum(bool(run['starved']) for run in runs)} of {len(runs)}"
        off = [np.abs(np.subtract(run["mass"], run["asked"])).max() for run in runs]
        yield f"{max(off):.1e}"
        judged = [min(run["judge"]["found"]) for run in runs if "judge" in run]
        yield f"{np.mean(judged):.1f}" if judged else ""

    head = (
        *("loss", "balance", "cost correlation", "resultant", "diversity"),
        *("coverage, weakest", "runs with a starved prompt", "mass off by at most"),
        "judge finds, weakest",
    )
    return _table(head, [tuple(row(lane)) for lane in LANES])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.numbers", description=__doc__)
    parser.add_argument("--pairs", type=int, default=3, help=f"how many, at most {len(PAIRS)}")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each pair")
    parser.add_argument("--generator", default=Settings.generator)
    parser.add_argument("--steps", type=int, help="updates (default: what suits the generator)")
    arguments = parser.parse_args()
    steps = arguments.steps or card(arguments.generator).steps
    rows, by_lane = [], {lane: [] for lane in LANES}
    for pair in PAIRS[: arguments.pairs]:
        for seed in range(1, arguments.seeds + 1):
            prompts = tuple(Prompt(text) for text in pair)
            numbers = compare(
                plan(
                    Settings(
                        prompts=prompts,
                        generator=arguments.generator,
                        lanes=LANES,
                        steps=steps,
                        seed=seed,
                    )
                )
            ).numbers
            for lane in LANES:
                rows.append(_row(pair, seed, lane, numbers[lane]))
                by_lane[lane].append(numbers[lane])
    runs = len(by_lane[LANES[0]])
    print(f"## OT against the mean\n\n{arguments.generator}, {steps} steps, {runs} runs.\n")
    print(_table(_HEAD, rows) + "\n\nMeans over the runs:\n\n" + _means(by_lane))


if __name__ == "__main__":
    main()
