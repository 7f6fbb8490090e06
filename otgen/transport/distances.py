"""Distances between unit vectors, finite in value and gradient even for equal or opposite ones.

All are functions of the cosine alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

# Angles and chords are not differentiable at 0 (and pi): the argument stops this short of it.
_EDGE = 1e-6


def cosine(c: Tensor) -> Tensor:
    """Return 1 - u.v, in [0, 2]."""
    return 1 - c


def geodesic(c: Tensor) -> Tensor:
    """Return the angle arccos(u.v), in [0, pi]."""
    return torch.arccos(c.clamp(-1 + _EDGE, 1 - _EDGE))


def great_circle(c: Tensor) -> Tensor:
    """Return 2 arcsin(|u - v| / 2)^2, half the squared angle, in [0, pi^2 / 2]."""
    # |u - v|^2 = 2 - 2 u.v; the clamp keeps the root's and the arcsine's slopes finite.
    half_chord = ((1 - c) / 2).clamp(_EDGE, 1 - _EDGE).sqrt()
    return 2 * torch.arcsin(half_chord).square()


def euclidean(c: Tensor) -> Tensor:
    """Return |u - v|, in [0, 2]."""
    return (2 - 2 * c).clamp(min=_EDGE).sqrt()


class Distance(NamedTuple):
    """A distance of unit vectors. of, cosine: from the cosine u.v to the distance, and back."""

    of: Callable[[Tensor], Tensor]
    cosine: Callable[[Tensor], Tensor]

    def __call__(self, u: Tensor, v: Tensor) -> Tensor:
        """Return the cost [..., n, m] of u [..., n, d] and v [..., m, d], unit vectors."""
        return self.of(u @ v.mT)


DISTANCES: dict[str, Distance] = {
    "cosine": Distance(cosine, lambda cost: 1 - cost),
    "geodesic": Distance(geodesic, torch.cos),
    "great-circle": Distance(
        great_circle, lambda cost: torch.cos((2 * cost).clamp(min=_EDGE).sqrt())
    ),
    "euclidean": Distance(euclidean, lambda cost: 1 - cost.square() / 2),
}
