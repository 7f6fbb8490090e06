"""What the places of the storybook are painted with: a canvas, skylines, clouds and grain.

Positions are fractions of the picture (u across, v down); sizes are in shorter sides, so that a
disc stays round in a wide picture. Random numbers never depend on the size in pixels: the same
seed is the same picture at every resolution.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageColor

Rng = np.random.Generator
# How far skylines reach, in shorter sides, before they repeat.
PERIOD = 2.0
ALL = (slice(None), slice(None))


def colour(code: str) -> np.ndarray:
    """Return the colour [3] in [0, 1] of a code such as "#ffcc00"."""
    return np.array(ImageColor.getrgb(code), np.float32) / 255


WHITE = colour("#ffffff")


def palette(rng: Rng, *choices: str, jitter: float = 0.025) -> list[np.ndarray]:
    """Draw one of the palettes ("#aabbcc #ddeeff ...") and shift it a little as a whole."""
    shift = rng.normal(0, jitter, 3).astype(np.float32)
    codes = choices[int(rng.integers(len(choices)))].split()
    return [np.clip(colour(code) + shift, 0, 1) for code in codes]


def mix(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    return a + np.float32(t) * (b - a)


class Canvas:
    """A picture [h, w, 3] in the making, float32 in [0, 1], and the coordinates of its pixels.

    ``x`` [w] is in shorter sides, from 0 to ``wide``; ``y`` [h] is in [0, 1] at any height.
    """

    def __init__(self, height: int, width: int):
        self.height, self.width, self.unit = height, width, min(height, width)
        self.wide, self.tall = width / self.unit, height / self.unit
        self.x = ((np.arange(width) + 0.5) / self.unit).astype(np.float32)
        self.y = ((np.arange(height) + 0.5) / height).astype(np.float32)
        self.picture = np.zeros((height, width, 3), np.float32)

    def paint(self, mask: np.ndarray, paint: np.ndarray, where=ALL) -> None:
        """Blend a colour [3] or a picture [h, w, 3] in by a mask [h, w], in a box of the canvas."""
        box = self.picture[where]
        box += mask[..., None] * (paint - box)

    def sky(self, *stops: np.ndarray, until: float = 1.0) -> None:
        """Fill with a vertical gradient through the colours, from the top to the height given."""
        at = np.linspace(0, until, len(stops))
        column = np.stack([np.interp(self.y, at, [s[c] for s in stops]) for c in range(3)], -1)
        self.picture[:] = column[:, None]

    def edge(self, distance: np.ndarray) -> np.ndarray:
        """Return the antialiased mask of where a signed distance in shorter sides is positive."""
        return np.clip(distance * np.float32(self.unit) + 0.5, 0, 1)

    def box(self, u: float, v: float, across: float, down: float | None = None):
        """Return the slices of the box around a point, and its dx [1, n], dy [m, 1] from there."""
        down = across if down is None else down
        margin = 1.5 / self.unit
        x, y = u * self.wide, v * self.tall
        columns = slice(*(int(np.clip((x + s * (across + margin)) * self.unit, 0, self.width))
                          for s in (-1, 1)))  # fmt: skip
        rows = slice(*(int(np.clip((y + s * (down + margin)) * self.unit, 0, self.height))
                       for s in (-1, 1)))  # fmt: skip
        dx = self.x[columns][None] - np.float32(x)
        dy = self.y[rows][:, None] * np.float32(self.tall) - np.float32(y)
        return (rows, columns), dx, dy

    def disc(self, u, v, radius, paint, opacity=1.0, squash=1.0) -> None:
        """Paint a disc, or an ellipse ``squash`` times as high as it is wide."""
        where, dx, dy = self.box(u, v, radius, radius * squash)
        # Scaling by the smaller axis keeps the rim of a flat ellipse one pixel soft.
        distance = (radius - np.hypot(dx, dy / squash)) * min(1.0, squash)
        self.paint(opacity * self.edge(distance), paint, where)

    def crescent(self, u: float, v: float, radius: float, paint: np.ndarray, lean: float) -> None:
        where, dx, dy = self.box(u, v, radius)
        bite = np.hypot(dx - lean * 0.5 * radius, dy + 0.25 * radius)
        mask = self.edge(radius - np.hypot(dx, dy)) * self.edge(bite - 0.9 * radius)
        self.paint(mask, paint, where)

    def glow(self, u: float, v: float, radius: float, paint: np.ndarray, strength: float) -> None:
        """Blend a soft round light in: ``strength`` at its centre, almost nothing at 2 radii."""
        where, dx, dy = self.box(u, v, 2.2 * radius)
        fade = np.exp(-(dx**2) / radius**2) * np.exp(-(dy**2) / radius**2)
        self.paint(strength * np.clip(fade - 0.01, 0, 1), paint, where)

    def capsule(self, u, v, dx1: float, dy1: float, radius: float, paint: np.ndarray) -> None:
        """Paint a stroke with round ends from a point to another (dx1, dy1) away from it."""
        where, dx, dy = self.box(u, v, abs(dx1) + radius, abs(dy1) + radius)
        along = np.clip((dx * dx1 + dy * dy1) / (dx1**2 + dy1**2), 0, 1)
        self.paint(self.edge(radius - np.hypot(dx - along * dx1, dy - along * dy1)), paint, where)

    def rectangle(self, left, top, right, bottom, paint, opacity: float = 1.0) -> None:
        """Paint an antialiased rectangle; left and right in shorter sides, top and bottom in y."""
        spans = []
        for low, high, count, scale in (
            (top, bottom, self.height, self.height),
            (left, right, self.width, self.unit),
        ):
            first, last = max(int(low * scale), 0), min(int(np.ceil(high * scale)), count)
            if last <= first:
                return
            at = np.arange(first, last)
            cover = np.minimum(at + 1, high * scale) - np.maximum(at, low * scale)
            spans.append((slice(first, last), np.clip(cover, 0, 1).astype(np.float32)))
        (rows, down), (columns, across) = spans
        self.paint(opacity * down[:, None] * across[None], paint, (rows, columns))

    def below(self, line: np.ndarray, where=ALL) -> np.ndarray:
        """Return the antialiased mask of what lies below a skyline [w] in y, in a box."""
        pixels = (line[where[1]] * self.height).astype(np.float32)
        # A steep stretch is as soft across its edge as a level one.
        slope = np.hypot(1, np.gradient(pixels)) if len(pixels) > 1 else np.float32(1)
        depth = self.y[where[0], None] * np.float32(self.height) - pixels[None]
        return np.clip(depth / slope.astype(np.float32) + 0.5, 0, 1)

    def hill(self, line, top: np.ndarray, bottom: np.ndarray | None = None, span=0.3) -> None:
        """Paint what lies below a skyline, from one colour at its rim to another ``span`` below."""
        first = int(np.clip((line.min() - 0.02) * self.height - 1, 0, self.height))
        where = (slice(first, None), slice(None))
        depth = np.clip((self.y[first:, None] - line[None]) / span, 0, 1).astype(np.float32)
        paint = top if bottom is None else top + depth[..., None] * (bottom - top)
        self.paint(self.below(line, where), paint, where)

    def noise(self, rng: Rng, rows: int, columns: int) -> np.ndarray:
        """Return value noise [h, w] in [0, 1] with about ``rows x columns`` bumps."""
        grid = Image.fromarray(rng.random((rows, columns), dtype=np.float32))
        field = grid.resize((self.width, self.height), Image.Resampling.BICUBIC)
        return np.clip(np.asarray(field), 0, 1)

    def cloud(self, rng: Rng, u: float, v: float, size: float, paint, shade) -> None:
        """Paint a heaped cloud with a flat foot, ``size`` wide, shaded towards the foot."""
        count = 5
        at = np.linspace(-0.36, 0.36, count) + rng.uniform(-0.05, 0.05, count)
        radii = np.array([0.11, 0.17, 0.22, 0.18, 0.12]) * rng.uniform(0.85, 1.2, count)
        where, dx, dy = self.box(u, v, 0.65 * size, 0.45 * size)
        distance = np.full(np.broadcast_shapes(dx.shape, dy.shape), -1, np.float32)
        for centre, radius in zip(at * size, radii * size, strict=True):
            lift = -0.8 * radius
            distance = np.maximum(distance, radius - np.hypot(dx - centre, dy - lift))
        mask = self.edge(np.minimum(distance, -dy))
        height = np.clip(-dy / (0.3 * size), 0, 1)[..., None]
        self.paint(mask, shade + height * (paint - shade), where)

    def streak(self, u: float, v: float, length: float, thick: float, paint, opacity=1.0) -> None:
        """Paint a long lens, as clouds lie at dusk and light lies on water."""
        where, dx, dy = self.box(u, v, length, thick)
        half = thick * np.clip(1 - (dx / length) ** 2, 0, 1)
        self.paint(opacity * self.edge(half - np.abs(dy)) * (half > 0), paint, where)

    def finished(self, rng: Rng, strength: float = 0.06) -> np.ndarray:
        """Return the picture with the uneven wash and the dry brush of gouache, in [0, 1]."""
        wash = self.noise(rng, 5, 5) + 0.5 * self.noise(rng, 40, 14) - 0.75
        return np.clip(self.picture * (1 + strength * wash[..., None]), 0, 1)


def rolling(canvas: Canvas, rng: Rng, height: float, swing: float, waves: int = 1) -> np.ndarray:
    """Return a smooth skyline [w] in y of a few waves per shorter side."""
    line = np.full(canvas.width, height, np.float32)
    for octave, share in enumerate((0.6, 0.3, 0.1)):
        cycles = int(rng.integers(waves, waves + 2)) * 2**octave / PERIOD
        line += swing * share * np.sin(2 * np.pi * (cycles * canvas.x + rng.random()))
    return line


def jagged(canvas: Canvas, rng: Rng, height: float, swing: float, knots: int) -> np.ndarray:
    """Return a broken skyline [w] in y with ``knots`` corners per period."""
    line = np.full(canvas.width, height, np.float32)
    for octave in range(2):
        count = knots * 2**octave
        values = rng.uniform(-1, 1, count) * swing / 2**octave
        at = np.arange(count) * PERIOD / count
        line += np.interp(canvas.x, at, values, period=PERIOD)
    return line


def peaks(canvas: Canvas, rng: Rng, base: float, tall, wide, count: int, tiers: int):
    """Return a skyline [w] of firs whose sides step out ``tiers`` times, far enough to be a line.

    ``tall`` and ``wide`` are (low, high), in y and in shorter sides; ``count`` is per period.
    """
    line = np.full(canvas.width, base, np.float32)
    for centre in (np.arange(count) + rng.uniform(0.15, 0.85, count)) * PERIOD / count:
        height, half = rng.uniform(*tall), rng.uniform(*wide)
        away = (canvas.x - centre + PERIOD / 2) % PERIOD - PERIOD / 2
        down = np.abs(away) / half
        tier = np.floor(down * tiers)
        down = (tier + (down * tiers - tier) ** 0.55) / tiers
        line = np.minimum(line, (base - height + down * height).astype(np.float32))
    return line


def fir(canvas: Canvas, x: float, foot: float, tall: float, half: float, paint, shade) -> None:
    """Paint a fir: ``x``, ``tall`` and ``half`` its width in shorter sides, its foot in y.

    The right side is in the shade, and the branches fade to it too.
    """
    trunk = 0.12 * half
    canvas.rectangle(x - trunk, foot - 0.1 * tall, x + trunk, foot + 0.04, shade)
    where, dx, dy = canvas.box(x / canvas.wide, foot - 0.52 * tall / canvas.tall, half, 0.48 * tall)
    tiers = 5
    down = np.clip(dy / (0.96 * tall) + 0.5, 0, 1)
    step = down * tiers % 1
    # Each tier widens to its rim and draws in again within an eighth of its height.
    flare = np.minimum(step / 0.88, (1 - step) / 0.12)
    reach = half * (0.16 + 0.84 * down) * (0.42 + 0.58 * flare) * np.minimum(1, 5 * down)
    mask = canvas.edge((reach - np.abs(dx)).astype(np.float32)) * (down < 1) * (down > 0)
    side = canvas.edge(dx - 0.12 * half * (1 - step))
    canvas.paint(mask, paint + (0.6 * side)[..., None] * (shade - paint), where)


def clouds(canvas: Canvas, rng: Rng, until: float, paint, shade, count: int = 3) -> None:
    for k in range(count):
        u = (k + rng.uniform(0.1, 0.9)) / count
        canvas.cloud(rng, u, rng.uniform(0.12, until), rng.uniform(0.2, 0.42), paint, shade)


def stars(canvas: Canvas, rng: Rng, count: int, until: float) -> None:
    """Scatter small round stars, and one in eight with four rays."""
    for k in range(count):
        u, v, size = rng.random(), rng.random() * until, rng.uniform(0.003, 0.0075)
        paint = mix(colour("#fff6d8"), colour("#cfdcff"), rng.random())
        canvas.disc(u, v, size, paint)
        if k % 8 == 0:
            canvas.glow(u, v, 4 * size, paint, 0.5)
            canvas.streak(u, v, 4 * size, 0.6 * size, paint)
            canvas.disc(u, v, 0.6 * size, paint, squash=6.0)
