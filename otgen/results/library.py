"""The results of a store: list, search, pin, delete, and a limit to the room they take."""

from __future__ import annotations

import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from otgen.models.cache import put
from otgen.recipe.prompts import InputError, shorten
from otgen.recipe.rules import origin
from otgen.recipe.settings import Settings
from otgen.results import parents, uploads
from otgen.results.disk import locked, remove
from otgen.results.result import ID, Saved, uploaded
from otgen.results.saving import strays, tidy
from otgen.results.store import MOST, PINNED, folder_of, read

ROOM = "5 GB"  # that results may take, unless OTGEN_STORE_LIMIT says otherwise
_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_ASIDE = (".writing-", ".deleting-")  # folders being made or removed
_ABANDONED = 3600  # seconds after which a folder aside belongs to no process any more


_log = logging.getLogger(__name__)


class Entry(NamedTuple):
    """A result of the store. pinned: not deleted when the store is full."""

    saved: Saved
    pinned: bool


def room(text: str = ROOM, variable: str = "OTGEN_STORE_LIMIT") -> int:
    """Return the bytes that a text like "5GB", "500 MB" or "1000000" means. Raises InputError.

    Args:
        variable: where the text was given.
    """
    said = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,3})?)\s*([kmgt]?b?)\s*", text, re.ASCII | re.I)
    if said is None:
        raise InputError(
            f"{variable} is {shorten(text, 20)}; allowed are bytes or a number with kB, MB, GB or "
            f"TB: try {ROOM}."
        )
    return int(float(said[1]) * _UNITS[said[2].lower().rstrip("b")])


def listed() -> bool:
    """Tell whether any visitor may see the list: on a public Space only where its host says so."""
    return "SPACE_ID" not in os.environ or os.environ.get("OTGEN_GALLERY") == "1"


def _folders(store: Path) -> list[str]:
    """Return the ids of the results, newest first."""
    return [id for id, _ in _looked(store)]


def _looked(store: Path) -> list[tuple[str, tuple[int, int]]]:
    """Return the id of each result, newest first, and its folder's times, of contents and of all.

    What is deleted meanwhile is left out.
    """
    folders = []
    try:
        with os.scandir(store) as rows:
            for row in rows:
                if ID.fullmatch(row.name) and row.is_dir(follow_symlinks=False):
                    with suppress(FileNotFoundError):
                        about = row.stat()
                        times = about.st_mtime_ns, about.st_ctime_ns
                        folders.append((about.st_mtime_ns, row.name, times))
    except OSError:
        return []
    return [(id, times) for _, id, times in sorted(folders, reverse=True)]


@lru_cache(maxsize=1000)
def _broken(store: str, id: str) -> None:
    """Log once that a folder is skipped."""
    _log.warning("%s holds no whole result and is passed over", id)


def entries(store: Path, words: str = "", most: int = 60, skip: int = 0) -> list[Entry]:
    """Return the newest results whose prompts hold all the words; broken ones are passed over.

    Args:
        skip: how many of them to pass over first.
    """
    wanted, results = words.casefold().split(), []
    for id in _folders(store):
        saved = read(store / id)
        if saved is None:
            _broken(str(store), id)
            continue
        text = " ".join(prompt.text for prompt in saved.settings.prompts).casefold()
        if all(word in text for word in wanted):
            results.append(saved)
        if len(results) >= skip + most:
            break
    return [Entry(saved, (store / saved.id / PINNED).exists()) for saved in results[skip:]]


def pin(store: Path, id: str, on: bool) -> bool:
    """Pin or unpin a result; return whether there is one of this id. Raises OSError."""
    folder = folder_of(store, id)
    if folder is None:
        return False
    with _unchanged(folder):
        if on:
            (folder / PINNED).touch()
        else:
            (folder / PINNED).unlink(missing_ok=True)
    return True


@contextmanager
def _unchanged(folder: Path) -> Iterator[None]:
    """Keep the time of a result's folder while something in it changes."""
    made = folder.stat()
    yield
    os.utime(folder, ns=(made.st_atime_ns, made.st_mtime_ns))


