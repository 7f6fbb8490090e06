"""Results read back from disk."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from otgen.recipe.lanes import slug
from otgen.recipe.codec import from_data
from otgen.explain.evidence import ARRAYS, Record, Unfinished
from otgen.recipe.settings import Settings

ID = re.compile(r"[0-9a-f]{12}")  # what a result's folder is called
UNFINISHED = "unfinished.npz"  # in a partial result's folder: where it can go on
LARGEST = 1_000_000  # bytes of a result.json; one of 16 prompts has about 10,000


class Saved(NamedTuple):
    """A result on disk.

    Args:
        steps: those done. numbers: per lane, as in comparison.Result. seconds: of painting.
        device: what it ran on, as ``precision.record`` says it; empty where it was not noted.
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


def read(folder: Path) -> Saved | None:
    """Read a result's folder; None where no whole result lies there."""
    try:
        file = folder / "result.json"
        if file.stat().st_size > LARGEST:
            return None
        data = json.loads(file.read_text())
        settings = from_data(data).settings
        if not ID.fullmatch(data["id"]):
            return None
        if not all((folder / f"{slug(lane)}.png").is_file() for lane in settings.lanes):
            return None
        return Saved(
            id=data["id"],
            folder=folder,
            settings=settings,
            complete=bool(data["complete"]),
            steps=int(data["steps"]),
            numbers={lane: dict(data["numbers"][lane]) for lane in settings.lanes},
            seconds=float(data["timings"]["paint"]),
            notes=tuple(map(str, data["notes"])),
            device=dict(data.get("device", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _arrays(file: Path) -> dict[str, np.ndarray] | None:
    """Read all arrays of a file; None where it is missing or broken. Nothing is unpickled."""
    try:
        # Opened here: numpy leaves a file open that it finds to be broken.
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def record(saved: Saved) -> Record | None:
    """Read the evidence that plots are drawn from; None where it is missing or broken."""
    arrays, settings = _arrays(saved.folder / "arrays.npz"), saved.settings
    if arrays is None or not arrays.keys() >= set(ARRAYS):
        return None
    return Record(
        prompts=tuple(text for text, _ in settings.prompts),
        lanes=settings.lanes,
        distance=settings.distance,
        **{name: arrays[name] for name in ARRAYS},
    )


def unfinished(saved: Saved) -> Unfinished | None:
    """Read where a partial result can go on; None where it can't."""
    evidence, arrays = record(saved), _arrays(saved.folder / UNFINISHED)
    if evidence is None or arrays is None or not arrays.keys() >= {"error", "seconds", "machine"}:
        return None
    if len(arrays["error"]) != len(evidence.losses):
        return None
    error, seconds, machine = (arrays.pop(name) for name in ("error", "seconds", "machine"))
    return Unfinished(evidence, arrays, error, float(seconds), str(machine))
