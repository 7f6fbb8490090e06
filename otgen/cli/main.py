"""The command line: ``python -m otgen compare "a cat" "a castle"``."""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import fields
from pathlib import Path

from otgen.cli.config import options
from otgen.cli.interruption import Interrupted
from otgen.cli.painting import Diverged, Unpainted, compare, experiment
from otgen.cli.study import add_study, study
from otgen.painters.catalogue import LARGE, card, choices
from otgen.recipe import shapes
from otgen.recipe.experiments import FEWEST_SEEDS, MOST_SEEDS, SEEDS
from otgen.recipe.lanes import described
from otgen.recipe.prompts import InputError, rows, shorten
from otgen.recipe.settings import LANES, Settings, rule
from otgen.results import uploads
from otgen.results.library import bring
from otgen.results.parents import named
from otgen.results.store import place, read
from otgen.run.plan import from_texts

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
    add("--size", help="width and height in one: 512x384")
    add("--aspect", help="the painter's nearest size of a shape: square, portrait, 16:9")
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


def _settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the arguments ask for. Raises InputError."""
    values = {field.name: getattr(arguments, field.name, None) for field in fields(Settings)}
    prompts = arguments.prompts
    prompts = list(prompts) if isinstance(prompts, list) else rows(str(prompts or ""))
    values["prompts"] = [*map(uploads.taken, prompts), *_images(arguments.image or [])]
    if values["lanes"] is None:  # an experiment chooses its own
        values["lanes"] = list(LANES)
    _shape(values, arguments.size, arguments.aspect)
    values["start"] = uploads.keep(arguments.start) if arguments.start else ""
    if arguments.parent:
        values["parent"] = named(str(arguments.parent), lambda id: read(arguments.out / id))
    settings = from_texts(values)
    if str(settings.seed) != str(values["seed"]).strip():
        print(f"The seed is {settings.seed}.", file=sys.stderr)
    bring(arguments.out, settings)  # what is missing, the run says
    return settings


def _shape(values: dict, size: str | None, aspect: object) -> None:
    """Give the sides that --size or --aspect ask for. Raises InputError."""
    sides = {side for side in ("width", "height") if values[side] is not None}
    if size is not None:
        if sides or aspect is not None:
            raise InputError(
                f"The size is {shorten(size, 20)}, and --width, --height or --aspect is given too: "
                "leave one out."
            )
        values["width"], values["height"] = shapes.size(size)
    elif aspect is not None:
        about, ratio = card(values["generator"]), shapes.aspect(aspect)
        if sides:
            raise InputError(
                f"The aspect ratio is {shorten(aspect, 20)}, and --width or --height is given too: "
                "leave one out."
            )
        if not about.sizes.free and ratio != 1:
            raise InputError(
                f"{values['generator']} paints squares of {about.sizes.usual} pixels only: leave "
                "the aspect ratio out, or take storybook."
            )
        values["width"], values["height"] = about.sizes.shaped(ratio)


def _images(images: list[list[str]]) -> list[object]:
    """Return what follows each --image: a file, its weight and place, and prompts behind them."""
    prompts: list[object] = []
    for file, *rest in images:
        marks = [word for word in rest if word[:1] in ":@：＠"]
        marked, *more = rows(" ".join(["picture", *marks]))
        if more or marked.text != "picture":
            raise InputError(
                f"What follows --image {shorten(file)} is {shorten(' '.join(marks))}. It can be a "
                "weight and a place: try :2 @left."
            )
        prompts.append(uploads.prompt(Path(file), marked.weight, marked.place))
        prompts += [word for word in rest if word not in marks]
    return prompts


def _serve() -> int:
    """Serve the page until the process ends."""
    from otgen.ui.page import serve

    serve()
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status.

    It is 0, 2 and one sentence on bad input, 3 where a run diverged, or as a signal's where one
    stopped the run.
    """
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):  # whatever the locale is
            stream.reconfigure(encoding="utf-8", errors=errors)
    try:
        arguments = _parsed(argv)
        if arguments.command == "serve":
            return _serve()
        if arguments.command == "study":
            return study(arguments)
        run = compare if arguments.command == "compare" else experiment
        made, diverged = run(arguments, _settings(arguments))
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
    except (Unpainted, OSError) as failed:
        print(failed, file=sys.stderr)
        return DIVERGED if isinstance(failed, Diverged) else 1
