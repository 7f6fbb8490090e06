"""The evidence of a run: the arrays that plots and numbers are computed from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Record(NamedTuple):
    """The evidence of a run of L lanes, n cutouts and m prompts, all in numpy.

    Loss and counts are kept for every step up to T. S steps, the moments, are kept in full. The
    plans of the last K steps are kept for the transport map, which needs more cutouts than one step
    has.

    Args:
        prompts: m texts.
        lanes: L names, unique.
        distance: a key of DISTANCES.
        shares: [m], the required ones, sum 1.
        losses: [T + 1, L].
        counts: [T + 1, L, m], cutouts nearest to each prompt.
        moments: [S], steps, ascending; the last one is the run's last.
        frames: [S, L, h', w', 3] uint8, the pictures, small.
        cost, plan: [S, L, n, m].
        tangents: [S, L, n, m], w_i of the paper's Eq. 7.
        similarity: [S, L, n, m], u.v.
        diversity: [S, L], mean cosine distance between two cutouts of a lane.
        corners: [S, n, 4, 2], (x, y) of a cutout's corners in order, fractions of the picture's
            width and height.
        recent_plan, recent_corners: [K, L, n, m] and [K, n, 4, 2], of the last K steps, including
            the last one.
        negative: k texts, of what is avoided; mostly none.
        avoided: [S, L, n, k], how much nearer cutouts are to these than to all prompts, in cosines;
            above 0 a cutout shows one.
        places: where each prompt belongs, as ``recipe.places`` has it; none if all do anywhere.
        weights, recent_weights: [S, n] and [K, n], of the cutouts at the moments and of the last K
            steps, sums 1; [S, 0] and [K, 0] if all count alike.
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
    negative: tuple[str, ...] = ()
    avoided: np.ndarray = np.zeros((0, 0, 0, 0), np.float32)
    places: tuple[str, ...] = ()
    weights: np.ndarray = np.zeros((0, 0), np.float32)
    recent_weights: np.ndarray = np.zeros((0, 0), np.float32)


ARRAYS = Record._fields[3:-5]
"""The fields that are arrays, for ``numpy.savez``, and that every run has."""


def arrays_of(negative: bool, weighted: bool) -> tuple[str, ...]:
    """Return the fields that are arrays of a run with negative prompts, or weighted cutouts."""
    weights = ("weights", "recent_weights") if weighted else ()
    return (*ARRAYS, *(("avoided",) if negative else ()), *weights)


class Unfinished(NamedTuple):
    """The checkpoint of a run: all that is needed to resume as if it had never stopped.

    Args:
        record: the evidence up to step T.
        state: the generator's at step T, from ``painters.base.frozen``.
        error: [T + 1, L], L1 distance of the plans' marginals from the required ones.
        seconds: of painting so far.
        machine: the machine's fingerprint. Another machine would not reach the same picture.
        need: [k, k], by which the cutouts of step T were drawn; None if by chance alone.
    """

    record: Record
    state: dict[str, np.ndarray]
    error: np.ndarray
    seconds: float
    machine: str
    need: np.ndarray | None = None
