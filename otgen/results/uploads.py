"""Uploaded pictures, to start from or as prompts, named by their content, for a while.

A result keeps its own copy, which goes with it. What lies here is for runs to come: of forms and of
the queue. So are the states of results that runs go on from (``parents``), by id and step.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from otgen.models.cache import cache_folder, put
from otgen.recipe.prompts import InputError, Prompt, pictured, signed
from otgen.results import pictures

ROOM = 200_000_000  # bytes of all pictures here: 60 or more
_SIDE = 1024  # pixels; a kept picture's longer side at most
_LASTING = 86_400  # seconds that a picture stays after it was uploaded or a run asked for it
_IN_USE = 3600  # seconds in which a run may need it, though the last result that has it is deleted


def folder() -> Path:
    """Return the folder of the pictures."""
    return cache_folder() / "starts"


def file(name: str) -> Path:
    """Return the path of a stored picture, or of a result's state."""
    return folder() / (f"{name}.npz" if "@" in name else f"{name}.png")


def renew(name: str) -> bool:
    """Keep a picture for another day; return whether it is here."""
    with suppress(OSError):  # another account's may be read, no more
        os.utime(file(name))
    return file(name).exists()


def missing(name: str) -> InputError:
    """Return what to raise where a picture or a state is not here."""
    if "@" in name:
        id, _, step = name.partition("@")
        return InputError(
            f"The result {id} is not here as it was at step {step}: it was removed, went on, or "
            "was made elsewhere; go on from another one, or leave it out."
        )
    return InputError(
        f"The uploaded picture {name} is not on this machine: upload it again, or leave it out."
    )


def forget(name: str) -> None:
    """Remove a picture whose result is deleted, unless a run that was just asked for needs it."""
    with suppress(OSError):
        if time.time() - file(name).stat().st_mtime > _IN_USE:
            file(name).unlink()


def size() -> int:
    """Return the bytes of all pictures."""
    return sum(size for _, size, _ in _all())


def _all() -> list[tuple[float, int, Path]]:
    """Return the time, bytes and path of each picture, the newest first."""
    files = []
    with suppress(OSError):
        for path in folder().iterdir():
            with suppress(OSError):
                about = path.stat()
                files.append((about.st_mtime, about.st_size, path))
    return sorted(files, reverse=True)


def tidy() -> None:
    """Remove the pictures that nobody asked for lately, and the oldest where they are too many."""
    total, now = 0, time.time()
    for made, size, path in _all():
        total += size
        if now - made > _LASTING or total > ROOM:
            with suppress(OSError):
                path.unlink()


def keep(source: Path | BinaryIO | Image.Image) -> str:
    """Store a picture, a file or one that is open; return its name, 12 hex digits.

    Raises InputError.
    """
    picture = pictures.read(source)
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    name = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()[:12]
    if not renew(name):
        png = io.BytesIO()
        picture.save(png, "PNG")
        put(file(name), png.getvalue())
        tidy()
    return name


def prompt(
    source: Path | BinaryIO | Image.Image, weight: object = 1.0, place: object = ""
) -> Prompt:
    """Keep a picture; return the prompt, or with a weight below 0 the negative one, that it is.

    Raises InputError.
    """
    return signed(pictured(keep(source)), weight, place)


def taken(row: object) -> object:
    """Keep the picture of a prompt that is one, and return the prompt; others stay as they are.

    row: a path, an open picture, or {"image": either, or a path's text, "weight", "place"}. Raises
        InputError.
    """
    if isinstance(row, Path | Image.Image):
        return prompt(row)
    if not isinstance(row, Mapping) or "image" not in row:
        return row
    image = row["image"]
    source = image if isinstance(image, Image.Image) else Path(str(image)).expanduser()
    return prompt(source, row.get("weight", 1.0), row.get("place", ""))


def read(name: str, height: int, width: int) -> np.ndarray:
    """Return the middle of a stored picture, [height, width, 3] in [0, 1]. Raises InputError."""
    fitted = ImageOps.fit(_stored(name), (width, height), Image.Resampling.LANCZOS)
    return np.asarray(fitted, dtype=np.float32) / 255


def whole(name: str) -> np.ndarray:
    """Return a stored picture, [h, w, 3] in [0, 1]. Raises InputError."""
    return np.asarray(_stored(name), dtype=np.float32) / 255


def _stored(name: str) -> Image.Image:
    try:
        with Image.open(file(name), formats=("PNG",)) as kept:
            return kept.convert("RGB")
    except OSError:
        raise missing(name) from None
