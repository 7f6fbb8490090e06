"""The command line: ``python -m otgen compare "a cat" "a castle"``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from otgen.prompts import InputError, parse
from otgen.settings import DISTANCES, LANES, Settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m otgen", description="One picture from several prompts.")
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser("compare", help="paint prompts under optimal transport and under the mean")
    default = Settings(prompts=())
    compare.add_argument("prompts", nargs="*", help='a prompt each; "a cat :2" weighs 2; "a | b" is two')
    compare.add_argument("--generator", default=default.generator)
    compare.add_argument("--steps", help="updates (default: what suits the generator)")
    compare.add_argument("--cutouts", default=default.cutouts, help="cutouts per step (default 64)")
    compare.add_argument(
        "--eps", default=default.epsilon, help="sharpness of the matching: small is sharp, 1000 is the mean"
    )
    compare.add_argument("--distance", default=default.distance, help=", ".join(DISTANCES))
    compare.add_argument("--lanes", default=",".join(LANES), help="losses to run, with commas (ot,mean)")
    compare.add_argument("--seed", default=default.seed)
    compare.add_argument("--out", type=Path, default=Path(os.environ.get("OTGEN_STORE", "results")))
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, or 2 and one sentence on bad input."""
    arguments = _parser().parse_args(argv)
    from otgen.comparison import checked, compare  # loads torch and jax: --help need not wait for them
    from otgen.descent import Diverged
    from otgen.generators import card
    from otgen.store import save

    try:
        steps = card(arguments.generator).steps if arguments.steps is None else arguments.steps
        settings = checked(
            Settings(
                prompts=parse("\n".join(arguments.prompts)),
                generator=arguments.generator,
                lanes=tuple(lane.strip() for lane in arguments.lanes.split(",")),
                steps=steps,
                cutouts=arguments.cutouts,
                epsilon=arguments.eps,
                distance=arguments.distance,
                seed=arguments.seed,
            )
        )
        from tqdm import tqdm

        with tqdm(total=settings.steps, unit="step", disable=None) as bar:

            def watch(snapshot) -> bool:
                bar.update(snapshot.step - bar.n)
                return True

            result = compare(settings, watch)
        for note in result.notes:
            print(note, file=sys.stderr)
        print(save(result, arguments.out))
    except InputError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except (Diverged, OSError) as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
