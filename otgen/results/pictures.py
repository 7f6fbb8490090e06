"""Pictures as people have them, read to 8-bit sRGB."""

from __future__ import annotations

import io
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms, ImageOps

from otgen.recipe.prompts import InputError, shorten

MOST_PIXELS = 100_000_000
_FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"]
_SIDE = 2048  # pixels that a JPEG of too many is decoded to, at least: it can be, at little cost
_ONE = threading.Lock()  # a picture of the most pixels takes a gigabyte while it is read
_SRGB = ImageCms.createProfile("sRGB")


def read(source: Path | BinaryIO | Image.Image) -> Image.Image:
    """Read a picture, of an animation the first frame, as it is meant to be seen.

    Its orientation and colour profile are applied, what is transparent is white, and 16 bits become
    8. Raises InputError.
    """
    named = f" {shorten(source, 200)}" if isinstance(source, Path) else ""
    try:
        with _ONE, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of many pixels, and of odd metadata
            if isinstance(source, Image.Image):
                return _seen(source)
            with Image.open(source, formats=_formats()) as opened:
                return _seen(opened)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"There is no file{named}: check its name.") from None
    except Image.DecompressionBombError:
        raise _too_many("far more") from None
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, OverflowError) as wrong:
        if "truncated" in str(wrong):
            raise InputError(
                f"The picture{named} is cut off, as if its download had stopped: fetch it again."
            ) from None
        raise InputError(
            f"The file{named} is no picture that can be read: take a PNG, JPEG or WebP."
        ) from None


def _formats() -> list[str]:
    """Return the formats that are read. HEIF's reader is loaded with the first picture."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    return _FORMATS


def _too_many(pixels: str) -> InputError:
    return InputError(
        f"The picture has {pixels} pixels; at most {MOST_PIXELS / 1e6:.0f} million are read: make "
        "it smaller."
    )


def _seen(opened: Image.Image) -> Image.Image:
    if opened.width * opened.height > MOST_PIXELS:
        opened.draft(None, (_SIDE, _SIDE))  # a JPEG is decoded smaller, others stay
    if opened.width * opened.height > MOST_PIXELS:
        raise _too_many(f"{opened.width} x {opened.height}")
    return _rgb(_fewer(_upright(opened)))


def _upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF data say; data that can't be read say nothing."""
    picture.load()
    with suppress(Exception):  # PIL's parser raises whatever broken bytes lead it to
        ImageOps.exif_transpose(picture, in_place=True)
    return picture


def _fewer(picture: Image.Image) -> Image.Image:
    """Average the pixels of a picture that is far larger than any that is painted from.

    Its colours are read after that, in several copies.
    """
    factor = max(picture.size) // _SIDE
    if factor < 2:
        return picture
    if picture.mode in ("P", "PA", "1"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if picture.mode.startswith("I;"):
        picture = picture.convert("I")
    return picture.reduce(factor)


def _rgb(picture: Image.Image) -> Image.Image:
    """Return a picture in sRGB, on white where it is transparent."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith(("I", "F")):
        picture = _eight_bits(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        opacity = picture.getchannel("A")
        white = Image.new("RGB", picture.size, "white")
        white.paste(_srgb(picture.convert("RGB"), profile), mask=opacity)
        return white
    if picture.mode in ("P", "1"):
        picture = picture.convert("RGB")
    return _srgb(picture, profile)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return greys of 16 or 32 bits as those of 8, which PIL would cut off at 255."""
    values = np.asarray(picture, dtype=np.float32)
    most = 65535 if picture.mode.startswith("I") else float(np.nanmax(values, initial=1.0))
    shades = np.nan_to_num(values * (255 / most)).clip(0, 255).round().astype(np.uint8)
    return Image.fromarray(shades)


def _srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert colours from a profile to sRGB; one that can't be used is left out."""
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB")
    return picture.convert("RGB")
