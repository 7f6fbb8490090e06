"""The transport map: which part of the picture each prompt owns. Input and output are numpy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from otgen.explain.evidence import Record
from otgen.explain.metrics import effective

RESOLUTION = 64  # cells of the map's longer side
_LEAN = 0.05  # of the average cover
_BATCH = 64  # quadrilaterals rasterised at a time
_NONE = 1e-12  # mass that is none: there is nothing to divide


class Territory(NamedTuple):
    """A lane's transport map.

    mass: [m, r, c], the plan distributed over the picture, averaged over the steps. Every cutout
    spreads its P_ij evenly over the area that it covers, so ``mass[j]`` sums exactly to the plan's
    share of prompt j. owned: [m, r, c] in [0, 1], sums to 1 over the prompts. It is ``mass``
    divided by its sum over the prompts: the plan's n P_ij, averaged over the cutouts that cover a
    cell and weighted by their mass there. Under the mean it is the required share everywhere. Few
    cutouts reach the picture's corners, and one alone would decide there. So the prompt's share is
    added with the weight of a twentieth of the average cover.
    """

    mass: np.ndarray
    owned: np.ndarray


def footprints(corners: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Rasterise convex quadrilaterals: [N, 4, 2] (x, y) in [0, 1] -> [N, rows, columns].

    A cell's value is the fraction of it that the quadrilateral covers, estimated by the distance of
    the cell's centre from the edges: exact inside and outside, smooth within half a cell of an
    edge. Each footprint is divided by its sum. One too small to cover a cell fills the cell of its
    centre.
    """
    size = np.array([columns, rows])
    quads = corners.astype(np.float64) * size  # cells
    ends = np.roll(quads, -1, axis=1)
    edge = ends - quads  # [N, 4, 2]
    area = (quads[..., 0] * ends[..., 1] - quads[..., 1] * ends[..., 0]).sum(1)
    # Mirrored cutouts run the other way round; their inside is on the other side of each edge.
    inwards = np.stack([-edge[..., 1], edge[..., 0]], -1) * np.sign(area)[:, None, None]
    inwards /= np.maximum(np.linalg.norm(inwards, axis=-1, keepdims=True), 1e-12)
    x, y = np.arange(columns) + 0.5, np.arange(rows) + 0.5
    start = (inwards * quads).sum(-1)  # [N, 4]
    cover = np.full((len(quads), rows, columns), np.inf)
    depth = np.empty_like(cover)
    for side in range(4):  # one after the other: all four would leave the processor's cache
        (across, down), at = inwards[:, side].T[..., None, None], start[:, side, None, None]
        np.add(across * x, down * y[:, None], out=depth)
        depth -= at
        np.minimum(cover, depth, out=cover)
    cover += 0.5
    np.clip(cover, 0, 1, out=cover)
    total = cover.sum((1, 2))
    lost = np.flatnonzero(total == 0)
    middle = np.clip(quads[lost].mean(1).astype(int), 0, size - 1)
    cover[lost, middle[:, 1], middle[:, 0]] = total[lost] = 1
    return cover / total[:, None, None]


def territory(record: Record, lane: int, moment: int = -1) -> Territory:
    """Return a lane's transport map, of the last steps together or of one other moment."""
    last = _last(record, moment)
    plan = record.recent_plan[:, lane] if last else record.plan[moment, lane][None]
    mass = _spread(record, moment, plan)
    share = mass.sum((1, 2))[:, None, None]
    total = max(mass.sum(), _NONE)
    lean = _LEAN * total / mass[0].size
    return Territory(mass, (mass + lean * share / total) / (mass.sum(0) + lean))


class Density(NamedTuple):
    """How cutouts of different weights were drawn.

    times: [r, c], how many there are at a place, as a multiple of as many drawn uniformly.
    effective: how many of equal weight tell as much. of: how many there are.
    """

    times: np.ndarray
    effective: float
    of: int


def density(record: Record, moment: int = -1) -> Density | None:
    """Return how cutouts were drawn, over the same steps; None if all have the same weight."""
    if not record.weights.size:
        return None
    weights = record.recent_weights if _last(record, moment) else record.weights[moment][None]
    if np.ptp(weights) < 1e-6:
        return None
    n = weights.shape[1]
    # Weighted, they cover the picture as uniform ones do.
    cover = _spread(record, moment, np.stack([np.full_like(weights, 1 / n), weights], -1))
    cover += _LEAN / cover[0].size
    return Density(cover[0] / cover[1], float(np.mean([effective(step) for step in weights])), n)


def _last(record: Record, moment: int) -> bool:
    return moment in (-1, len(record.moments) - 1)


def _spread(record: Record, moment: int, mass: np.ndarray) -> np.ndarray:
    """Spread mass [K, n, m] of a moment's cutouts over the picture: [m, r, c], mean of K steps."""
    corners = record.recent_corners if _last(record, moment) else record.corners[moment][None]
    height, width = record.frames.shape[2:4]
    rows, columns = (
        max(1, round(RESOLUTION * side / max(height, width))) for side in (height, width)
    )
    steps, _, m = mass.shape
    mass, corners = mass.reshape(-1, m), corners.reshape(-1, 4, 2)
    total = np.zeros((m, rows, columns))
    for begin in range(0, len(mass), _BATCH):
        part = slice(begin, begin + _BATCH)
        total += np.einsum("nm,nrc->mrc", mass[part], footprints(corners[part], rows, columns))
    return total / steps
