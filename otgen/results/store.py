"""Results on disk: ``<store>/<id>/`` with result.json, one PNG per lane, arrays.npz.

A partial result also has unfinished.npz, the checkpoint of its run."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from otgen.explain.evidence import ARRAYS, Record, Unfinished
from otgen.recipe.codec import from_data
from otgen.recipe.lanes import slug
from otgen.recipe.prompts import InputError
from otgen.results.result import ID, Result, Saved, describe, picture_info

PINNED = "pinned"  # an empty file in a result's folder: it is never pruned
UNFINISHED = "unfinished.npz"  # in a partial result's folder: where it can go on
LARGEST = 1_000_000  # bytes of a result.json; one of 16 prompts has about 10,000


def place() -> Path:
    """Return the folder of results: OTGEN_STORE, a Space's mounted bucket, or ``results``."""
    bucket = Path("/data")
    mounted = "SPACE_ID" in os.environ and bucket.is_dir() and os.access(bucket, os.W_OK)
    return Path(os.environ.get("OTGEN_STORE") or (bucket / "otgen" if mounted else "results"))


def read(folder: Path) -> Saved | None:
    """Read a result's folder; None if it has no complete set of files."""
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
    except (OSError, ValueError, KeyError, TypeError, RecursionError, InputError):
        return None


def _arrays(file: Path) -> dict[str, np.ndarray] | None:
    """Read all arrays of a file; None if it is missing or broken. Nothing is unpickled."""
    try:
        # Opened here: numpy leaves a file open that it finds to be broken.
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def record(saved: Saved) -> Record | None:
    """Read the evidence that plots are drawn from; None if it is missing or broken."""
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
    """Read the checkpoint of a partial result; None if there is none."""
    evidence, arrays = record(saved), _arrays(saved.folder / UNFINISHED)
    if evidence is None or arrays is None or not arrays.keys() >= {"error", "seconds", "machine"}:
        return None
    if len(arrays["error"]) != len(evidence.losses):
        return None
    error, seconds, machine = (arrays.pop(name) for name in ("error", "seconds", "machine"))
    return Unfinished(evidence, arrays, error, float(seconds), str(machine))


def folder_of(store: Path, id: str) -> Path | None:
    """Return the folder of a result; None if it does not exist."""
    folder = store / id if ID.fullmatch(id) else None
    return folder if folder and folder.is_dir() and not folder.is_symlink() else None


def put_aside(store: Path, id: str) -> Path | None:
    """Rename a result to a temporary name and return it; None if the result does not exist.

    Concurrent readers see all of the result or none of it. Raises OSError.
    """
    folder = folder_of(store, id)
    if folder is None:
        return None
    aside = store / f".deleting-{id}-{time.monotonic_ns()}"
    try:
        return folder.rename(aside)
    except FileNotFoundError:
        return None


def save(result: Result, store: Path) -> Path:
    """Write a result to a temporary folder and rename it to ``store/<id>``; return that folder.

    An existing result is kept if it is complete or has more steps. Otherwise it is replaced, and
    remains pinned if it was. Safe for several processes at once. Raises OSError.
    """
    store.mkdir(parents=True, exist_ok=True)
    folder = store / result.id
    aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=store))
    try:
        for lane, picture in zip(result.settings.lanes, result.pictures, strict=True):
            Image.fromarray(picture).save(
                aside / f"{slug(lane)}.png", pnginfo=picture_info(result, lane)
            )
        arrays = {name: getattr(result.record, name) for name in ARRAYS}
        np.savez_compressed(aside / "arrays.npz", **arrays)
        if left := result.unfinished:
            rest = {"error": left.error, "seconds": left.seconds, "machine": left.machine}
            np.savez_compressed(aside / UNFINISHED, **left.state, **rest)
        (aside / "result.json").write_text(
            json.dumps(describe(result), indent=2, ensure_ascii=False) + "\n"
        )
        aside.chmod(0o755)
        _put(aside, folder, result.steps)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _put(aside: Path, folder: Path, steps: int) -> None:
    """Rename a result to its final place, unless a better one is there."""
    while True:
        kept = read(folder)
        if kept and (kept.complete or kept.steps > steps):
            return
        if (folder / PINNED).exists():
            (aside / PINNED).touch()
        before = put_aside(folder.parent, folder.name)
        taken = read(before) if before else None
        try:
            if taken and (taken.complete or taken.steps > steps):  # it came since the look above
                return _put(before, folder, taken.steps)
            aside.rename(folder)  # at once: until then there is none
            return
        except OSError as wrong:
            if wrong.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another process was faster
                raise
        finally:
            if before:
                shutil.rmtree(before, ignore_errors=True)
