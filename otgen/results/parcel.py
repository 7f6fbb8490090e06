"""A result as one file, by which it moves from one store to another with all it needs to go on."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from otgen.results.result import Saved
from otgen.results.saving import adopt

_NAME = re.compile(r"[\w-][\w.-]*", re.ASCII)  # of a file in a result's folder


def packed(saved: Saved) -> bytes:
    """Return a result's files as a zip. Raises OSError where it is gone."""
    parcel = io.BytesIO()
    with zipfile.ZipFile(parcel, "w") as archive:  # what is in it is compressed
        for file in sorted(saved.folder.iterdir()):
            if file.is_file() and _NAME.fullmatch(file.name):
                archive.writestr(file.name, file.read_bytes())
    return parcel.getvalue()


def unpack(parcel: bytes, store: Path) -> Path:
    """Save a packed result unless a better one is there; return ``store/<id>``.

    Raises OSError, and ValueError where it is no whole result.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(parcel)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        files = {}
    if not files or not all(map(_NAME.fullmatch, files)):
        raise ValueError("it is no packed result")
    return adopt(files, store)
