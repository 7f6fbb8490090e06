"""Locks, and files that are on the disk once they are written (``fsync``)."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

LOCKS = ".locks"  # the store's folder of locks
_PATIENCE = 60  # seconds that a lock is waited for; it is held for milliseconds
_LOOK = 0.01  # seconds between two looks at a lock
# What file systems answer that have no such thing as a folder's fsync.
_NOTHING_TO_SYNC = (errno.EINVAL, errno.ENOTSUP)


@contextmanager
def locked(store: Path, id: str, patience: float = _PATIENCE) -> Iterator[None]:
    """Let one process and thread at a time change a result. Raises OSError.

    The kernel holds the lock for the process and lets it go when the process dies. Sixteen files,
    one for each first digit of an id, serve all results. They are never removed: where another
    machine holds the store too, a file that is removed could be locked twice.
    """
    folder = store / LOCKS
    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / id[0], timeout=patience, poll_interval=_LOOK)
    try:
        lock.acquire()
    except Timeout:
        said = "another process is changing it and does not end"
        raise TimeoutError(errno.ETIMEDOUT, said, lock.lock_file) from None
    try:
        yield
    finally:
        lock.release()


def write(file: Path, data: bytes) -> None:
    """Write a new file; the disk has it when this returns. Raises OSError."""
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(opened, left) :]
        os.fsync(opened)
    finally:
        os.close(opened)


def sync(folder: Path) -> None:
    """Sync the names in a folder to the disk, as far as its file system can. Raises OSError."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as wrong:
        if wrong.errno not in _NOTHING_TO_SYNC:
            raise
    finally:
        os.close(opened)


def remove(path: Path) -> None:
    """Remove a file or a folder as far as it can be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()
