"""Render scenes of the mini world: a place, up to three objects, a style."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from otgen.training.mini.backgrounds import PAINTERS, Rng
from otgen.training.mini.styles import FILTERS
from otgen.world.mini.words import OBJECTS, SIZE

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"  # Debian: fonts-noto-color-emoji
_GLYPH = 109  # the one bitmap size that the font holds, pixels
_COUNTS = (0.12, 0.42, 0.34, 0.12)  # how often a scene has 0, 1, 2, 3 objects
_PHOTOS = 0.58  # how often a scene has no style filter
_FACES_LEFT = frozenset(
    "🐈🐠🚗⛵🍕🦋"
)  # may be mirrored; a mirrored house reads the same, but so it does unmirrored


class Placed(NamedTuple):
    """One object of a scene: index into OBJECTS, and its box in pixels."""

    index: int
    left: float
    top: float
    right: float
    bottom: float


class Scene(NamedTuple):
    """What a picture shows. ``background`` and ``style`` are indices into their tables."""

    objects: tuple[Placed, ...]
    background: int
    style: int


@cache
def _glyph(character: str) -> Image.Image:
    """Return one emoji, trimmed to its ink, RGBA."""
    canvas = Image.new("RGBA", (_GLYPH * 2,) * 2)
    font = ImageFont.truetype(FONT, _GLYPH)
    ImageDraw.Draw(canvas).text((30, 30), character, font=font, embedded_color=True)
    return canvas.crop(canvas.getbbox())


def _overlap(a: Placed, b: Placed) -> float:
    """Return the shared area as a part of the smaller box."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    areas = [(p.right - p.left) * (p.bottom - p.top) for p in (a, b)]
    return max(width, 0) * max(height, 0) / min(areas)


def _place(rng: Rng, index: int, aspect: float, count: int, others: list[Placed]) -> Placed | None:
    """Find a place that hides no other object, or None after ten tries."""
    for _ in range(10):
        side = SIZE * rng.uniform(0.42, 0.8) * (1.0, 0.78, 0.62)[count - 1]
        width, height = side * min(1, aspect), side * min(1, 1 / aspect)
        left = rng.uniform(-0.04, 1.04) * (SIZE - width)
        top = rng.beta(2.4, 1.3) * (SIZE - height)  # most things stand low in the picture
        placed = Placed(index, left, top, left + width, top + height)
        if all(_overlap(placed, other) < 0.15 for other in others):
            return placed
    return None


def _paste(canvas: Image.Image, rng: Rng, placed: Placed, character: str) -> None:
    glyph = _glyph(character)
    if character in _FACES_LEFT and rng.random() < 0.5:
        glyph = glyph.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    size = (round(placed.right - placed.left), round(placed.bottom - placed.top))
    glyph = glyph.resize(size, Image.Resampling.LANCZOS)
    alpha = glyph.getchannel("A")
    glyph = ImageEnhance.Color(glyph).enhance(rng.uniform(0.8, 1.2))
    glyph = ImageEnhance.Brightness(glyph).enhance(rng.uniform(0.85, 1.1))
    glyph.putalpha(alpha)
    glyph = glyph.rotate(rng.normal(0, 5), Image.Resampling.BICUBIC)
    canvas.alpha_composite(
        glyph.convert("RGBA"),
        (max(round(placed.left), 0), max(round(placed.top), 0)),
        (max(-round(placed.left), 0), max(-round(placed.top), 0)),
    )


def render(seed: int) -> tuple[np.ndarray, Scene]:
    """Draw the scene of a seed: picture [SIZE, SIZE, 3] uint8, and what it shows."""
    rng = np.random.default_rng(seed)
    background = int(rng.integers(len(PAINTERS)))
    plain = rng.random() < _PHOTOS
    style = 0 if plain else int(rng.integers(1, len(FILTERS)))
    picture = np.clip(list(PAINTERS.values())[background](rng), 0, 1)
    canvas = Image.fromarray((picture * 255).astype(np.uint8)).convert("RGBA")
    count = int(rng.choice(len(_COUNTS), p=_COUNTS))
    objects: list[Placed] = []
    for index in rng.choice(len(OBJECTS), count, replace=False):
        characters = list(OBJECTS.values())[index]
        character = characters[int(rng.integers(len(characters)))]
        width, height = _glyph(character).size
        placed = _place(rng, int(index), width / height, count, objects)
        if placed is not None:
            _paste(canvas, rng, placed, character)
            objects.append(placed)
    picture = np.asarray(canvas.convert("RGB"), np.float32) / 255
    picture = list(FILTERS.values())[style](picture, rng)
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8), Scene(
        tuple(objects), background, style
    )
