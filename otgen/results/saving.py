"""How a result is put on disk, or in the place of one that is there.

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

import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from otgen.results.disk import locked, remove, sync
from otgen.results.result import Result, Saved, ending
from otgen.results.store import PART, current, read
from otgen.results.writing import copy_files, write_files


def writer(process: int) -> str:
    """Return the prefix of all folders that a process of this machine writes aside."""
    return f".writing-{uuid.getnode():x}-{process}-"


def save(result: Result, store: Path) -> Path:
    """Save a result unless a better one is there; return ``store/<id>``. Raises OSError.

    A complete result is better than a partial one, and one of more steps than one of fewer. Once it
    is in place it stays so, whatever fails then. Safe for several processes at once.
    """
    folder = store / result.id
    kept = read(folder)
    if _replaces(result, kept):
        with _aside(store) as made:
            write_files(result, made, kept)
            _settle(result, made, store)
    return folder


def adopt(files: Mapping[str, bytes], store: Path) -> Path:
    """Save a result that comes as its files by name, as ``save`` does.

    Raises OSError, and ValueError where they are no whole result.
    """
    with _aside(store) as made:
        copy_files(files, made)
        result = current(made)
        if result is None:
            raise ValueError("the files are no whole result")
        _settle(result, made, store)
    return store / result.id


@contextmanager
def _aside(store: Path) -> Iterator[Path]:
    """Name a new folder for a result's files, in one that nobody reads, removed at the end."""
    store.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=writer(os.getpid()), dir=store))
    try:
        yield aside / f"part-{uuid.uuid4().hex[:12]}"
    finally:
        remove(aside)


def _settle(result: Result | Saved, made: Path, store: Path) -> None:
    """Put a result's files in place unless a better one is there by now. Raises OSError."""
    folder = store / result.id
    with locked(store, result.id):
        kept = current(folder)
        if _replaces(result, kept):
            _put(made, folder, kept, whole=ending(result) != "stopped")


def _replaces(result: Result | Saved, kept: Saved | None) -> bool:
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
        and (PART.fullmatch(path.name) or (kept.folder != folder and path.suffix in ours))
    ]


def tidy(folder: Path) -> None:
    """Remove what nobody reads of a result's folder, as far as it can be. The lock is held."""
    with suppress(OSError):
        for path in strays(folder, current(folder)):
            remove(path)
