"""The eight places of the mini world, painted with numpy from noise, ridges and gradients.

Each painter takes a random generator and returns a picture [SIZE, SIZE, 3], float32 in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from otgen.world.mini.words import SIZE

Rng = np.random.Generator
_Y, _X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE


def smooth_noise(rng: Rng, rows: int, columns: int) -> np.ndarray:
    """Return value noise [SIZE, SIZE] in [0, 1] with about ``rows x columns`` bumps."""
    grid = rng.random((rows + 1, columns + 1), dtype=np.float32)
    field = Image.fromarray(grid).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(field), 0, 1)


def _colour(rng: Rng, red: float, green: float, blue: float, jitter: float = 0.05) -> np.ndarray:
    return np.clip(np.array([red, green, blue]) + rng.normal(0, jitter, 3), 0, 1).astype(np.float32)


def _gradient(*stops: np.ndarray) -> np.ndarray:
    """Return a vertical gradient through the colours, top to bottom, [SIZE, SIZE, 3]."""
    at = np.linspace(0, 1, len(stops))
    columns = [np.interp(_Y[:, 0], at, [stop[c] for stop in stops]) for c in range(3)]
    return np.repeat(np.stack(columns, -1)[:, None], SIZE, 1).astype(np.float32)


def _blend(picture: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return picture + mask[..., None] * (colour - picture)


def _below(line: np.ndarray) -> np.ndarray:
    """Return the antialiased mask of what lies below a line [SIZE], given as y in [0, 1]."""
    return np.clip((_Y - line[None]) * SIZE + 0.5, 0, 1)


def _ridge(rng: Rng, height: float, amplitude: float, roughness: int, octaves: int = 3):
    """Return a fractal skyline [SIZE]: y in [0, 1] per column."""
    line = np.full(SIZE, height, np.float32)
    for octave in range(octaves):
        knots = roughness * 2**octave + 1
        values = rng.uniform(-1, 1, knots) * amplitude / 2**octave
        line += np.interp(np.linspace(0, knots - 1, SIZE), np.arange(knots), values)
    return line


def _disc(x: float, y: float, radius: float) -> np.ndarray:
    return np.clip((radius - np.hypot(_X - x, _Y - y)) * SIZE + 0.5, 0, 1)


def _clouds(rng: Rng, picture: np.ndarray, colour: np.ndarray, until: float, strength: float):
    """Blend horizontal cloud bands in above the height ``until``."""
    field = smooth_noise(rng, int(rng.integers(6, 10)), int(rng.integers(2, 4)))
    mask = np.clip((field - 0.55) * 4, 0, 1) * np.clip((until - _Y) * 6, 0, 1)
    return _blend(picture, mask * strength, colour)


def sunset(rng: Rng) -> np.ndarray:
    horizon = rng.uniform(0.55, 0.8)
    top, middle = _colour(rng, 0.32, 0.16, 0.45), _colour(rng, 0.95, 0.42, 0.32)
    low = _colour(rng, 1.0, 0.78, 0.35)
    picture = _gradient(top, middle, low, low)
    picture = _clouds(rng, picture, _colour(rng, 0.98, 0.55, 0.55), horizon, 0.6)
    x, y, radius = (
        rng.uniform(0.15, 0.85),
        horizon - rng.uniform(-0.03, 0.18),
        rng.uniform(0.09, 0.16),
    )
    glow = np.exp(-((np.hypot(_X - x, _Y - y) / (2.2 * radius)) ** 2))
    picture = _blend(picture, 0.6 * glow, np.array([1, 0.9, 0.55], np.float32))
    picture = _blend(picture, _disc(x, y, radius), np.array([1, 0.93, 0.62], np.float32))
    ground = _colour(rng, 0.2, 0.1, 0.25)
    picture = _blend(picture, _below(_ridge(rng, horizon, 0.03, 3)), ground)
    return _blend(picture, np.clip((_Y - horizon - 0.05) * 3, 0, 0.5), _colour(rng, 0.5, 0.22, 0.3))


def night(rng: Rng) -> np.ndarray:
    picture = _gradient(_colour(rng, 0.03, 0.04, 0.16, 0.02), _colour(rng, 0.1, 0.12, 0.38, 0.03))
    haze = smooth_noise(rng, 4, 4)
    picture = _blend(picture, 0.35 * np.clip(haze - 0.45, 0, 1) * 2, _colour(rng, 0.35, 0.25, 0.6))
    for _ in range(int(rng.integers(18, 34))):
        x, y, radius = rng.random(), rng.random() * 0.8, rng.uniform(0.006, 0.015)
        picture = _blend(picture, _disc(x, y, radius), np.array([1, 0.97, 0.82], np.float32))
    if rng.random() < 0.7:
        x, y, radius = rng.uniform(0.12, 0.88), rng.uniform(0.1, 0.35), rng.uniform(0.07, 0.12)
        crescent = _disc(x, y, radius) * (1 - _disc(x + radius * 0.5, y - radius * 0.25, radius))
        picture = _blend(picture, crescent, np.array([1, 0.95, 0.7], np.float32))
    ground = _ridge(rng, rng.uniform(0.78, 0.9), 0.04, 3)
    return _blend(picture, _below(ground), _colour(rng, 0.04, 0.08, 0.14, 0.02))


def ocean(rng: Rng) -> np.ndarray:
    horizon = rng.uniform(0.3, 0.5)
    picture = _gradient(_colour(rng, 0.5, 0.76, 0.95), _colour(rng, 0.85, 0.94, 0.98, 0.03))
    picture = _clouds(rng, picture, np.ones(3, np.float32), horizon, 0.9)
    depth = np.clip((_Y - horizon) / (1 - horizon), 0, 1)
    near, far = _colour(rng, 0.02, 0.3, 0.55), _colour(rng, 0.12, 0.55, 0.75)
    sea = far + depth[..., None] * (near - far)
    phase = rng.uniform(0, 6.28)
    swell = 0.02 * np.sin(_X * rng.uniform(8, 14) + phase) + 0.01 * np.sin(_X * 23 + phase)
    waves = np.sin((np.sqrt(depth) * rng.uniform(36, 48)) + 60 * swell)
    sea = sea + 0.5 * np.clip(waves - 0.72, 0, 1)[..., None] * (0.4 + depth[..., None])
    mask = _below(np.full(SIZE, horizon, np.float32))[..., None]
    return picture + mask * (np.clip(sea, 0, 1) - picture)


def forest(rng: Rng) -> np.ndarray:
    picture = _gradient(_colour(rng, 0.72, 0.86, 0.75), _colour(rng, 0.85, 0.92, 0.75))
    for layer in range(3):
        near = layer / 2
        colour = (1 - near) * _colour(rng, 0.36, 0.58, 0.42, 0.03) + near * _colour(
            rng, 0.06, 0.24, 0.12, 0.02
        )
        base, count = 0.42 + 0.15 * layer, int(rng.integers(6, 10)) - layer
        line = np.full(SIZE, 1.0, np.float32)
        for centre in (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count:
            tall, wide = rng.uniform(0.22, 0.42), rng.uniform(0.09, 0.14)
            line = np.minimum(line, base - tall + np.abs(_X[0] - centre) / wide * tall)
        line = np.minimum(line, base + 0.03 * np.sin(_X[0] * 20 + rng.uniform(0, 6)))
        picture = _blend(picture, _below(line), colour)
    floor = _colour(rng, 0.16, 0.32, 0.12, 0.03)
    return _blend(picture, _below(_ridge(rng, 0.84, 0.02, 3)), floor)


def desert(rng: Rng) -> np.ndarray:
    picture = _gradient(_colour(rng, 0.45, 0.72, 0.92), _colour(rng, 0.98, 0.9, 0.72))
    if rng.random() < 0.5:
        picture = _blend(
            picture,
            _disc(rng.uniform(0.15, 0.85), rng.uniform(0.1, 0.25), 0.07),
            np.ones(3, np.float32),
        )
    for layer in range(3):
        height, shade = 0.48 + 0.17 * layer, 1 - 0.1 * layer
        phase, bend = rng.uniform(0, 6.28), rng.uniform(3, 6)
        line = height + 0.07 * np.sin(_X[0] * bend + phase)
        sand = _colour(rng, 0.93 * shade, 0.74 * shade, 0.44 * shade, 0.03)
        mask = _below(line.astype(np.float32))
        picture = _blend(picture, mask, sand)
        lee = (
            mask
            * np.clip(np.cos(_X * bend + phase), 0, 1)
            * np.clip(1 - (_Y - line[None]) * 5, 0, 1)
        )
        picture = _blend(picture, 0.45 * lee, sand * np.array([0.72, 0.6, 0.5], np.float32))
    return picture


def mountains(rng: Rng) -> np.ndarray:
    picture = _gradient(_colour(rng, 0.4, 0.62, 0.9), _colour(rng, 0.84, 0.91, 0.97, 0.03))
    picture = _clouds(rng, picture, np.ones(3, np.float32), 0.4, 0.6)
    for layer in range(2):
        line, base = np.full(SIZE, 1.0, np.float32), 0.72 + 0.14 * layer
        light = np.zeros(SIZE, np.float32)
        peaks = (np.arange(3) + rng.uniform(0.1, 0.9, 3)) / 3
        for centre in peaks:
            tall, wide = rng.uniform(0.35, 0.55) * (1 - 0.35 * layer), rng.uniform(0.24, 0.36)
            side = base - tall + np.abs(_X[0] - centre) / wide * tall
            light = np.where(side < line, (_X[0] < centre).astype(np.float32), light)
            line = np.minimum(line, side)
        jag = _ridge(rng, 0, 0.012, 12, 2)
        rock = _colour(rng, 0.36, 0.4, 0.52, 0.03) * (1 - 0.2 * layer)
        mask = _below(line + jag)
        shaded = rock * (0.72 + 0.4 * light[None, :, None])
        picture = picture + mask[..., None] * (shaded - picture)
        snow = _ridge(rng, 0.5 + 0.16 * layer, 0.07, 9, 2)
        cap = mask * (1 - _below(snow))
        white = (0.8 + 0.2 * light)[None, :, None] * np.array([0.97, 0.98, 1.0], np.float32)
        picture = picture + cap[..., None] * (white - picture)
    return _blend(picture, _below(_ridge(rng, 0.86, 0.03, 3)), _colour(rng, 0.93, 0.95, 0.98, 0.02))


def city(rng: Rng) -> np.ndarray:
    dusk = rng.random() < 0.5
    top = _colour(rng, 0.22, 0.22, 0.42) if dusk else _colour(rng, 0.6, 0.74, 0.86)
    picture = _gradient(
        top, _colour(rng, 0.85, 0.72, 0.7) if dusk else _colour(rng, 0.88, 0.9, 0.92)
    )
    for layer in range(2):
        x = -0.05
        while x < 1:
            width, tall = rng.uniform(0.11, 0.2), rng.uniform(0.3, 0.62) * (1 - 0.3 * layer)
            left, right, roof = int(x * SIZE), int((x + width) * SIZE), int((0.88 - tall) * SIZE)
            wall = _colour(rng, 0.36, 0.38, 0.46, 0.05) * (1 - 0.35 * layer)
            lit = np.array([1, 0.86, 0.5] if dusk or layer else [0.75, 0.85, 0.92], np.float32)
            x0 = max(left, 0)
            picture[roof:, x0:right] = wall
            for row in range(roof + 4, SIZE - 14, 8):
                for column in range(left + 3, right - 4, 7):
                    if column >= 0 and rng.random() < 0.65:
                        picture[row : row + 4, column : column + 3] = lit
            x += width + rng.uniform(0, 0.03)
    road = _below(np.full(SIZE, 0.88, np.float32))
    return _blend(picture, road, _colour(rng, 0.25, 0.25, 0.28, 0.02))


def meadow(rng: Rng) -> np.ndarray:
    picture = _gradient(_colour(rng, 0.42, 0.7, 0.95), _colour(rng, 0.85, 0.94, 0.98, 0.03))
    picture = _clouds(rng, picture, np.ones(3, np.float32), 0.45, 0.9)
    for layer in range(3):
        green = _colour(rng, 0.5 - 0.08 * layer, 0.76 - 0.08 * layer, 0.32 - 0.05 * layer, 0.03)
        line = 0.46 + 0.15 * layer + 0.05 * np.sin(_X[0] * rng.uniform(3, 7) + rng.uniform(0, 6.28))
        picture = _blend(picture, _below(line.astype(np.float32)), green)
    petals = [(1, 1, 1), (1, 0.85, 0.3), (0.95, 0.45, 0.6), (0.75, 0.5, 0.9)]
    for _ in range(int(rng.integers(14, 26))):
        y = rng.uniform(0.66, 0.98)
        petal = np.array(petals[int(rng.integers(len(petals)))], np.float32)
        picture = _blend(picture, _disc(rng.random(), y, 0.012 + 0.012 * (y - 0.6) * 2.5), petal)
    return picture


PAINTERS: dict[str, Callable[[Rng], np.ndarray]] = {
    "sunset": sunset,
    "night": night,
    "ocean": ocean,
    "forest": forest,
    "desert": desert,
    "mountains": mountains,
    "city": city,
    "meadow": meadow,
}
