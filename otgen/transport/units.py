"""The units of epsilon: how much the costs differ that a coupling matches by.

Arrays are of any library, jax's in couplings and torch's beside them.
"""

from __future__ import annotations

from typing import Any

FLAT = 1e-4  # a cost whose deviation is below this has nothing to match


def centred(cost: Any, a: Any = None) -> Any:
    """Subtract the means of rows and columns from costs [..., n, m], rows weighing a [n].

    Adding a constant to a row or a column does not change a plan that has both marginals.
    """
    if a is not None:
        rows = cost - cost.mean(-1, keepdims=True)
        return rows - (a @ rows)[..., None, :]
    both = cost.mean((-2, -1), keepdims=True)
    return cost - cost.mean(-2, keepdims=True) - cost.mean(-1, keepdims=True) + both


def spread(cost: Any, a: Any = None) -> Any:
    """Return the standard deviation [...] of the part of costs [..., n, m] that affects the plan.

    Epsilon is measured in this unit, so it means the same for every distance and encoder, and
    however the cutouts were drawn that a [n] weighs.
    """
    return _root(centred(cost, a) ** 2, a)


def deviation(cost: Any, a: Any = None) -> Any:
    """Return the standard deviation [...] of costs [..., n, m], rows weighing a [n].

    It is the unit where a plan also chooses among the cutouts, by what ``spread`` leaves out.
    """
    mean = cost.mean((-2, -1)) if a is None else cost.mean(-1) @ a
    return _root((cost - mean[..., None, None]) ** 2, a)


def _root(squares: Any, a: Any) -> Any:
    """Return the root of the mean of squares [..., n, m], FLAT at least."""
    mean = squares.mean((-2, -1)) if a is None else squares.mean(-1) @ a
    return (mean**0.5).clip(FLAT)
