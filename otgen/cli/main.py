"""The command line: ``python -m otgen compare "a cat" "a castle"``."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from dataclasses import fields
from pathlib import Path

from otgen.cli.config import options
from otgen.cli.interruption import Interrupted, Interruption
from otgen.cli.study import add_study, study
from otgen.painters.catalogue import LARGE, choices
from otgen.recipe.experiments import FEWEST_SEEDS, MOST_SEEDS, SEEDS, of_seeds, steps_of
from otgen.recipe.lanes import described
from otgen.recipe.prompts import InputError, rows, shorten
from otgen.recipe.settings import LANES, Settings, rule
from otgen.results import uploads
from otgen.results.library import bring
from otgen.results.parents import named
from otgen.results.result import ANEW, Saved
from otgen.results.store import place, read
from otgen.run.events import Ended, Event, Failed, Fetching, Step
from otgen.run.plan import Plan, check_scalable, from_texts, plan
from otgen.service.executors.inline import Inline

DIVERGED = 3  # exit status of a run that diverged
_SHORT = {"epsilon": ("--eps",), "conditioning": ("--told",)}  # other names of options


def _parsed(argv: list[str] | None) -> argparse.Namespace:
    """Return the arguments; those of a ``--config`` file hold where the line names no other.

    Raises InputError.
    """
    parser, commands = _parser()
    arguments = parser.parse_args(argv)
    file = getattr(arguments, "config", None)
    if file:
        known = set(vars(arguments)) - {"command", "config", "start", "image", "out"}
        commands[arguments.command].set_defaults(**options(file, known))
        arguments = parser.parse_args(argv)
    return arguments


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Return the parser, and those of its commands."""
    parser = argparse.ArgumentParser(prog="otgen", description="One picture from several prompts.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the page on 127.0.0.1:7860")
    shared = _shared()
    compare = commands.add_parser(
        "compare", parents=[shared], help="paint prompts under optimal transport and the mean"
    )
    for option, what in (
        ("--plots", "the plots that explain the result"),
        ("--large", f"the pictures at {LARGE} times the side, drawn anew (storybook)"),
        ("--svg", "the pictures as SVG (storybook)"),
    ):
        compare.add_argument(option, action="store_true", help=f"also write {what}")
    commands.add_parser(
        "ladder", parents=[shared], help="each prompt alone, then one added at a time, as one grid"
    )
    commands.add_parser(
        "dial", parents=[shared], help="five losses from sharp to the mean, as one strip"
    )
    seeds = commands.add_parser(
        "seeds", parents=[shared], help="the same prompts from several starts, as one grid"
    )
    seeds.add_argument(
        "--many",
        default=SEEDS,
        help=f"starts, {FEWEST_SEEDS} to {MOST_SEEDS} (default: %(default)s)",
    )
    for command in (compare, seeds):
        command.add_argument(
            "--lanes", default=",".join(LANES), help=f"losses to run, with commas: {described()}"
        )
    add_study(commands)
    return parser, commands.choices


def _shared() -> argparse.ArgumentParser:
    """Return the options of every command: those of the settings, and where results go."""
    parser = argparse.ArgumentParser(add_help=False)
    add = parser.add_argument
    about = (
        'a prompt each; "a cat :2" weighs 2; "an owl @left" belongs there, as it would with right, '
        'top, bottom, centre, a corner such as top-left, or a box 0.1,0.2,0.5,0.8; "@left!" is '
        'strict; "a | b" is two; "a dog :-1" is a negative one'
    )
    add("prompts", nargs="*", help=about)
    for field in fields(Settings):
        if field.name not in ("prompts", "lanes", "start", "parent"):
            names = [f"--{field.name.replace('_', '-')}", *_SHORT.get(field.name, ())]
            default = {"steps": None, "negative": ""}.get(field.name, field.default)
            usual = {None: "what suits the painter", "": "none"}.get(default, default)
            about = choices() if field.name == "generator" else rule(field.name).describe()
            about = f"{about} (default: {usual})"
            add(*names, dest=field.name, default=default, help=about)
    add(
        *("--image", "--picture"),
        nargs="+",
        action="append",
        metavar=("FILE", ":2"),
        help="a picture as a prompt, with its weight and place: owl.png :2 @left; may be repeated",
    )
    add("--config", type=Path, help="a YAML file of options, such as prompts and steps")
    add("--start", type=Path, help="a picture to start from, for VQGAN and diffusion")
    add(
        *("--from", "--parent"),
        dest="parent",
        default="",
        metavar="RESULT",
        help="a result to go on from with these prompts and settings: its id or folder, as it is; "
        "each lane from the same one, or the first, or all from the one after a /: "
        "0123456789ab/mean",
    )
    add("--out", type=Path, default=place(), help="where results go (default: %(default)s)")
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
    """Return the settings that the arguments ask for. Raises InputError."""
    values = {field.name: getattr(arguments, field.name, None) for field in fields(Settings)}
    given = arguments.prompts
    given = list(given) if isinstance(given, list) else rows(str(given or ""))
    values["prompts"] = [*map(uploads.taken, given), *_images(arguments.image or [])]
    if values["lanes"] is None:  # an experiment chooses its own
        values["lanes"] = list(LANES)
    values["start"] = uploads.keep(arguments.start) if arguments.start else ""
    if arguments.parent:
        values["parent"] = named(str(arguments.parent), lambda id: read(arguments.out / id))
    settings = from_texts(values)
    bring(arguments.out, settings)  # what is missing, the run says
    return settings


