"""The one place of a storybook that is indoors: a wall with a window, a floor and a rug."""

from __future__ import annotations

import numpy as np

from otgen.painters.storybook.places.parts import WHITE, Canvas, Rng, mix, palette, rolling


def room(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    wall, pattern, trim, wood, rug, accent = palette(
        rng,
        "#f3dcc0 #e6bf9b #fff8ec #b9804e #c2504a #f4d9a8",
        "#bfd8d2 #9cc2ba #fbf7ee #a8744a #3f6f8f #f0e2c0",
        "#f2c9c4 #e3a7a3 #fff6f0 #8f6248 #6a5a8c #f0d8e0",
        "#d9d3a8 #bdb985 #fbf8e8 #9c6b3f #4f7a55 #f0e4b0",
    )
    floor = rng.uniform(0.68, 0.75)
    canvas.sky(wall)
    _wallpaper(canvas, rng, pattern)
    _window(canvas, rng, floor, trim, mix(rug, wall, 0.3))
    canvas.rectangle(0, floor - 0.045, canvas.wide, floor, trim)
    below = canvas.below(np.full(width, floor, np.float32))
    depth = (canvas.y[:, None] - floor) / (1 - floor)
    canvas.paint(below, mix(wood, WHITE, 0.15) - 0.1 * np.clip(depth, 0, 1)[..., None])
    # Boards run to a vanishing point above the skirting, so the floor lies flat.
    reach = np.clip(depth, 0, 1) + 0.7
    board = (canvas.x[None] - canvas.wide / 2) / reach * 7
    seam = 0.014 - np.abs((board % 1) - 0.5) / 7 * reach + 0 * depth
    canvas.paint(0.55 * below * canvas.edge(seam * 0.5), wood * np.float32(0.62))
    u = 0.5 + rng.uniform(-0.12, 0.12)
    v = floor + 0.56 * (1 - floor)
    for share, paint in ((1.0, rug), (0.86, accent), (0.78, rug), (0.45, accent), (0.38, rug)):
        canvas.disc(u, v, 0.36 * share, paint, squash=0.27)
    return canvas.finished(rng)


def _wallpaper(canvas: Canvas, rng: Rng, paint: np.ndarray) -> None:
    """Cover the wall with stripes, dots or lozenges."""
    kind, pitch = int(rng.integers(3)), rng.uniform(0.085, 0.11)
    a = np.pi * canvas.x[None] / pitch
    b = np.pi * canvas.y[:, None] * canvas.tall / pitch
    field = (np.sin(a) + 0 * b, np.sin(a) * np.sin(b) - 0.55, np.cos(a) + np.cos(b) - 0.9)[kind]
    canvas.paint(0.75 * canvas.edge((field * pitch / np.pi).astype(np.float32)), paint)


def _window(canvas: Canvas, rng: Rng, floor: float, trim: np.ndarray, curtain) -> None:
    """Hang a window with a view of sky and hills, and two curtains."""
    sky, pale, hill = palette(
        rng, "#86c5ea #eef8fb #8fc07a", "#f5a97a #ffe3b0 #9a7aa0", "#2a3a7a #6a78b8 #27406a"
    )
    half, top, bottom = 0.17, 0.13, floor - 0.2
    middle = rng.uniform(0.32, 0.68) * canvas.wide
    canvas.rectangle(middle - half - 0.025, top - 0.025, middle + half + 0.025, bottom + 0.03, trim)
    for k in range(24):
        low = top + (bottom - top) * k / 24
        canvas.rectangle(middle - half, low, middle + half, bottom, mix(sky, pale, k / 23))
    inside = np.abs(canvas.x - middle) < half
    view = np.where(inside, rolling(canvas, rng, bottom - 0.07, 0.03, 2), 2).astype(np.float32)
    canvas.paint(canvas.below(view) * (canvas.y < bottom)[:, None] * inside[None], hill)
    canvas.rectangle(middle - 0.009, top, middle + 0.009, bottom, trim)
    across = (top + bottom) / 2
    canvas.rectangle(middle - half, across - 0.009, middle + half, across + 0.009, trim)
    canvas.rectangle(middle - half - 0.05, bottom, middle + half + 0.05, bottom + 0.03, trim)
    # Each curtain hangs from its rod, is gathered two thirds down, and falls open again.
    drop = (canvas.y - top + 0.05) / (bottom - top + 0.11)
    gather = 0.045 + 0.065 * np.abs(np.clip(drop, 0, 1) - 0.66) ** 0.8
    hangs = np.clip(np.minimum(drop, 1 - drop) * canvas.height * 0.5 + 0.5, 0, 1)[:, None]
    for side in (-1, 1):
        away = side * (canvas.x - middle)[None] - (half + 0.035)
        mask = hangs * canvas.edge((gather[:, None] - np.abs(away)).astype(np.float32))
        folds = 0.88 + 0.12 * np.sin(away / gather[:, None] * 7)
        canvas.paint(mask, np.clip(curtain * folds[..., None], 0, 1).astype(np.float32))
    canvas.rectangle(
        middle - half - 0.12,
        top - 0.065,
        middle + half + 0.12,
        top - 0.045,
        curtain * np.float32(0.55),
    )