def delete(store: Path, id: str) -> bool:
    """Delete a result; return whether there was one of this id. Raises OSError.

    Whoever reads meanwhile sees all of it or none.
    """
    if folder_of(store, id) is None:
        return False
    saved = read(store / id)
    aside = store / f".deleting-{id}-{uuid.uuid4().hex}"
    try:
        with locked(store, id):
            (store / id).rename(aside)
    except FileNotFoundError:
        return False
    remove(aside)
    for name, _ in uploaded(saved.settings) if saved else ():
        uploads.forget(name)
    return True


def bring(
    store: Path, settings: Settings, find: Callable[[str], Saved | None] | None = None
) -> set[str]:
    """Fetch the uploads that a run needs; return the names of those that are nowhere.

    A picture is here, or a result of the store has it; so is the state of a result to go on from,
    which the result itself may have too.

    Args:
        find: returns the result of an id, by default one of the store.
    """
    missing = {name for name, _ in uploaded(settings) if not uploads.renew(name)}
    if settings.parent and (name := origin(settings.parent).name) in missing:
        id = origin(settings.parent).id
        result = find(id) if find else read(store / id)
        with suppress(OSError):
            if result and parents.name_of(result) == name and parents.keep(result):
                missing.discard(name)
    for id in _folders(store) if missing else ():
        if not missing:
            break
        saved = read(store / id)
        for name, file in uploaded(saved.settings) if saved else ():
            if name in missing:
                with suppress(OSError):
                    put(uploads.file(name), (saved.folder / file).read_bytes())
                    missing.discard(name)
    return missing


@lru_cache(maxsize=MOST)
def _size(store: str, id: str, times: tuple[int, int]) -> int:
    """Return the bytes of a folder that has these times: files that come or go change one."""
    total = 0
    for file in Path(store, id).rglob("*"):
        try:
            total += file.lstat().st_size
        except OSError:
            continue
    return total


def prune(store: Path, limit: int, keep: str = "") -> list[str]:
    """Delete the oldest unpinned results until all take at most ``limit`` bytes; return their ids.

    Pictures that were uploaded for runs to come take room as well.

    Args:
        keep: the id of a result that stays in any case: the one just written, which a clock set
            back would make the oldest.
    """
    sizes = {id: _size(str(store), id, times) for id, times in _looked(store)}
    total, gone = sum(sizes.values()) + uploads.size(), []
    for id in reversed(sizes):
        if total <= limit:
            break
        if id == keep or (store / id / PINNED).exists():
            continue
        try:
            deleted = delete(store, id)
        except OSError:  # not this server's to delete
            continue
        if deleted:
            gone.append(id)
            total -= sizes[id]
    return gone


def sweep(store: Path, only: str | None = None, dead: str | None = None) -> None:
    """Remove what a process that was killed left behind, and uploads that nobody needs any more.

    What may still be in use stays.

    Args:
        only: the id of the one result that is looked at; None for all of them, which takes as long
            as reading them does. dead: how the names begin of what a process wrote aside that is
            known to have ended, as ``saving.writer`` says.
    """
    gone = () if dead is None else dead
    try:
        left = [Path(row.path) for row in os.scandir(store) if row.name.startswith(_ASIDE)]
    except OSError:
        return
    for folder in left:
        with suppress(OSError):
            old = time.time() - folder.stat().st_mtime > _ABANDONED
            if old or folder.name.startswith(gone):
                remove(folder)
    for id in _folders(store) if only is None else [only]:
        saved = read(store / id)
        with suppress(OSError):  # not this server's to tidy, or being written
            if strays(store / id, saved):
                with locked(store, id, patience=0), _unchanged(store / id):
                    tidy(store / id)
        for name, file in uploaded(saved.settings) if saved else ():
            with suppress(OSError):  # as results were at first: without a copy of their own
                if not (saved.folder / file).exists():
                    picture = uploads.file(name).read_bytes()
                    with locked(store, id, patience=0), _unchanged(store / id):
                        put(saved.folder / file, picture)
    uploads.tidy()
