"""The places of a storybook that are land and sea under an open sky.

Each painter takes a random generator and a size in pixels, and returns a picture [h, w, 3],
float32 in [0, 1]. The same seed is the same picture at every resolution.
"""

from __future__ import annotations

import numpy as np

from otgen.painters.storybook.places.parts import (
    PERIOD,
    WHITE,
    Canvas,
    Rng,
    clouds,
    colour,
    fir,
    jagged,
    mix,
    palette,
    peaks,
    rolling,
    stars,
)


def sunset(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    horizon = rng.uniform(0.6, 0.72)
    top, high, low, gold, near = palette(
        rng,
        "#4b2a6b #c2497a #f5804e #ffd071 #3a1d4d",
        "#3d3a7c #b65a8c #ff8f66 #ffdd8a #2f2350",
        "#6b2c5e #e0533f #fb9a3c #ffe08a #45162f",
    )
    canvas.sky(top, high, low, gold, until=horizon)
    u, v, radius = rng.uniform(0.25, 0.75), horizon - rng.uniform(0, 0.1), rng.uniform(0.13, 0.18)
    for ring, strength in ((2.6, 0.16), (1.9, 0.2), (1.4, 0.28)):
        canvas.disc(u, v, ring * radius, gold, strength)
    canvas.disc(u, v, radius, colour("#fff3c4"))
    for _ in range(6):
        canvas.streak(
            rng.random(),
            rng.uniform(0.12, horizon - 0.06),
            rng.uniform(0.14, 0.36),
            rng.uniform(0.01, 0.022),
            mix(high, gold, rng.uniform(0.2, 0.8)),
            0.85,
        )
    for layer in range(3):
        line = rolling(canvas, rng, horizon + 0.02 + 0.12 * layer, 0.05, 1)
        canvas.hill(line, mix(mix(high, near, 0.5), near, layer / 2), near, span=0.35)
    return canvas.finished(rng)


def night(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    top, low, far, near = palette(
        rng,
        "#0a1238 #2a3f86 #16265a #070d26",
        "#0c1030 #3a3a80 #1f2258 #0a0a24",
        "#06183a #1f5080 #123258 #051124",
        jitter=0.012,
    )
    ground = rng.uniform(0.72, 0.82)
    canvas.sky(top, mix(top, low, 0.45), low, until=ground)
    stars(canvas, rng, 46, ground)
    u, v, radius = rng.uniform(0.15, 0.85), rng.uniform(0.16, 0.32), rng.uniform(0.09, 0.13)
    moon = colour("#fff2b8")
    canvas.glow(u, v, 2.2 * radius, mix(low, moon, 0.4), 0.5)
    canvas.crescent(u, v, radius, moon, lean=-1.0 if rng.random() < 0.5 else 1.0)
    canvas.hill(rolling(canvas, rng, ground, 0.06), far)
    line = peaks(canvas, rng, ground + 0.12, (0.08, 0.14), (0.03, 0.05), 34, 3)
    line = np.minimum(line, rolling(canvas, rng, ground + 0.09, 0.03))
    canvas.hill(line, near, mix(near, far, 0.5), span=0.3)
    return canvas.finished(rng)


def ocean(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    horizon = rng.uniform(0.3, 0.42)
    sky, pale, far, near = palette(
        rng,
        "#7fc4ee #e6f5fb #58b7d4 #0d4f8c",
        "#9fd0e8 #fdf0dc #5fb9bd #14607f",
        "#6aa9e0 #dcebf8 #4a93cf #123a7a",
    )
    canvas.sky(sky, pale, until=horizon)
    clouds(canvas, rng, horizon - 0.04, WHITE, mix(pale, sky, 0.35))
    canvas.hill(np.full(width, horizon, np.float32), far)
    for layer in range(7):
        near_by = (layer + 1) / 7
        at = horizon + (1 - horizon) * near_by**1.5 * 0.93
        length, swing = 0.1 + 0.24 * near_by, 0.008 + 0.03 * near_by
        turn = (canvas.x + rng.random()) / length
        # A power of |sin| makes the pointed crests and the round troughs of drawn waves.
        swell = 1 - np.abs(np.sin(np.pi * turn)) ** 0.9
        line = at - swing * swell - 0.01 * np.sin(2 * np.pi * (canvas.x * 1.5 + rng.random()))
        line = line.astype(np.float32)
        paint = mix(far, near, near_by)
        canvas.hill(line, mix(paint, WHITE, 0.75))
        foam = (0.006 + 0.012 * near_by) * (0.35 + swell)
        canvas.hill(line + foam.astype(np.float32), mix(paint, far, 0.45), paint, span=0.1)
    return canvas.finished(rng)


def forest(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    sky, glow, far, near, moss = palette(
        rng,
        "#cfe6cf #f6f3cf #8fbf9a #0f3d2c #4b7a34",
        "#d8e8d8 #fff0c2 #a3bf86 #20401c #66802f",
        "#c4e0de #eaf6e4 #7fb5ab #0c3a3a #3f7350",
        jitter=0.012,
    )
    canvas.sky(sky, glow, until=0.6)
    light = rng.uniform(0.25, 0.75)
    canvas.glow(light, 0.3, 0.35, WHITE, 0.7)
    for layer in range(3):
        count, foot = 22 - 5 * layer, 0.64 + 0.1 * layer
        line = rolling(canvas, rng, foot, 0.03)
        paint = mix(far, near, layer / 2.4)
        # Undergrowth, so that no light shows between the trunks.
        canvas.hill(line - 0.1, mix(paint, near, 0.3), mix(paint, near, 0.6))
        for k in rng.permutation(count):
            x = (k + rng.uniform(0.1, 0.9)) * PERIOD / count
            tall = rng.uniform(0.3, 0.5) * (1 + 0.28 * layer)
            own = mix(paint, moss, rng.uniform(0, 0.4))
            if x < canvas.wide + 0.2:
                fir(canvas, x, foot + 0.03, tall, 0.27 * tall, own, mix(own, near, 0.55))
        canvas.hill(line, mix(paint, moss, 0.5), mix(paint, glow, 0.1), span=0.2)
    slant = (canvas.x[None] - light * canvas.wide) / (canvas.y[:, None] + 0.35)
    beams = sum(np.sin(slant * rng.uniform(6, 17) + rng.uniform(0, 6.3)) for _ in range(2))
    canvas.paint(0.16 * np.clip(2 * beams, 0, 1) * np.clip(1.2 - canvas.y, 0, 1)[:, None], glow)
    canvas.hill(rolling(canvas, rng, 0.83, 0.03), moss, mix(moss, near, 0.6), span=0.2)
    return canvas.finished(rng)


def desert(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    sky, pale, rock, sand, shade = palette(
        rng,
        "#6fb7dc #fde9c3 #c8744e #f0c078 #b9733f",
        "#8fc7d6 #fff0cf #b86a5a #f4cc8c #c58450",
        "#f2b48a #ffe6bd #a9573f #eaa65c #a85a34",
    )
    horizon = rng.uniform(0.5, 0.58)
    canvas.sky(sky, pale, until=horizon)
    u, v, radius = rng.uniform(0.15, 0.85), rng.uniform(0.14, 0.26), rng.uniform(0.07, 0.1)
    canvas.disc(u, v, 1.5 * radius, WHITE, 0.3)
    canvas.disc(u, v, radius, colour("#fffbe6"))
    for k in range(3):
        middle = (k + rng.uniform(0.2, 0.8)) / 3 * canvas.wide
        half, top = rng.uniform(0.04, 0.13), horizon - rng.uniform(0.05, 0.18)
        slope = np.clip((np.abs(canvas.x - middle) - half) / 0.06, 0, 1)
        # Steep cliffs above, scree below, and what is left lies hidden under the first dune.
        line = (top + (0.75 * slope**0.6 + 0.25 * slope**3) * (horizon + 0.1 - top)).astype(
            np.float32
        )
        haze = rng.uniform(0.15, 0.4)
        canvas.hill(line, mix(rock, pale, haze), mix(rock, pale, haze + 0.35), span=0.2)
        layers = np.clip(3 * np.sin(canvas.y * rng.uniform(110, 150)) - 1, 0, 1)[:, None]
        canvas.paint(0.2 * canvas.below(line) * layers, rock)
    for layer in range(4):
        at = horizon + 0.03 + 0.13 * layer
        cycles, phase = rng.uniform(0.7, 1.2), rng.random()
        wave = np.sin(2 * np.pi * (cycles * canvas.x + phase)).astype(np.float32)
        line = at + (0.03 + 0.012 * layer) * wave
        paint = mix(sand, shade, 0.14 * layer)
        canvas.hill(line, mix(paint, WHITE, 0.2), paint, span=0.25)
        # The lee of each dune: a second, steeper line that meets the crest and sinks away.
        fall = np.clip(np.cos(2 * np.pi * (cycles * canvas.x + phase) - 0.6), 0, 1) ** 1.5
        mask = canvas.below(line) * (1 - canvas.below(line + 0.13 * fall.astype(np.float32)))
        canvas.paint(0.55 * mask, mix(paint, shade, 0.8))
    return canvas.finished(rng)


def mountains(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    sky, pale, rock, foot = palette(
        rng,
        "#5b9fd8 #dcedf7 #5d6f92 #5d8a5f",
        "#8ab6dc #fbe6dc #74708f #6e8f78",
        "#4f86c6 #cfe3f3 #4c5f80 #e8eff6",
    )
    canvas.sky(sky, pale, until=0.6)
    clouds(canvas, rng, 0.3, WHITE, mix(pale, sky, 0.25), count=2)
    for layer in range(2):
        base, count = 0.8 + 0.06 * layer, 5 + layer
        broken = jagged(canvas, rng, 0, 0.012, 26)
        snowline = jagged(canvas, rng, 0.46 + 0.15 * layer, 0.05, 22)
        stone = mix(rock, pale, 0.35 - 0.3 * layer)
        for k in rng.permutation(count):
            x = (k + rng.uniform(0.1, 0.9)) * PERIOD / count
            tall, half = rng.uniform(0.4, 0.64) * (1 - 0.36 * layer), rng.uniform(0.32, 0.44)
            _peak(canvas, rng, x, base, tall, half, stone, broken, snowline)
    far = mix(foot, rock, 0.4)
    canvas.hill(rolling(canvas, rng, 0.78, 0.05), far, foot, span=0.2)
    line = peaks(canvas, rng, 0.88, (0.05, 0.09), (0.022, 0.036), 44, 3)
    canvas.hill(np.minimum(line, rolling(canvas, rng, 0.87, 0.03)), mix(foot, rock, 0.75))
    canvas.hill(rolling(canvas, rng, 0.9, 0.02), foot, mix(foot, rock, 0.3), span=0.2)
    return canvas.finished(rng)


def _peak(canvas: Canvas, rng: Rng, x, base, tall, half, stone, broken, snowline) -> None:
    """Paint one mountain, lit from the left, with snow above the line given."""
    phase = rng.uniform(0, 6.3)
    left, right = (int(np.clip((x + s * half) * canvas.unit, 0, canvas.width)) for s in (-1, 1))
    if right - left < 2:
        return
    top, foot = (
        int(np.clip(v * canvas.height, 0, canvas.height)) for v in (base - tall - 0.05, base)
    )
    where = (slice(top, foot), slice(left, right))
    line = base - tall + np.abs(canvas.x - np.float32(x)) / half * tall + broken
    mask = canvas.below(line, where)
    # The ridge that parts light from shade wanders down from the peak.
    down = canvas.y[top:foot] - np.float32(base - tall)
    crook = (0.3 * down * np.sin(down * 26 + phase) + 0.12 * down).astype(np.float32)
    light = canvas.edge(np.float32(x) + crook[:, None] - canvas.x[None, left:right])[..., None]
    canvas.paint(mask, np.clip(stone * (0.78 + 0.4 * light), 0, 1), where)
    shade = colour("#b3c5e4")
    snow = mask * (1 - canvas.below(snowline, where))
    canvas.paint(snow, shade + light * (WHITE - shade), where)


def meadow(rng: Rng, height: int, width: int) -> np.ndarray:
    canvas = Canvas(height, width)
    sky, pale, far, near = palette(
        rng,
        "#6fbcec #e8f6fb #a8d382 #4f9a3f",
        "#86c8e8 #fff6dc #c3d878 #6ba23a",
        "#7cb4ea #f0f0fa #93cf9a #3f8f55",
    )
    canvas.sky(sky, pale, until=0.55)
    clouds(canvas, rng, 0.34, WHITE, mix(pale, sky, 0.25))
    for layer in range(4):
        line = rolling(canvas, rng, 0.5 + 0.115 * layer, 0.075 - 0.008 * layer)
        paint = mix(far, near, layer / 3)
        canvas.hill(line, mix(paint, colour("#f4f3a0"), 0.4), mix(paint, near, 0.3), span=0.17)
    petals = palette(rng, "#ffffff #ffd34d #f26d8f #b78be8", "#fff4d0 #ff8a5c #ffffff #f7c6dd")
    for v in np.sort(rng.uniform(0.68, 1.0, 54)):
        size = 0.004 + 0.03 * (v - 0.62) ** 1.3
        u, petal = rng.random(), petals[int(rng.integers(4))]
        canvas.disc(u, v, size, petal, squash=0.8)
        canvas.disc(u, v, 0.35 * size, colour("#f2b632"))
    return canvas.finished(rng)
