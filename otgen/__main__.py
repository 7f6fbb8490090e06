"""The command line: ``python -m otgen compare "a cat" "a castle"``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from otgen.prompts import InputError, parse, shorten
from otgen.settings import DISTANCES, ENCODERS, LANES, TOLD, Settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m otgen", description="One picture from several prompts."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser(
        "compare", help="paint prompts under optimal transport and under the mean"
    )
    default = Settings(prompts=())
    add = compare.add_argument
    add("prompts", nargs="*", help='a prompt each; "a cat :2" weighs 2; "a | b" is two')
    add("--generator", default=default.generator)
    add("--steps", help="updates (default: what suits the generator)")
    add("--cutouts", default=default.cutouts, help="cutouts per step (default 64)")
    add("--eps", default=default.epsilon, help="0.01 matches sharply, 1000 is the mean")
    add("--distance", default=default.distance, help=", ".join(DISTANCES))
    add("--lanes", default=",".join(LANES), help="losses to run, with commas: ot, mean, ot@0.01")
    add("--seed", default=default.seed)
    add("--encoder", help=f"default: the generator's own; {', '.join(ENCODERS)}")
    add("--height", help="pixels (default: what suits the generator)")
    add("--width", help="pixels")
    add("--guidance", help="strength of guidance, for diffusion")
    add("--told", default=default.told, help=f"what Stable Diffusion reads: {', '.join(TOLD)}")
    add("--start", type=Path, help="a picture to start from, for VQGAN")
    add("--plots", action="store_true", help="also write the plots that explain the result")
    add("--out", type=Path, default=Path(os.environ.get("OTGEN_STORE", "results")))
    return parser


def _writable(store: Path) -> None:
    """Make the store before the run, not after it. Raises InputError."""
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise InputError(
            f"Results can't be written to {shorten(store)} ({wrong.strerror}): name another folder "
            "with --out."
        ) from None


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, or 2 and one sentence on bad input."""
    arguments = _parser().parse_args(argv)
    # These load torch and jax: --help need not wait for them.
    import diffusers
    import transformers
    from tqdm import tqdm

    from otgen import plots, starts
    from otgen.beforehand import checked
    from otgen.comparison import compare
    from otgen.descent import Diverged
    from otgen.generators import card
    from otgen.store import save

    for library in (
        diffusers,
        transformers,
    ):  # their bars of loaded weights are no news to a person
        library.utils.logging.disable_progress_bar()
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
                encoder=arguments.encoder,
                height=arguments.height,
                width=arguments.width,
                guidance=arguments.guidance,
                told=arguments.told,
                start=starts.keep(arguments.start) if arguments.start else "",
            )
        )
        _writable(arguments.out)
        with tqdm(total=settings.steps, unit="step", disable=None) as bar:

            def watch(snapshot) -> bool:
                bar.set_description("painting")
                bar.update(snapshot.step - bar.n)
                return True

            def report(what: str, here: int, total: int) -> None:
                bar.set_description(f"fetching {what}, {here / 1e6:.0f} of {total / 1e6:.0f} MB")

            result = compare(settings, watch, report)
        for note in result.notes:
            print(note, file=sys.stderr)
        folder = save(result, arguments.out)
        if arguments.plots:
            plots.save(result.record, folder)
        print(folder)
    except InputError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except (Diverged, OSError) as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
