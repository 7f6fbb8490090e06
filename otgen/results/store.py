"""Results on disk: ``<store>/<id>/`` with result.json, one PNG a lane, arrays.npz.

A partial result also holds unfinished.npz: where its run goes on. Its files lie in a folder of
their own, ``<store>/<id>/part-.../``, which ``"files"`` in ``<store>/<id>/result.json`` names.

A better result replaces one at a single moment: when result.json is replaced. No folder can be
replaced at once, and several files can't: POSIX has no such call, and Linux's exchange of two
folders is neither on macOS nor on network file systems. All of them replace one file at once. So
the better files are written under names that nobody reads, then result.json is replaced, then the
old files are removed. Whoever reads before sees the old result, whoever reads after sees the new
one, and a process killed at any line leaves one of them whole, with files that nobody reads beside
it: the next save or sweep removes these. Files, and the folders that name them, are on the disk
(fsync) before result.json names them, and it is on the disk before old files go, so that a power
cut loses nothing either. Nobody syncs what is removed: a file that comes back is only tidied again.
A first result is renamed to its place as a whole folder.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import uuid
import zipfile
import zlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np

from otgen.explain.evidence import Record, Unfinished, arrays_of
from otgen.recipe.codec import from_data
from otgen.recipe.lanes import slug
from otgen.recipe.prompts import InputError, placed
from otgen.results.disk import locked, remove, sync
from otgen.results.result import ID, STATE, UNFINISHED, Result, Saved, ending
from otgen.results.writing import write_files

PINNED = "pinned"  # an empty file in ``<store>/<id>``: the result is never pruned
LARGEST = 1_000_000  # bytes of a result.json; one of 16 prompts has about 10,000
_PART = re.compile(r"part-[0-9a-f]{12}")  # a folder of files that may be replaced
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


@lru_cache(maxsize=_MOST)
def _described(folder: Path, made: int, size: int, inode: int) -> Saved | None:
    """Read a result's description; None where it is none. Raises OSError."""
    return _parsed(folder) if size <= LARGEST else None


def _parsed(folder: Path) -> Saved | None:
    try:
        data = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        settings, files = from_data(data).settings, data.get("files", "")
        if not ID.fullmatch(data["id"]) or (files and not _PART.fullmatch(files)):
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
    found = {name: arrays[name] for name in names}
    found.setdefault("avoided", arrays["cost"][..., :0])
    found.setdefault("weights", arrays["cost"][:, 0, :0, 0])
    found.setdefault("recent_weights", arrays["recent_plan"][:, 0, :0, 0])
    return Record(
        prompts=tuple(prompt.text for prompt in settings.prompts),
        lanes=settings.lanes,
        distance=settings.distance,
        negative=tuple(prompt.text for prompt in settings.negative),
        places=placed(settings.prompts),
        **found,
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
    return Unfinished(evidence, arrays, error, float(seconds), str(machine), need)


def state(saved: Saved) -> dict[str, np.ndarray] | None:
    """Read what a finished result is drawn anew from; None where it is missing or broken."""
    return read_arrays(saved.folder / STATE)


def folder_of(store: Path, id: str) -> Path | None:
    """Return the folder of a result, None where there is none of this id."""
    folder = store / id if ID.fullmatch(id) else None
    return folder if folder and folder.is_dir() and not folder.is_symlink() else None


def writer(process: int) -> str:
    """Return how the names of all folders begin that a process of this machine writes aside."""
    return f".writing-{uuid.getnode():x}-{process}-"


def save(result: Result, store: Path) -> Path:
    """Save a result unless a better one is there; return ``store/<id>``. Raises OSError.

    A complete result is better than a partial one, and one of more steps than one of fewer. Once it
    is in place it stays so, whatever fails then. Safe for several processes at once.
    """
    store.mkdir(parents=True, exist_ok=True)
    folder = store / result.id
    kept = read(folder)
    if not _replaces(result, kept):
        return folder
    aside = Path(tempfile.mkdtemp(prefix=writer(os.getpid()), dir=store))
    try:
        made = aside / f"part-{uuid.uuid4().hex[:12]}"
        write_files(result, made, kept)
        with locked(store, result.id):
            kept = current(folder)
            if _replaces(result, kept):
                _put(made, folder, kept, whole=ending(result) != "stopped")
    finally:
        remove(aside)
    return folder


def _replaces(result: Result, kept: Saved | None) -> bool:
    if kept is None:
        return True
    new, old = ((one.complete, one.steps, bool(one.diverged)) for one in (result, kept))
    return not kept.complete and new >= old


def _put(made: Path, folder: Path, kept: Saved | None, whole: bool) -> None:
    """Put a result's files in place. The lock is held. Raises OSError if they are not.

    Args:
        kept: the result there. whole: it won't go on, so its files lie in ``folder`` itself, unless
            those of ``kept`` lie there: these stay until result.json says otherwise.
    """
    if not folder.exists():
        (made if whole else made.parent).rename(folder)
        with suppress(OSError):
            sync(folder.parent)
        return
    plain = whole and kept is not None and kept.folder != folder
    tidy(folder)
    try:
        if plain:
            for file in made.iterdir():
                if file.name != "result.json":
                    file.replace(folder / file.name)
        else:
            made.rename(folder / made.name)
        sync(folder)
        named = made if plain else made.parent
        (named / "result.json").replace(folder / "result.json")
    except OSError:
        tidy(folder)
        raise
    with suppress(OSError):
        sync(folder)
        tidy(folder)


def strays(folder: Path, kept: Saved | None) -> list[Path]:
    """Return what nobody reads of a result's folder: files of results before ``kept``, or of none.

    Nothing where no whole result lies there. Raises OSError.
    """
    if kept is None:
        return []
    ours = (".png", ".npz", ".svg")  # what else lies there, somebody else put there
    return [
        path
        for path in folder.iterdir()
        if path != kept.folder
        and (_PART.fullmatch(path.name) or (kept.folder != folder and path.suffix in ours))
    ]


def tidy(folder: Path) -> None:
    """Remove what nobody reads of a result's folder, as far as it can be. The lock is held."""
    with suppress(OSError):
        for path in strays(folder, current(folder)):
            remove(path)
