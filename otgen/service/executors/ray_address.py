"""An fsspec address by which results come from the workers of a Ray cluster to the page's store.

It is for clusters whose machines share no folder. Workers only write there, and the page only reads
and removes: one file a run, ``<page>/<id>.zip``, replaced with each checkpoint. What the page has
of a run is sent to its worker with the order.
"""

from __future__ import annotations

import errno
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from otgen.recipe.prompts import InputError, shorten
from otgen.results.parcel import packed, unpack
from otgen.results.result import Saved

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

VARIABLE = "OTGEN_RAY_STORE"
_log = logging.getLogger(__name__)


class Unreached(OSError):
    """An address can't be read or written; ``strerror`` names it and says why."""


def configured() -> str | None:
    """Return the address that OTGEN_RAY_STORE gives, None where it is not set. Raises InputError.

    A path is one of each machine: relative to this folder, not to where a worker happens to run.
    """
    said = os.environ.get(VARIABLE)
    if not said:
        return None
    address = said if "://" in said else Path(said).absolute().as_uri()
    try:
        _opened(address)
    except Exception as wrong:  # an unknown scheme, a package that is missing, bad credentials
        raise InputError(
            f"{VARIABLE} is {shorten(said, 100)}, which can't be opened ({_why(wrong)}); allowed "
            "is what the package fsspec can open: try s3://bucket/folder with s3fs installed on "
            "every machine, or a folder that all of them share."
        ) from None
    return address


def part_of(address: str, store: Path) -> str:
    """Return the part of an address that belongs to the pages on a store: no other one reads it."""
    page = sha256(f"{uuid.getnode():x} {store.resolve()}".encode()).hexdigest()[:12]
    return f"{address.rstrip('/')}/{page}"


def leave(folder: str, name: str, data: bytes) -> None:
    """Write a file, or replace it at a single moment. Raises Unreached."""
    with _said(folder):
        files, path = _opened(folder)
        files.makedirs(path, exist_ok=True)
        aside = f"{path}/{name}.{uuid.uuid4().hex}"
        try:
            files.pipe_file(aside, data)
            files.mv(aside, f"{path}/{name}")
        except BaseException:
            with suppress(Exception):
                files.rm_file(aside)
            raise


def leave_result(folder: str, saved: Saved) -> None:
    """Write a result's file, or replace it. Raises OSError."""
    leave(folder, f"{saved.id}.zip", packed(saved))


def bring(folder: str, id: str, store: Path) -> None:
    """Save the result that lies there, if any, in a store, unless it has a better one.

    Raises Unreached, and OSError where the store can't be written to.
    """
    if parcel := fetch(folder, f"{id}.zip"):
        try:
            unpack(parcel, store)
        except ValueError as wrong:  # half a file, where the power went: it is painted again
            _log.warning("%s/%s.zip is passed over: %s", folder, id, wrong)


def fetch(folder: str, name: str) -> bytes | None:
    """Read a file; None where there is none. Raises Unreached."""
    with _said(folder):
        files, path = _opened(folder)
        try:
            return files.cat_file(f"{path}/{name}")
        except FileNotFoundError:
            return None


def forget(folder: str, name: str) -> None:
    """Remove a file, if it is there and can be."""
    with suppress(Exception):
        files, path = _opened(folder)
        files.rm_file(f"{path}/{name}")


def _opened(address: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system of an address, and the path there."""
    from fsspec.core import url_to_fs

    files, path = url_to_fs(address)
    return files, path.rstrip("/")


def _why(wrong: Exception) -> str:
    said = str(wrong).strip().split("\n")[0].rstrip(".")
    return said[:200] or type(wrong).__name__


@contextmanager
def _said(folder: str) -> Iterator[None]:
    """Let whatever a file system raises be an Unreached that names the address."""
    try:
        yield
    except Exception as wrong:
        raise Unreached(errno.EIO, f"{folder}: {_why(wrong)}") from wrong
