"""A finished storybook picture as SVG: its sprites as paths, before the place as a picture.

The decoder's layers compete for every point of a sprite by a softmax. So a sprite is a stack of
shapes: its outline in the largest layer's colours, then over it each other layer, as opaque as its
part of the softmax among those drawn so far. These shapes reach below the next, so that no gap
shows between neighbours whose edges are both antialiased. Where layers mix, a shape's edge is soft:
it is drawn in three steps, which coincide where the edge is sharp.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from contourpy import FillType, contour_generator
from torch import Tensor
from torch.nn import functional as F

from otgen.painters.storybook.compositor import tinted

SIDE = 384  # points of a side that outlines are traced at: four to a cell of the decoder's grid
FINE = 10  # units of a path to a point: outlines are whole numbers
# Of the layers' logits. In a run it is 2, whose edges look blurred when enlarged; with much more,
# what several layers make together falls apart into blotches.
SHARPNESS = 4.0
# Least log odds of a step, and its opacity: laid over each other they make 1/3, 2/3 and 1.
_STEPS = ((-math.log(5), 1 / 3), (0.0, 1 / 2), (math.log(5), 1.0))
_TOLERANCE = 0.15  # points that an outline may be off where corners are left out
_SMALLEST = 8  # points of a layer below which it is left out
_STOPS = 5  # colours of a gradient: tinted, it is no straight line
_FLAT = 2 / 255  # a gradient of less is one colour


def sprite(logits: Tensor, colours: Tensor, tint: Tensor, name: str) -> tuple[str, str]:
    """Return a sprite's gradients, for ``<defs>``, and its paths, on a square of SIDE * FINE.

    Args:
        logits: [LAYERS + 1, s, s] and colours: [LAYERS, 3, 3], as ``SpriteDecoder.maps``. tint: [1
            + COLOURS], as ``tinted``. name: that its gradients' ids begin with.
    """
    fine = F.interpolate(logits[None], (SIDE, SIDE), mode="bicubic")[0].numpy()
    layers, opacity = SHARPNESS * fine[:-1], fine[-1]
    area = np.bincount(layers.argmax(0)[opacity > 0], minlength=len(layers))
    order = [row for row in np.argsort(-area, kind="stable") if area[row] >= _SMALLEST]
    if not order:
        return "", ""
    layers = layers[order]
    wins = np.where(opacity > 0, layers.argmax(0), -1)
    gradients, paths = [], []
    for place, row in enumerate(order):
        y, x = np.nonzero(wins == place)
        at = (np.stack([x, y], 1) + 0.5) / SIDE * 2 - 1  # [points, 2]
        fill, gradient = _fill(colours[row].numpy(), at, tint, f"{name}-{place}")
        gradients.append(gradient)
        if not place:
            paths.append(f'<path fill="{fill}" d="{_path(opacity)}"/>')
            continue
        odds = layers[place] - np.logaddexp.reduce(layers[:place])
        for least, part in _STEPS:
            outline = _path(np.minimum(odds - least, opacity))
            paths.append(f'<path fill="{fill}" fill-opacity="{part:.3g}" d="{outline}"/>')
    return "".join(gradients), "".join(paths)


def _fill(colours: np.ndarray, at: np.ndarray, tint: Tensor, name: str) -> tuple[str, str]:
    """Return the paint of a layer that is seen at points [p, 2] of [-1, 1], and its gradient.

    Its three colours run across the sprite, each in a direction of its own; a gradient of SVG has
    one, along which they change most.
    """
    constant, slopes = colours[0] + 0.5, colours[1:]  # [3], [2, 3]
    middle = at.mean(0)
    spread = np.cov(at.T) if len(at) > 1 else np.zeros((2, 2))
    _, ways = np.linalg.eigh(slopes.T @ spread @ slopes)
    along = ways[:, -1]  # [3], the way that colours change
    direction = slopes @ along  # [2]
    steep = np.linalg.norm(direction)
    direction = direction / max(steep, 1e-12)
    far = (at - middle) @ direction
    reach = np.linspace(far.min(), far.max(), _STOPS)
    rgb = constant + middle @ slopes + np.outer(steep * reach, along)  # [STOPS, 3]
    stops = _tinted(rgb.clip(0, 1), tint)
    if np.ptp(stops, axis=0).max() < _FLAT:
        return _code(stops.mean(0)), ""
    (x1, y1), (x2, y2) = (
        (middle + end * direction + 1) / 2 * SIDE * FINE for end in reach[[0, -1]]
    )
    listed = "".join(
        f'<stop offset="{place / (_STOPS - 1):g}" stop-color="{_code(stop)}"/>'
        for place, stop in enumerate(stops)
    )
    return f"url(#{name})", (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" x1="{x1:.0f}" y1="{y1:.0f}" '
        f'x2="{x2:.0f}" y2="{y2:.0f}">{listed}</linearGradient>'
    )


def _tinted(rgb: np.ndarray, tint: Tensor) -> np.ndarray:
    """Return colours [k, 3] as a sprite's tint makes them."""
    opaque = torch.from_numpy(np.c_[rgb, np.ones(len(rgb))]).to(tint)  # [k, 4]
    return tinted(opaque.T[None, :, None], tint[None])[0, :3, 0].T.numpy().clip(0, 1)


def _code(rgb: np.ndarray) -> str:
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in rgb)


def _path(field: np.ndarray) -> str:
    """Return the outlines of where a field [SIDE, SIDE] is positive, as a path's data."""
    closed = np.pad(field, 1, constant_values=-1.0)  # what runs over the border ends there
    traced = contour_generator(z=closed, fill_type=FillType.OuterOffset).filled(0.0, np.inf)
    rings = [
        points[begin:end]
        for points, offsets in zip(*traced, strict=True)
        for begin, end in pairwise(offsets)
    ]
    parts = []
    for ring in rings:
        # Points are middles of pixels, and the border was added before them.
        corners = np.rint((simplified(ring) - 0.5) * FINE).astype(int)
        steps = np.diff(corners, axis=0)
        steps = steps[steps.any(1)][:-1]  # "z" draws the last one
        if len(steps) >= 2:
            parts.append(f"M{_joined(corners[:1])}l{_joined(steps)}z")
    return "".join(parts)


def _joined(pairs: np.ndarray) -> str:
    """Write whole numbers as SVG allows: a minus sign needs no blank before it."""
    return " ".join(map(str, pairs.ravel().tolist())).replace(" -", "-")


def simplified(ring: np.ndarray, tolerance: float = _TOLERANCE) -> np.ndarray:
    """Leave points of a closed line [n, 2] out, its last its first, but none that is off by more.

    Douglas and Peucker (1973).
    """
    kept = np.zeros(len(ring), bool)
    far = int(np.linalg.norm(ring - ring[0], axis=1).argmax())
    kept[[0, far, -1]] = True
    waiting = [(0, far), (far, len(ring) - 1)]
    while waiting:
        begin, end = waiting.pop()
        if end - begin < 2:
            continue
        (x, y), inner = ring[end] - ring[begin], ring[begin + 1 : end] - ring[begin]
        away = np.abs(inner @ (-y, x)) / max(math.hypot(x, y), 1e-9)
        worst = int(away.argmax())
        if away[worst] > tolerance:
            middle = begin + 1 + worst
            kept[middle] = True
            waiting += [(begin, middle), (middle, end)]
    return ring[kept]
