"""Shapes of pictures, width to height, and sizes: as people write both."""

from __future__ import annotations

import math
import re

from otgen.recipe.prompts import InputError, number, shorten

# What a page offers; other ratios can be written.
SHAPES: dict[str, float] = {
    "1:1": 1.0,
    "4:3": 4 / 3,
    "16:9": 16 / 9,
    "3:4": 3 / 4,
    "9:16": 9 / 16,
}
_WORDS = {"square": 1.0, "landscape": 4 / 3, "wide": 16 / 9, "portrait": 3 / 4, "tall": 9 / 16}
_RATIO = re.compile(r"([\d.,]+)\s*[:：/x×]\s*([\d.,]+)", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,9})\s*[x×*]\s*(\d{1,9})", re.IGNORECASE)
_MOST = 4.0  # the ratio of a painter's sides, the longest to the shortest, is this at least
_NEAR = 0.07  # of a logarithm: how far a painter's nearest size may be from a shape


def title(shape: str) -> str:
    """Return a shape in words: "landscape 4:3"."""
    word = "square" if SHAPES[shape] == 1 else "landscape" if SHAPES[shape] > 1 else "portrait"
    return f"{word} {shape}"


def aspect(given: object) -> float:
    """Read a shape, width to height: "16:9", "portrait" or 1.5. Raises InputError."""
    word = str(given).strip().lower()
    found = _RATIO.fullmatch(word)
    width, height = map(number, found.groups()) if found else (_WORDS.get(word, number(word)), 1.0)
    if not (height > 0 and 1 / _MOST <= width / height <= _MOST):
        raise InputError(
            f"The aspect ratio is {shorten(given, 20)}; it is {', '.join(_WORDS)}, or width to "
            f"height such as 3:2, from 1:{_MOST:g} to {_MOST:g}:1: try 16:9."
        )
    return width / height


def size(given: object) -> tuple[int, int]:
    """Read a size: "512x384" is (512, 384), width and height in pixels. Raises InputError."""
    found = _SIZE.fullmatch(str(given).strip())
    if not found:
        raise InputError(
            f"The size is {shorten(given, 20)}; it is width x height in pixels: try 512x384."
        )
    return int(found[1]), int(found[2])


def shape_of(width: float, height: float) -> str:
    """Return the shape that a size has or is nearest to, "" where there is none near it."""
    if not (width > 0 and height > 0):
        return ""
    apart = {name: abs(math.log(width / height / ratio)) for name, ratio in SHAPES.items()}
    nearest = min(apart, key=apart.__getitem__)
    return nearest if apart[nearest] <= _NEAR else ""
