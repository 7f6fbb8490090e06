"""Results on disk: ``<store>/<id>/`` with result.json, one PNG a lane, arrays.npz.

A partial result also holds unfinished.npz: where its run goes on. Its files lie in a folder of
their own, ``<store>/<id>/part-.../``, which ``"files"`` in ``<store>/<id>/result.json`` names.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from otgen.explain.evidence import Record, Unfinished, arrays_of
from otgen.recipe.codec import from_data
from otgen.recipe.lanes import slug
from otgen.recipe.prompts import InputError, placed
from otgen.results.result import ID, STATE, UNFINISHED, Saved

PINNED = "pinned"  # an empty file in ``<store>/<id>``: the result is never pruned
LARGEST = 1_000_000  # bytes of a result.json; one of 16 prompts has about 10,000
PART = re.compile(r"part-[0-9a-f]{12}")  # a folder of files that may be replaced
MOST = 5000  # results whose description stays in memory, 6 kB each; the usual room holds fewer


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
        # Where its pictures are gone, a better result may have come since.
        return saved if saved is None or _whole(saved) else current(folder)
    except OSError:
        return None


def current(folder: Path) -> Saved | None:
    """Read a result's folder as it is now; None where no whole result lies there. Raises OSError.

    Unlike ``read``, it takes no disk that fails for an empty one.
    """
    seen = None
    while True:
        try:
            saved = _parsed(folder)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if saved is None or _whole(saved):
            return saved
        if saved == seen:
            return None
        seen = saved  # a better one may have taken its place after it was read


def _whole(saved: Saved) -> bool:
    return all((saved.folder / f"{slug(lane)}.png").is_file() for lane in saved.settings.lanes)


@lru_cache(maxsize=MOST)
def _described(folder: Path, made: int, size: int, inode: int) -> Saved | None:
    """Read a result's description; None where it is none. Raises OSError."""
    return _parsed(folder) if size <= LARGEST else None


def _parsed(folder: Path) -> Saved | None:
    try:
        data = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        settings, files = from_data(data).settings, data.get("files", "")
        if not ID.fullmatch(data["id"]) or (files and not PART.fullmatch(files)):
            return None
        return Saved(
            id=data["id"],
            folder=folder / files,
            settings=settings,
            complete=bool(data["complete"]),
            steps=int(data["steps"]),
            numbers={lane: dict(data["numbers"][lane]) for lane in settings.lanes},
            seconds=float(data["timings"]["paint"]),
            notes=tuple(map(str, data["notes"])),
            device=dict(data.get("device", {})),
            diverged=str(data.get("diverged", "")),
        )
    except (ValueError, KeyError, TypeError, RecursionError, InputError):
        return None


def read_arrays(file: Path, *names: str) -> dict[str, np.ndarray] | None:
    """Read these arrays of a file, by default all; None where it is missing or broken.

    Nothing is unpickled.
    """
    try:
        # Opened here: numpy leaves a file open that it finds to be broken.
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names or arrays.files}
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def record(saved: Saved) -> Record | None:
    """Read the evidence that plots are drawn from; None where it is missing or broken."""
    arrays, settings = read_arrays(saved.folder / "arrays.npz"), saved.settings
    names = arrays_of(bool(settings.negative), weighted=settings.sampling != "uniform")
    if arrays is None or not arrays.keys() >= set(names):
        return None
    fields = {name: arrays[name] for name in names}
    fields.setdefault("avoided", arrays["cost"][..., :0])
    fields.setdefault("weights", arrays["cost"][:, 0, :0, 0])
    fields.setdefault("recent_weights", arrays["recent_plan"][:, 0, :0, 0])
    return Record(
        prompts=tuple(prompt.text for prompt in settings.prompts),
        lanes=settings.lanes,
        distance=settings.distance,
        negative=tuple(prompt.text for prompt in settings.negative),
        places=placed(settings.prompts),
        **fields,
    )


def unfinished(saved: Saved) -> Unfinished | None:
    """Read where a partial result can go on; None where it can't."""
    evidence, arrays = record(saved), read_arrays(saved.folder / UNFINISHED)
    if evidence is None or arrays is None or not arrays.keys() >= {"error", "seconds", "machine"}:
        return None
    if len(arrays["error"]) != len(evidence.losses):
        return None
    error, seconds, machine = (arrays.pop(name) for name in ("error", "seconds", "machine"))
    need = arrays.pop("need", None)
    return Unfinished(
        record=evidence,
        state=arrays,
        error=error,
        seconds=float(seconds),
        machine=str(machine),
        need=need,
    )


def state(saved: Saved) -> dict[str, np.ndarray] | None:
    """Read what a finished result is drawn anew from; None where it is missing or broken."""
    return read_arrays(saved.folder / STATE)


def folder_of(store: Path, id: str) -> Path | None:
    """Return the folder of a result, None where there is none of this id."""
    folder = store / id if ID.fullmatch(id) else None
    return folder if folder and folder.is_dir() and not folder.is_symlink() else None
