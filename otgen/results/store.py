"""Results on disk: ``<store>/<id>/`` with result.json, one PNG a lane, arrays.npz.

A partial result also holds unfinished.npz: where its run goes on."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from functools import lru_cache
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
_MOST = 5000  # results whose description stays in memory, 6 kB each; the usual room holds fewer


def place() -> Path:
    """Return the folder of results: OTGEN_STORE, a Space's mounted bucket, or ``results``."""
    bucket = Path("/data")
    mounted = "SPACE_ID" in os.environ and bucket.is_dir() and os.access(bucket, os.W_OK)
    return Path(os.environ.get("OTGEN_STORE") or (bucket / "otgen" if mounted else "results"))


def read(folder: Path) -> Saved | None:
    """Read a result's folder; None where no whole result lies there.

    A description is parsed and validated once, until its file is another one.
    """
    try:
        file = (folder / "result.json").stat()
        # All of these: the clocks of some file systems only tell seconds.
        saved = _described(folder, file.st_mtime_ns, file.st_size, file.st_ino)
    except OSError:
        return None
    lanes = saved.settings.lanes if saved else ()
    whole = saved and all((folder / f"{slug(lane)}.png").is_file() for lane in lanes)
    return saved if whole else None


@lru_cache(maxsize=_MOST)
def _described(folder: Path, made: int, size: int, inode: int) -> Saved | None:
    """Read a result's description; None where it is none. Raises OSError."""
    try:
        if size > LARGEST:
            return None
        data = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        settings = from_data(data).settings
        if not ID.fullmatch(data["id"]):
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
    except (ValueError, KeyError, TypeError, RecursionError, InputError):
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


def folder_of(store: Path, id: str) -> Path | None:
    """Return the folder of a result, None where there is none of this id."""
    folder = store / id if ID.fullmatch(id) else None
    return folder if folder and folder.is_dir() and not folder.is_symlink() else None


def put_aside(store: Path, id: str) -> Path | None:
    """Rename a result out of the way; return where it is, None where there was none of this id.

    Whoever reads meanwhile sees all of it or none. Raises OSError.
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
    """Write a result aside and rename it to ``store/<id>``; return that folder.

    A result that is there already stays if it is complete or further; else it is replaced, and
    stays pinned if it was. Safe for several processes at once. Raises OSError.
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
            json.dumps(describe(result), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        aside.chmod(0o755)
        _put(aside, folder, result.steps)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _put(aside: Path, folder: Path, steps: int) -> None:
    """Rename a result to where it belongs, unless a better one is there."""
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
