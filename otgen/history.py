"""The results of a store: list, search, pin, delete, and a limit to the room they take."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from otgen.saved import ID, Saved, read

PINNED = "pinned"  # an empty file in a result's folder: it is never pruned
_ASIDE = (".writing-", ".deleting-")  # folders being made or removed
_ABANDONED = 3600  # seconds after which a folder aside belongs to no process any more


class Entry(NamedTuple):
    """A result of the store. pinned: kept whatever room it takes."""

    saved: Saved
    pinned: bool


def _folders(store: Path) -> list[Path]:
    """Return the folders of results, newest first; what goes away meanwhile is left out."""
    found = []
    try:
        with os.scandir(store) as rows:
            for row in rows:
                if ID.fullmatch(row.name) and row.is_dir(follow_symlinks=False):
                    found.append((row.stat().st_mtime_ns, row.name))
    except OSError:
        return []
    return [store / name for _, name in sorted(found, reverse=True)]


def entries(store: Path, words: str = "", most: int = 60) -> list[Entry]:
    """Return the newest results whose prompts hold all the words; broken ones are passed over."""
    wanted, found = words.casefold().split(), []
    for folder in _folders(store):
        saved = read(folder)
        if saved is None:
            continue
        text = " ".join(prompt.text for prompt in saved.settings.prompts).casefold()
        if all(word in text for word in wanted):
            found.append(Entry(saved, (folder / PINNED).exists()))
        if len(found) >= most:
            break
    return found


def _folder(store: Path, id: str) -> Path | None:
    folder = store / id if ID.fullmatch(id) else None
    return folder if folder and folder.is_dir() and not folder.is_symlink() else None


def pin(store: Path, id: str, on: bool) -> bool:
    """Pin a result, or let it go; return whether there is one of this id. Raises OSError."""
    folder = _folder(store, id)
    if folder is None:
        return False
    if on:
        (folder / PINNED).touch()
    else:
        (folder / PINNED).unlink(missing_ok=True)
    return True


def delete(store: Path, id: str) -> bool:
    """Delete a result; return whether there was one of this id. Raises OSError.

    It is renamed first: whoever reads meanwhile sees all of it or none.
    """
    folder = _folder(store, id)
    if folder is None:
        return False
    aside = store / f".deleting-{id}-{time.monotonic_ns()}"
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True


def _size(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.lstat().st_size
        except OSError:
            continue
    return total


def prune(store: Path, limit: int, keep: str = "") -> list[str]:
    """Delete the oldest unpinned results until all take at most ``limit`` bytes; return their ids.

    Args:
        keep: the id of a result that stays in any case: the one just written, which a clock set
            back would make the oldest.
    """
    folders = _folders(store)
    sizes = {folder: _size(folder) for folder in folders}
    total, gone = sum(sizes.values()), []
    for folder in reversed(folders):
        if total <= limit:
            break
        if folder.name == keep or (folder / PINNED).exists():
            continue
        if delete(store, folder.name):
            gone.append(folder.name)
            total -= sizes[folder]
    return gone


def sweep(store: Path) -> None:
    """Remove what a process that was killed left aside; what may still be in use stays."""
    if not store.is_dir():
        return
    for folder in store.iterdir():
        if folder.name.startswith(_ASIDE):
            try:
                abandoned = time.time() - folder.stat().st_mtime > _ABANDONED
            except OSError:
                continue
            if abandoned:
                shutil.rmtree(folder, ignore_errors=True)
