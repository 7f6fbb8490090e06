"""Uploaded pictures to start from, stored under names derived from their content."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from otgen.models.cache import cache_folder
from otgen.recipe.prompts import InputError, shorten

MOST_PIXELS = 40_000_000
_SIDE = 1024  # pixels; a kept picture's longer side at most


def file(name: str) -> Path:
    """Return the path of a stored picture."""
    return cache_folder() / "starts" / f"{name}.png"


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
    kept = file(name)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(f".{os.getpid()}")
        picture.save(aside, "PNG")
        aside.replace(kept)
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
