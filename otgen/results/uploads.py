"""Uploaded pictures to start from, under names derived from their content, for a while.

A result keeps its own copy, which goes with it. What lies here is for runs to come: of forms and of
the queue.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from otgen.models.cache import cache_folder, put
from otgen.recipe.prompts import InputError, shorten

MOST_PIXELS = 40_000_000
ROOM = 200_000_000  # bytes of all pictures here: 60 or more
_SIDE = 1024  # pixels; a kept picture's longer side at most
_LASTING = 86_400  # seconds that a picture stays after it was uploaded or a run asked for it
_IN_USE = 3600  # seconds in which a run may need it, though the last result that has it is deleted


def folder() -> Path:
    """Return the folder of the pictures."""
    return cache_folder() / "starts"


def file(name: str) -> Path:
    """Return the path of a stored picture."""
    return folder() / f"{name}.png"


def renew(name: str) -> bool:
    """Let a picture stay as if it were uploaded now; return whether it is here."""
    try:
        os.utime(file(name))
    except OSError:
        return False
    return True


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
    found = []
    with suppress(OSError):
        for path in folder().iterdir():
            with suppress(OSError):
                about = path.stat()
                found.append((about.st_mtime, about.st_size, path))
    return sorted(found, reverse=True)


def tidy() -> None:
    """Remove the pictures that nobody asked for lately, and the oldest where they are too many."""
    total, now = 0, time.time()
    for made, size, path in _all():
        total += size
        if now - made > _LASTING or total > ROOM:
            with suppress(OSError):
                path.unlink()


def keep(given: Path | BinaryIO) -> str:
    """Store a picture and return its name, 12 hex digits. Raises InputError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(given, formats=("PNG", "JPEG", "WEBP")) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise InputError(
                        f"The picture has {opened.width} x {opened.height} pixels; at most "
                        f"{MOST_PIXELS / 1e6:.0f} million are read: make it smaller."
                    )
                picture = _rgb(ImageOps.exif_transpose(opened))
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"There is no file {shorten(given, 200)}: check its name.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InputError(
            "The file is no picture that can be read: take a PNG, JPEG or WebP."
        ) from None
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    name = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()[:12]
    if not renew(name):
        png = io.BytesIO()
        picture.save(png, "PNG")
        put(file(name), png.getvalue())
        tidy()
    return name


def _rgb(picture: Image.Image) -> Image.Image:
    """Return a picture in RGB; one of 16 bits keeps its greys, which PIL would cut off at 255."""
    if picture.mode.startswith("I"):
        grey = np.asarray(picture, dtype=np.float32) * (255 / 65535)
        picture = Image.fromarray(grey.clip(0, 255).round().astype(np.uint8))
    return picture.convert("RGB")


def read(name: str, height: int, width: int) -> np.ndarray:
    """Return the middle of a stored picture, [height, width, 3] in [0, 1]. Raises InputError."""
    try:
        with Image.open(file(name), formats=("PNG",)) as kept:
            picture = ImageOps.fit(kept.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    except OSError:
        raise InputError(
            f"The picture to start from ({name}) is not on this machine: upload it again, or leave "
            "it out."
        ) from None
    return np.asarray(picture, dtype=np.float32) / 255
