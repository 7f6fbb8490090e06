"""What a result is: in memory, on disk, and in the files that describe it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL.PngImagePlugin import PngInfo

from otgen.explain.evidence import Record, Unfinished
from otgen.recipe.codec import VERSION
from otgen.recipe.lanes import lane_of
from otgen.recipe.prompts import exact, picture_of
from otgen.recipe.rules import origin
from otgen.recipe.settings import Settings

ID = re.compile(r"[0-9a-f]{12}")  # what a result's folder is called
UNFINISHED = "unfinished.npz"  # beside a partial result's pictures: where it can go on
STATE = "state.npz"  # beside a finished result's pictures: what can be drawn anew, or gone on from
# How the names of a lane's picture end that is drawn anew: larger, or as SVG.
ANEW = {"large": "-large.png", "svg": ".svg"}
START = "start.png"  # beside the pictures of a run that started from an uploaded one: that picture
PARENT = "parent.npz"  # beside the pictures of a run that went on from a result: that one's state


def picture_file(name: str) -> str:
    """Return the name that the picture of a prompt has in a result's folder."""
    return f"picture-{name}.png"


def uploaded(settings: Settings) -> list[tuple[str, str]]:
    """Return what a run needs besides models: each name, and its file's in a result.

    These are uploaded pictures, of which one that is a start and a prompt is there twice, and the
    state of the result that the run goes on from.
    """
    start = [(settings.start, START)] if settings.start else []
    start += [(origin(settings.parent).name, PARENT)] if settings.parent else []
    prompts = dict.fromkeys(picture_of(one.text) for one in (*settings.prompts, *settings.negative))
    return start + [(name, picture_file(name)) for name in prompts if name]


class Result(NamedTuple):
    """What a run made; all arrays are numpy.

    steps: updates done, fewer than asked for where ``complete`` is False. pictures: [L, h, w, 3]
    uint8. record: the evidence that plots are drawn from. numbers: per lane, plain data. timings:
    seconds. notes: sentences that a person should read. device: as ``precision.record``: what it
    ran on, and its peak memory there. unfinished: where to go on, None where it can't. state: the
    painter's at the end, as ``painters.base.frozen`` gives it; None where the run did not finish.
    diverged: the sentence that says where it diverged and what to try, "" where it did not.
    sampler: as the painter's card names it.
    """

    id: str
    settings: Settings
    complete: bool
    steps: int
    pictures: np.ndarray
    record: Record
    numbers: dict[str, dict]
    timings: dict[str, float]
    versions: dict[str, str]
    revisions: dict[str, str]
    notes: tuple[str, ...]
    device: dict[str, str | float] = {}  # noqa: RUF012 (nobody changes it)
    unfinished: Unfinished | None = None
    state: dict[str, np.ndarray] | None = None
    diverged: str = ""
    sampler: str = "Adam"


class Saved(NamedTuple):
    """A result on disk.

    Args:
        folder: where its files are. steps: those done. numbers: per lane, as in Result. seconds: of
            painting. device: what it ran on, as ``precision.record`` says it; empty where it was
            not noted. diverged: as in Result; "" in results of before it was noted.
    """

    id: str
    folder: Path
    settings: Settings
    complete: bool
    steps: int
    numbers: dict[str, dict]
    seconds: float
    notes: tuple[str, ...]
    device: dict[str, str | float] = {}  # noqa: RUF012 (nobody changes it)
    diverged: str = ""

    @property
    def over(self) -> bool:
        """Tell whether its run can't go on: it is complete, or going on would diverge again."""
        return self.complete or bool(self.diverged)


def ending(made: Result | Saved) -> str:
    """Return how a run ended that left this result: "done", "diverged" or "stopped"."""
    return "done" if made.complete else "diverged" if made.diverged else "stopped"


def _recipe(result: Result | Saved) -> dict:
    return {"version": VERSION, "id": result.id, "settings": result.settings.as_dict()}


def describe(result: Result) -> dict:
    """Return all of a result but its arrays, as plain data."""
    return _recipe(result) | {
        "complete": result.complete,
        "steps": result.steps,
        "diverged": result.diverged,
        "numbers": result.numbers,
        "timings": result.timings,
        "versions": result.versions,
        "device": result.device,
        "revisions": result.revisions,
        "notes": list(result.notes),
    }


def picture_info(
    result: Result | Saved, lane: str, height: int, width: int, sampler: str
) -> PngInfo:
    """Return a picture's text: ``otgen`` as JSON, ``parameters`` as other tools write it.

    Both are tEXt, which more tools read and keep than iTXt; ``parameters`` is iTXt where a prompt
    is not Latin-1. Readers of ``parameters`` skip a picture that names no sampler.
    """
    settings = result.settings
    prompts, negative = (
        " | ".join(
            f"{text}{f' @{place}' if place else ''} :{exact(weight)}"
            for text, weight, place in some
        )
        for some in (settings.prompts, settings.negative)
    )
    without = f"\nNegative prompt: {negative}" if negative else ""
    info = PngInfo()
    info.add_text("otgen", json.dumps(_recipe(result) | {"lane": lane}))  # in ASCII
    info.add_text(
        "parameters",
        f"{prompts}{without}\nSteps: {settings.steps}, "
        f"Sampler: {sampler}, Seed: {settings.seed}, "
        f"Size: {width}x{height}, Model: {settings.generator}, Lane: {lane}, "
        f"Cutouts: {settings.cutouts}, "
        f"Epsilon: {exact(lane_of(lane, settings.epsilon).epsilon)}, Distance: {settings.distance}",
    )
    return info
