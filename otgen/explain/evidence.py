"""The evidence of a run: what plots and numbers are made from, as plain arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Record(NamedTuple):
    """What explains a run of L lanes, n cutouts and m prompts; numpy throughout.

    Every step up to T has its loss and counts; S of them, the moments, are kept whole; the last K
    lend their plans to the transport map, which needs more cutouts than one step has.

    Args:
        prompts: m texts.
        lanes: L names, unique.
        distance: a key of DISTANCES.
        shares: [m], asked for, sum 1.
        losses: [T + 1, L].
        counts: [T + 1, L, m], cutouts nearest to each prompt.
        moments: [S], steps, ascending; the last one is the run's last.
        frames: [S, L, h', w', 3] uint8, the pictures, small.
        cost, plan: [S, L, n, m].
        tangents: [S, L, n, m], w_i of paper.md Eq. 7.
        similarity: [S, L, n, m], u.v.
        diversity: [S, L], mean cosine distance between two cutouts of a lane.
        corners: [S, n, 4, 2], (x, y) of a cutout's corners in order, parts of the picture's width
            and height.
        recent_plan, recent_corners: [K, L, n, m] and [K, n, 4, 2], of the last K steps, the very
            last one included.
    """

    prompts: tuple[str, ...]
    lanes: tuple[str, ...]
    distance: str
    shares: np.ndarray
    losses: np.ndarray
    counts: np.ndarray
    moments: np.ndarray
    frames: np.ndarray
    cost: np.ndarray
    plan: np.ndarray
    tangents: np.ndarray
    similarity: np.ndarray
    diversity: np.ndarray
    corners: np.ndarray
    recent_plan: np.ndarray
    recent_corners: np.ndarray


ARRAYS = Record._fields[3:]
"""The fields that are arrays, for ``numpy.savez``; the other three are in a result's settings."""


class Unfinished(NamedTuple):
    """Where a run stands that is not complete: enough to go on as if it had never stopped.

    Args:
        record: the evidence up to step T.
        state: the generator's at step T, as ``generators.base.frozen`` gives it.
        error: [T + 1, L], how far the plans' marginals were from those asked for.
        seconds: of painting so far.
        machine: what it ran on; elsewhere it would not go on to the same picture.
    """

    record: Record
    state: dict[str, np.ndarray]
    error: np.ndarray
    seconds: float
    machine: str
