"""Numbers that explain a run: numpy in, named results out."""

from __future__ import annotations

import math

import numpy as np


def counts(cost: np.ndarray) -> np.ndarray:
    """Count the cutouts nearest to each prompt: cost [..., n, m] -> [..., m] (paper.md, Figure 3)."""
    m = cost.shape[-1]
    nearest = cost.argmin(-1)
    return (nearest[..., None] == np.arange(m)).sum(-2)


def balance(counted: np.ndarray) -> float:
    """Return the normalised entropy of counts [m]: 1 when all are equal, 0 when one prompt has all cutouts."""
    share = counted / counted.sum()
    entropy = -sum(p * math.log(p) for p in share if p > 0)
    return entropy / math.log(len(counted)) if len(counted) > 1 else 1.0
