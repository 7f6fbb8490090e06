"""Where cutouts and their arrows are drawn: one scale and one set of limits for all lanes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from otgen.explain.evidence import Record

_REACH = 0.2  # of the widest spread of costs: the length of a long arrow (the 95th percentile)


class View(NamedTuple):
    """How k prompts are drawn: arrows -w_i [L, n, k], scaled, and each axis' limits [k, 2].

    All axes are equally long, and no arrow leaves them.
    """

    arrows: np.ndarray
    limits: np.ndarray


def view(record: Record, chosen: Sequence[int], moment: int) -> View:
    """Choose one scale of arrows and one set of limits for all lanes."""
    cost = record.cost[moment][..., list(chosen)]  # [L, n, k]
    arrows = -record.tangents[moment][..., list(chosen)]
    extent = max(float((cost.max((0, 1)) - cost.min((0, 1))).max()), 1e-6)
    long = max(float(np.quantile(np.linalg.norm(arrows, axis=-1), 0.95)), 1e-12)
    arrows = arrows * (_REACH * extent / long)
    ends = np.concatenate([cost, cost + arrows], axis=1).reshape(-1, len(chosen))
    low, high = ends.min(0), ends.max(0)
    half = max(float((high - low).max()), 1e-6) * 0.53
    middle = (low + high) / 2
    return View(arrows, np.stack([middle - half, middle + half], -1))