def _images(given: list[list[str]]) -> list[object]:
    """Return what follows each --image: a file, its weight and place, and prompts behind them."""
    found: list[object] = []
    for file, *rest in given:
        marks = [word for word in rest if word[:1] in ":@：＠"]
        marked, *more = rows(" ".join(["picture", *marks]))
        if more or marked.text != "picture":
            raise InputError(
                f"What follows --image {shorten(file)} is {shorten(' '.join(marks))}. It can be a "
                "weight and a place: try :2 @left."
            )
        found.append(uploads.prompt(Path(file), marked.weight, marked.place))
        found += [word for word in rest if word not in marks]
    return found


class _Unpainted(Exception):
    """A run failed; the message says why in a sentence."""


class _Diverged(_Unpainted):
    """A run diverged at its first step."""


def _paint(planned: Plan, store: Path, bar, what: str) -> Saved:
    """Paint and save, from where an earlier run stopped; return the result.

    The bar, a tqdm, goes on by the run's steps. A result of a run that diverged is returned as it
    is. Raises InputError, Interrupted, and _Unpainted where there is no result.
    """
    settings, folder = planned.settings, store / planned.id
    before, begun, stopping = bar.n, False, threading.Event()
    interruption = Interruption(stopping.set)
    ending: list[Ended | Failed] = []

    def see(event: Event) -> None:
        nonlocal begun
        match event:
            case Ended() | Failed():
                ending.append(event)
            case Fetching(what=model, here=here, total=total):
                bar.set_description(f"fetching {model}, {here / 1e6:.0f} of {total / 1e6:.0f} MB")
            case Step(step=step):
                if not begun:
                    begun = True
                    interruption.hold()  # only now: nothing was made before
                    if step:
                        said = f"Going on from step {step} of {settings.steps}."
                        bar.write(said, file=sys.stderr)
                bar.set_description(what)
                bar.update(before + step - bar.n)

    try:
        Inline().run(planned, store, see, stopping)
    finally:
        interruption.release()
    (ended,) = ending
    if isinstance(ended, Failed):
        raise {"input": InputError, "diverged": _Diverged}.get(ended.kind, _Unpainted)(ended.error)
    for note in ended.notes:
        bar.write(note, file=sys.stderr)
    if interruption.signal and ended.state == "stopped":
        raise Interrupted(
            f"Stopped at step {ended.steps} of {settings.steps}; it is kept, and the same command "
            "goes on from there.",
            folder,
            128 + interruption.signal,
        )
    saved = read(folder)
    if saved is None:
        raise OSError(f"{folder} was deleted a moment ago: paint it again.")
    return saved


def _compare(arguments: argparse.Namespace) -> tuple[Path, list[str]]:
    """Run one comparison; return its folder, and a sentence where it diverged."""
    from tqdm import tqdm

    planned = plan(_settings(arguments))
    kinds = [kind for kind in ANEW if getattr(arguments, kind)]
    if kinds:
        check_scalable(planned.settings)  # before the run, not after it
    _writable(arguments.out)
    with tqdm(total=planned.settings.steps, unit="step", disable=None) as bar:
        saved = _paint(planned, arguments.out, bar, "painting")
    if arguments.plots:
        from otgen.explain import plots
        from otgen.results.store import record

        evidence = record(saved)
        if evidence is None:
            raise InputError(
                f"{saved.folder} lacks what plots are drawn from: delete it to paint again."
            )
        plots.save(evidence, saved.folder)
    if kinds and saved.complete:
        from otgen.run.redrawing import save_redrawn

        save_redrawn(saved, kinds)
    return arguments.out / planned.id, [saved.diverged] if saved.diverged else []


def _experiment(arguments: argparse.Namespace) -> tuple[Path, list[str]]:
    """Run what an experiment lacks in the store.

    Return its figure's PNG, and a sentence for each run that diverged.
    """
    from tqdm import tqdm

    from otgen.results.figures import save

    kind, store = arguments.command, arguments.out
    if kind == "seeds":
        kind = of_seeds(arguments.many)
    steps = steps_of(kind, plan(_settings(arguments)).settings)
    _writable(store)
    plans = [plan(step.settings) for step in steps]
    titles = {planned.id: step.title for planned, step in zip(plans, steps, strict=True)}
    found = {id: read(store / id) for id in titles}
    todo = {p.id: p for p in plans if not (found[p.id] and found[p.id].over)}
    said = {id: saved.diverged for id, saved in found.items() if saved and saved.diverged}
    total = sum(planned.settings.steps for planned in todo.values())
    with tqdm(total=total, unit="step", disable=None) as bar:
        for place, (id, planned) in enumerate(todo.items(), 1):
            what = f"run {place} of {len(todo)}, {titles[id]}"
            try:
                found[id] = _paint(planned, store, bar, what)
                said |= {id: found[id].diverged} if found[id].diverged else {}
            except _Diverged as at_once:
                said[id] = str(at_once)
    figure = save(kind, steps, [found[planned.id] for planned in plans], store)
    return figure, [
        f"{titles[id].capitalize()} diverged. {sentence}" for id, sentence in said.items()
    ]


def _serve() -> int:
    """Serve the page until the process ends."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
    from otgen.ui.page import serve

    serve()
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status.

    It is 0, 2 and one sentence on bad input, 3 where a run diverged, or as a signal's where one
    stopped the run.
    """
    try:
        arguments = _parsed(argv)
        if arguments.command == "serve":
            return _serve()
        if arguments.command == "study":
            return study(arguments)
        run = _compare if arguments.command == "compare" else _experiment
        made, diverged = run(arguments)
        print(made)
        print(*diverged, sep="\n", end="\n" if diverged else "", file=sys.stderr)
        return DIVERGED if diverged else 0
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
    except (_Unpainted, OSError) as failed:
        print(failed, file=sys.stderr)
        return DIVERGED if isinstance(failed, _Diverged) else 1
