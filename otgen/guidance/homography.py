"""Projective maps of the unit square onto quadrilaterals; for numpy arrays and torch tensors."""

from __future__ import annotations

from typing import Any, NamedTuple


class Homography(NamedTuple):
    """(u, v) in the unit square goes to (u across + v down + origin) / (u g + v h + 1).

    across, down, origin: [n, 2]. g, h: [n].
    """

    across: Any
    down: Any
    origin: Any
    g: Any
    h: Any


def homography(corners: Any) -> Homography:
    """Return the maps onto n quadrilaterals.

    Closed form of Heckbert, "Fundamentals of Texture Mapping and Image Warping" (1989),
    section 2.2.3.

    Args:
        corners: [n, 4, 2], where the square's (0, 0), (1, 0), (1, 1) and (0, 1) go.
    """
    p0, p1, p2, p3 = (corners[:, corner] for corner in range(4))  # each [n, 2]
    d1, d2, total = p1 - p2, p3 - p2, p0 - p1 + p2 - p3
    determinant = d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0]
    g = (total[:, 0] * d2[:, 1] - total[:, 1] * d2[:, 0]) / determinant
    h = (d1[:, 0] * total[:, 1] - d1[:, 1] * total[:, 0]) / determinant
    return Homography(p1 - p0 + g[:, None] * p1, p3 - p0 + h[:, None] * p3, p0, g, h)
