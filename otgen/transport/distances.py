"""Distances between unit vectors, finite in value and gradient even for equal or opposite ones."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# Angles and chords are not differentiable at 0 (and pi): the argument stops this short of it.
_EDGE = 1e-6


def cosine(u: Tensor, v: Tensor) -> Tensor:
    """Return 1 - u.v, in [0, 2]."""
    return 1 - u @ v.T


def geodesic(u: Tensor, v: Tensor) -> Tensor:
    """Return the angle arccos(u.v), in [0, pi]."""
    return torch.arccos((u @ v.T).clamp(-1 + _EDGE, 1 - _EDGE))


def great_circle(u: Tensor, v: Tensor) -> Tensor:
    """Return 2 arcsin(|u - v| / 2)^2, half the squared angle, in [0, pi^2 / 2]."""
    # |u - v|^2 = 2 - 2 u.v; the clamp keeps the root's and the arcsine's slopes finite.
    half_chord = ((1 - u @ v.T) / 2).clamp(_EDGE, 1 - _EDGE).sqrt()
    return 2 * torch.arcsin(half_chord).square()


def euclidean(u: Tensor, v: Tensor) -> Tensor:
    """Return |u - v|, in [0, 2]."""
    return (2 - 2 * u @ v.T).clamp(min=_EDGE).sqrt()


DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine": cosine,
    "geodesic": geodesic,
    "great-circle": great_circle,
    "euclidean": euclidean,
}
"""Name -> function of u [..., n, d] and v [m, d], unit vectors, to a cost [..., n, m]."""
