"""The command line: ``python -m otgen compare "a cat" "a castle"``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from otgen.cli.interruption import Interrupted, Interruption
from otgen.recipe.prompts import InputError, parse, shorten
from otgen.recipe.settings import DISTANCES, ENCODERS, LANES, TOLD, Settings
from otgen.results.store import place


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m otgen", description="One picture from several prompts."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    shared = _shared()
    compare = commands.add_parser(
        "compare", parents=[shared], help="paint prompts under optimal transport and the mean"
    )
    compare.add_argument(
        "--lanes", default=",".join(LANES), help="losses to run, with commas: ot, mean, ot@0.01"
    )
    compare.add_argument(
        "--plots", action="store_true", help="also write the plots that explain the result"
    )
    commands.add_parser(
        "ladder", parents=[shared], help="each prompt alone, then one added at a time, as one grid"
    )
    commands.add_parser(
        "dial", parents=[shared], help="five losses from sharp to the mean, as one strip"
    )
    return parser


def _shared() -> argparse.ArgumentParser:
    """Return the options of every command."""
    parser = argparse.ArgumentParser(add_help=False)
    default = Settings(prompts=())
    add = parser.add_argument
    add("prompts", nargs="*", help='a prompt each; "a cat :2" weighs 2; "a | b" is two')
    add("--generator", default=default.generator)
    add("--steps", help="updates (default: what suits the generator)")
    add("--cutouts", default=default.cutouts, help="cutouts per step (default 64)")
    add("--eps", default=default.epsilon, help="0.01 matches sharply, 1000 is the mean")
    add("--distance", default=default.distance, help=", ".join(DISTANCES))
    add("--seed", default=default.seed)
    add("--encoder", help=f"default: the generator's own; {', '.join(ENCODERS)}")
    add("--height", help="pixels (default: what suits the generator)")
    add("--width", help="pixels")
    add("--guidance", help="strength of guidance, for diffusion")
    add("--sprites", help="things in a storybook's picture, at most (default 6)")
    add("--told", default=default.told, help=f"what Stable Diffusion reads: {', '.join(TOLD)}")
    add("--start", type=Path, help="a picture to start from, for VQGAN")
    add("--out", type=Path, default=place())
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


def _settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the arguments ask for, checked. Raises InputError."""
    from otgen.painters.catalogue import card
    from otgen.results import uploads
    from otgen.run.plan import checked

    steps = card(arguments.generator).steps if arguments.steps is None else arguments.steps
    lanes = getattr(arguments, "lanes", ",".join(LANES))  # an experiment chooses its own
    return checked(
        Settings(
            prompts=parse("\n".join(arguments.prompts)),
            generator=arguments.generator,
            lanes=tuple(lane.strip() for lane in lanes.split(",")),
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
            sprites=arguments.sprites,
            start=uploads.keep(arguments.start) if arguments.start else "",
        )
    )


def _paint(settings: Settings, store: Path, bar, what: str) -> Path:
    """Paint and save, from where an earlier run stopped; return the result's folder.

    The bar, a tqdm, goes on by the run's steps. Raises Interrupted.
    """
    from otgen.results.saved import read, unfinished
    from otgen.results.store import save
    from otgen.run.comparison import compare
    from otgen.run.plan import run_id
    from otgen.service.job import keeper

    found = read(store / run_id(settings))
    if found and found.complete:
        return found.folder
    before, begun, interruption = bar.n, False, Interruption()

    def watch(snapshot) -> bool:
        nonlocal begun
        if not begun:
            begun = True
            interruption.hold()  # only now: nothing was made before
            if snapshot.step:
                said = f"Going on from step {snapshot.step} of {settings.steps}."
                bar.write(said, file=sys.stderr)
        bar.set_description(what)
        bar.update(before + snapshot.step - bar.n)
        return not interruption.signal

    def report(what: str, here: int, total: int) -> None:
        bar.set_description(f"fetching {what}, {here / 1e6:.0f} of {total / 1e6:.0f} MB")

    resume, keep = found and unfinished(found), keeper(lambda so_far: save(so_far, store))
    try:
        result = compare(settings, watch, report, resume, keep)
        folder = save(result, store)
    finally:
        interruption.release()
    for note in result.notes:
        bar.write(note, file=sys.stderr)
    if interruption.signal:
        raise Interrupted(
            f"Stopped at step {result.steps} of {settings.steps}; it is kept, and the same command "
            "goes on from there.",
            folder,
            128 + interruption.signal,
        )
    return folder


def _compare(arguments: argparse.Namespace) -> Path:
    """Run one comparison; return its folder."""
    from tqdm import tqdm

    settings = _settings(arguments)
    _writable(arguments.out)
    with tqdm(total=settings.steps, unit="step", disable=None) as bar:
        folder = _paint(settings, arguments.out, bar, "painting")
    if arguments.plots:
        from otgen.explain import plots
        from otgen.results.saved import read, record

        found = read(folder)
        evidence = found and record(found)
        if evidence is None:
            raise InputError(f"{folder} lacks what plots are drawn from: delete it to paint again.")
        plots.save(evidence, folder)
    return folder


def _experiment(arguments: argparse.Namespace) -> Path:
    """Run what an experiment lacks in the store; return its figure's PNG."""
    from tqdm import tqdm

    from otgen.recipe.experiments import steps_of
    from otgen.results.figures import save
    from otgen.results.saved import read
    from otgen.run.plan import run_id

    kind, store = arguments.command, arguments.out
    steps = steps_of(kind, _settings(arguments))
    _writable(store)
    ids = [run_id(settings) for _, settings in steps]
    found = {id: read(store / id) for id in ids}
    todo = {
        id: step
        for id, step in zip(ids, steps, strict=True)
        if not (found[id] and found[id].complete)
    }
    total = sum(step.settings.steps for step in todo.values())
    with tqdm(total=total, unit="step", disable=None) as bar:
        for place, (id, step) in enumerate(todo.items(), 1):
            what = f"run {place} of {len(todo)}, prompts {step.title}"
            found[id] = read(_paint(step.settings, store, bar, what))
    return save(kind, steps, [found[id] for id in ids], store)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status.

    It is 0, 2 and one sentence on bad input, or as a signal's where one stopped the run.
    """
    arguments = _parser().parse_args(argv)
    try:
        # These load torch and jax: --help need not wait for them.
        import diffusers
        import transformers

        from otgen.guidance.loop import Diverged

        for library in (diffusers, transformers):  # bars of loaded weights are no news to a person
            library.utils.logging.disable_progress_bar()
        print(_compare(arguments) if arguments.command == "compare" else _experiment(arguments))
    except KeyboardInterrupt:
        print("Interrupted before it was done.", file=sys.stderr)
        return 130
    except Interrupted as stopped:
        print(stopped.folder)
        print(stopped, file=sys.stderr)
        return stopped.status
    except InputError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except (Diverged, OSError) as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0
