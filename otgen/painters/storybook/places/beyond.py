"""The places of a storybook that are built, or lie under water, over fire or out in space.

The painters are those of ``places_land``: a generator and a size in, a picture [h, w, 3] out.
"""

from __future__ import annotations

import numpy as np

from otgen.painters.storybook.places.parts import (
    WHITE,
    Canvas,
    Rng,
    colour,
    jagged,
    mix,
    palette,
    rolling,
    stars,
)


def city(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    sky, pale, wall, dark, lit, road, warm, cool = palette(
        rng,
        "#7cc0ea #fbf1dc #a9bccd #4c6488 #f3faff #666c7a #d98a6a #5f9aa0",
        "#3a3a6e #f5a98c #8a749c #37335c #ffdc86 #3a3848 #9a5878 #44568c",
        "#f2b48e #fff0d0 #cf9a88 #7a5464 #fff3c8 #70606a #b8604c #6a7a8c",
        "#1d2450 #6670aa #48508a #20264c #ffd97a #23263c #5a4080 #2c5080",
    )
    canvas.sky(sky, pale, until=0.8)
    for layer in range(3):
        left, paint = -rng.uniform(0, 0.1), mix(mix(wall, pale, 0.45), dark, layer / 2)
        while left < 2:
            span = rng.uniform(0.1, 0.19)
            top = 0.86 - rng.uniform(0.34, 0.7 - 0.05 * layer) * (1 - 0.26 * layer)
            own = mix(
                paint, warm if rng.random() < 0.5 else cool, rng.uniform(0, 0.25 + 0.2 * layer)
            )
            windows = rng.random((24, 5)) < 0.6
            crown, gap = rng.random(), rng.uniform(-0.005, 0.03)
            if left < canvas.wide:
                _tower(canvas, left, left + span, top, own, lit if layer else None, windows, crown)
            left += span + gap
    pavement = mix(road, pale, 0.35)
    canvas.rectangle(0, 0.86, canvas.wide, 0.9, pavement)
    canvas.rectangle(0, 0.9, canvas.wide, 1, road)
    for left in np.arange(0.05, canvas.wide, 0.22):
        canvas.rectangle(left, 0.942, left + 0.11, 0.956, mix(road, WHITE, 0.7))
    return canvas.finished(rng)


def _tower(canvas: Canvas, left, right, top, paint, lit, windows, crown: float) -> None:
    """Paint a tall building with a grid of windows, [rows, columns] of which are lit."""
    middle, half = (left + right) / 2, (right - left) / 2
    if crown < 0.3:
        canvas.rectangle(middle - 0.5 * half, top - 0.03, middle + 0.5 * half, top + 0.01, paint)
    elif crown < 0.5:
        canvas.rectangle(middle - 0.006, top - 0.08, middle + 0.006, top + 0.01, paint)
    canvas.rectangle(left, top, right, 0.87, paint)
    canvas.rectangle(middle, top, right, 0.87, paint * np.float32(0.86), 0.6)
    if lit is None:
        return
    columns = max(2, int((right - left) / 0.042))
    pitch = (right - left) / columns
    for row, v in enumerate(np.arange(top + 0.03, 0.82, 0.055)):
        for column in range(columns):
            if windows[row % 24, column % 5]:
                at = left + (column + 0.25) * pitch
                canvas.rectangle(at, v, at + 0.5 * pitch, v + 0.03, lit, 0.9)


def underwater(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    top, middle, deep, sand = palette(
        rng,
        "#7fe3dc #1f9dba #0a4a86 #e6d3a0",
        "#8ff0d0 #24a8a0 #0b5575 #dccf9c",
        "#86d8f0 #2a84cc #14347c #d6c8b0",
    )
    canvas.sky(top, middle, deep, until=0.95)
    across = (canvas.x[None] - rng.uniform(0.2, 0.8) * canvas.wide) / (canvas.y[:, None] + 0.6)
    rays = sum(np.sin(across * rng.uniform(7, 26) + rng.uniform(0, 6.3)) for _ in range(3))
    fade = np.clip(1 - 1.15 * canvas.y, 0, 1)[:, None]
    canvas.paint(0.42 * fade * np.clip(1.6 * rays, 0, 1), mix(top, WHITE, 0.6))
    for layer in range(2):
        line = rolling(canvas, rng, 0.74 + 0.08 * layer, 0.07)
        canvas.hill(line, mix(middle, deep, 0.5 + 0.4 * layer))
    floor = rolling(canvas, rng, 0.87, 0.025)
    corals = palette(rng, "#ff7f6b #f7a8b8 #b06bc0", "#ff9a4d #f26d8f #e8c35a")
    for k in range(5):
        u, size = (k + rng.uniform(0.2, 0.8)) / 5, rng.uniform(0.07, 0.13)
        paint = mix(corals[k % 3], deep, rng.uniform(0, 0.25))
        for lean in np.linspace(-0.8, 0.8, 5) + rng.uniform(-0.12, 0.12, 5):
            long = size * rng.uniform(0.7, 1.1)
            canvas.capsule(u, 0.9, long * np.sin(lean), -long * np.cos(lean), 0.014, paint)
    for _ in range(9):
        _weed(canvas, rng, mix(colour("#2f8f5a"), colour("#0c4a4a"), rng.random()))
    canvas.hill(floor, sand, mix(sand, middle, 0.45), span=0.14)
    for _ in range(14):
        u, v, size = rng.random(), rng.uniform(0.08, 0.8), rng.uniform(0.006, 0.02)
        canvas.disc(u, v, size, mix(top, WHITE, 0.7), 0.45)
        canvas.disc(u - 0.3 * size / canvas.wide, v - 0.3 * size / canvas.tall, 0.35 * size, WHITE)
    return canvas.finished(rng)


def _weed(canvas: Canvas, rng: Rng, paint: np.ndarray) -> None:
    """Paint a swaying blade that grows from the sea floor and tapers to its tip."""
    u, tall, phase, wide = (
        rng.random(),
        rng.uniform(0.2, 0.42),
        rng.random(),
        rng.uniform(0.01, 0.018),
    )
    where, dx, dy = canvas.box(u, 0.92 - tall / 2 / canvas.tall, 0.06, tall / 2)
    rise = np.clip(0.5 - dy / tall, 0, 1)
    sway = 0.035 * rise * np.sin(2 * np.pi * (1.6 * rise + phase))
    canvas.paint(
        canvas.edge(wide * (1 - rise) ** 0.6 - np.abs(dx - sway)) * (rise < 1), paint, where
    )


def volcano(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    top, low, rock, dark = palette(
        rng,
        "#3a1a2c #d2552f #4a3038 #1c1218",
        "#2a1830 #b8405a #40303f #17101c",
        "#54302a #f08a3c #4e382f #20140f",
    )
    lava, core = colour("#ff6a1f"), colour("#ffd95a")
    canvas.sky(top, mix(top, low, 0.5), low, until=0.8)
    u, mouth = rng.uniform(0.36, 0.64), rng.uniform(0.3, 0.38)
    canvas.glow(u, mouth, 0.3, lava, 0.8)
    drift = rng.uniform(-0.25, 0.25)
    for k in range(16):
        rise = 1 - k / 15
        at = u + (drift * rise + rng.uniform(-0.09, 0.09) * (0.4 + rise)) / canvas.wide
        smoke = mix(colour("#8a7478"), colour("#4a3c48"), rng.random())
        paint = mix(smoke, lava, 0.45 * (1 - rise) ** 2)
        canvas.disc(
            at, mouth - 0.02 - 0.36 * rise, 0.05 + 0.09 * rise * rng.uniform(0.7, 1.2), paint
        )
    away = canvas.x - u * canvas.wide
    line = mouth + 0.62 * (np.clip(np.abs(away) - 0.085, 0, None) / 0.52) ** 0.72
    bite = 0.02 * np.cos(away / 0.085 * np.pi / 2).clip(0) * (np.abs(away) < 0.085)
    line = (line + bite + jagged(canvas, rng, 0, 0.008, 30)).astype(np.float32)
    canvas.hill(rolling(canvas, rng, 0.74, 0.05), mix(rock, low, 0.45))
    canvas.hill(line, mix(rock, lava, 0.25), dark, span=0.5)
    side = canvas.below(line) * canvas.edge(away + 0.02)[None]
    canvas.paint(0.35 * side, dark)
    for k in (-1, 0, 1):
        # The middle stream runs down into the pool; the others die out on the slope.
        long = 0.6 if k == 0 else rng.uniform(0.26, 0.42)
        down = np.clip((canvas.y - mouth) / long, 0, 1)[:, None]
        sway = 0.16 * (down if k == 0 else 0.6 * down) * np.sin(7 * down + rng.uniform(0, 6.3))
        path = (
            0.055 * k + (0.2 * k + rng.uniform(-0.05, 0.05)) * down**0.8 * long / 0.4 + sway * 0.35
        )
        half = 0.018 + 0.03 * down if k == 0 else 0.022 * (1 - down) ** 0.5
        inside = (canvas.below(line) * (down < 1)).astype(np.float32)
        gap = np.abs(away[None] - path)
        for share, paint in ((1.0, lava), (0.5, core)):
            canvas.paint(inside * canvas.edge((share * half - gap).astype(np.float32)), paint)
    canvas.streak(u, mouth + 0.012, 0.08, 0.014, core)
    canvas.hill(jagged(canvas, rng, 0.84, 0.03, 14), lava, lava)
    canvas.hill(jagged(canvas, rng, 0.86, 0.025, 14), mix(dark, rock, 0.5), dark, span=0.15)
    return canvas.finished(rng)


def space(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    top, low, cloud, rose, ball, ring = palette(
        rng,
        "#07040f #1c0d34 #5a2a9a #d0489a #e8a45a #f4dcae",
        "#05060f #120f36 #2f4ab0 #8a4ad0 #d0605a #f0c0a0",
        "#08030c #260a30 #8a2a80 #f07a6a #5ab0a8 #d8f0d8",
        jitter=0.012,
    )
    canvas.sky(top, low, top)
    slant = canvas.x[None] / canvas.wide - 0.5 + rng.uniform(-1.2, 1.2) * (canvas.y[:, None] - 0.5)
    band = np.exp(-((slant + 0.3 * (canvas.noise(rng, 4, 4) - 0.5)) ** 2) / 0.05)
    veil = np.clip(canvas.noise(rng, 5, 5) + 0.4 * canvas.noise(rng, 11, 11) - 0.45, 0, 1)
    canvas.paint(0.9 * band * veil, cloud)
    canvas.paint(0.7 * band * np.clip(canvas.noise(rng, 6, 6) * 1.6 - 0.9, 0, 1), rose)
    stars(canvas, rng, 70, 1.0)
    left = rng.random() < 0.5
    u = rng.uniform(0.2, 0.34) if left else rng.uniform(0.66, 0.8)
    _planet(
        canvas,
        u,
        rng.uniform(0.22, 0.36),
        rng.uniform(0.12, 0.16),
        ball,
        ring,
        rng.uniform(-0.5, 0.5),
    )
    other = mix(cloud, colour("#bfe0ff"), rng.uniform(0.3, 0.6))
    v, size = rng.uniform(0.55, 0.8), rng.uniform(0.05, 0.08)
    _planet(canvas, 1 - u, v, size, other, None, 0.3)
    return canvas.finished(rng)


def _planet(canvas: Canvas, u, v, radius: float, paint, ring, tilt: float) -> None:
    """Paint a banded ball lit from the upper left, with a tilted ring where a colour is given."""
    where, dx, dy = canvas.box(u, v, 2.1 * radius)
    along = dx * np.cos(tilt) + dy * np.sin(tilt)
    across = dy * np.cos(tilt) - dx * np.sin(tilt)
    ball = canvas.edge(radius - np.hypot(dx, dy))
    bands = 0.5 + 0.5 * np.sin(across / radius * 9 + 0.6)
    surface = paint * (0.82 + 0.25 * bands[..., None])
    night_side = canvas.edge((np.hypot(dx + 0.35 * radius, dy + 0.35 * radius) - radius) * 1.0)
    surface = surface * (1 - 0.45 * night_side[..., None])
    canvas.paint(ball, np.clip(surface, 0, 1).astype(np.float32), where)
    if ring is None:
        return
    oval = np.hypot(along, across / 0.28)
    hoop = canvas.edge(0.28 * (0.33 * radius - np.abs(oval - 1.62 * radius)))
    gap = canvas.edge(0.28 * (0.03 * radius - np.abs(oval - 1.7 * radius)))
    # Behind the ball the ring is hidden; in front it covers the ball.
    seen = np.maximum(1 - ball, canvas.edge(across))
    canvas.paint(hoop * (1 - 0.7 * gap) * seen, ring, where)
