"""Small pictures of a result, with its lanes side by side, for a list or a link preview."""

from __future__ import annotations

import io
import math
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw

from otgen.explain.palette import PALETTE
from otgen.recipe.lanes import slug
from otgen.results.result import Saved
from otgen.results.store import read

SIDE, SEAM = 192, 4  # pixels of a lane in a thumbnail of two, and between them
CARD = (1200, 630)  # pixels that previews of links are shown at
_EDGE, _GAP, _BAR = 40, 44, 20  # pixels on a card
_GROUND = (251, 250, 248)
_BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def thumbnail(saved: Saved) -> bytes | None:
    """Return a WebP of the lanes, SIDE pixels high; None if a picture can't be read."""
    try:
        return _thumbnail(saved.folder, saved.settings.lanes, saved.steps)
    except _BROKEN:  # not remembered: it may be there again
        return None


def card(saved: Saved) -> bytes | None:
    """Return a JPEG of the lanes with their bars; None if a picture can't be read."""
    try:
        return _card(saved.folder, saved.steps)
    except (*_BROKEN, KeyError, TypeError):
        return None


def _fitted(folder: Path, lane: str, side: int) -> Image.Image:
    with Image.open(folder / f"{slug(lane)}.png", formats=("PNG",)) as picture:
        whole = picture.convert("RGB")
    scale = side / max(whole.size)
    size = tuple(max(1, round(length * scale)) for length in whole.size)
    return whole.resize(size, Image.Resampling.LANCZOS)


def _places(
    many: int, width: int, height: int, gap: int = 0, below: int = 0
) -> tuple[int, list[tuple[int, int]]]:
    """Lay out squares in the middle of a rectangle; return their side and corners in pixels.

    Args:
        below: pixels below each square.
    """
    rows = 1 if many <= 2 else 2
    columns = math.ceil(many / rows)
    across, down = (width - (columns - 1) * gap) // columns, (height - (rows - 1) * gap) // rows
    side = min(across, down - below)
    left = (width - columns * side - (columns - 1) * gap) // 2
    top = (height - rows * (side + below) - (rows - 1) * gap) // 2
    corners = [
        (left + index % columns * (side + gap), top + index // columns * (side + below + gap))
        for index in range(many)
    ]
    return side, corners


def _put(sheet: Image.Image, picture: Image.Image, corner: tuple[int, int], side: int) -> None:
    left, top = corner
    sheet.paste(picture, (left + (side - picture.width) // 2, top + (side - picture.height) // 2))


@lru_cache(maxsize=512)  # about 10 kB each
def _thumbnail(folder: Path, lanes: tuple[str, ...], steps: int) -> bytes:
    """Draw a thumbnail. ``steps`` makes the cache distinguish a continued run."""
    sheet = Image.new("RGBA", (2 * SIDE + SEAM, SIDE))
    side, corners = _places(len(lanes), *sheet.size, SEAM)
    for lane, corner in zip(lanes, corners, strict=True):
        _put(sheet, _fitted(folder, lane, side), corner, side)
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=82, method=4)
    return buffer.getvalue()


@lru_cache(maxsize=16)  # about 100 kB each
def _card(folder: Path, steps: int) -> bytes:
    saved = read(folder)
    if saved is None:
        raise FileNotFoundError(folder)
    sheet = Image.new("RGB", CARD, _GROUND)
    room = [length - 2 * _EDGE for length in CARD]
    side, corners = _places(len(saved.settings.lanes), *room, _GAP, 2 * _BAR)
    for lane, (left, top) in zip(saved.settings.lanes, corners, strict=True):
        corner = left + _EDGE, top + _EDGE
        _put(sheet, _fitted(folder, lane, side), corner, side)
        _bar(sheet, saved.numbers[lane]["counts"], corner[0], corner[1] + side + _BAR, side)
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _bar(sheet: Image.Image, counts: list[int], left: int, top: int, width: int) -> None:
    """Draw how many cutouts are nearest to each prompt, in the prompts' colours."""
    draw, done, total = ImageDraw.Draw(sheet), 0, max(sum(counts), 1)
    for count, colour in zip(counts, PALETTE, strict=False):
        start, end = (left + round(width * part / total) for part in (done, done + count))
        if end > start:
            draw.rectangle((start, top, max(start, end - 3), top + _BAR - 1), fill=colour)
        done += count
