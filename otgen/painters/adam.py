"""Adam (Kingma and Ba 2015) as a function of its state, which painters keep as data."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Moved(NamedTuple):
    """direction: what to subtract, for a learning rate of 1. first, second: the moments."""

    direction: Tensor
    first: Tensor
    second: Tensor


def adam(
    moments: tuple[Tensor, Tensor],
    slope: Tensor,
    square: Tensor,
    count: int,
    betas: tuple[float, float],
    small: float,
) -> Moved:
    """Take one step. Unlike torch's own Adam, it changes nothing in place: states are data.

    Args:
        moments: first and second, of ``slope``'s shape. square: what the second moment follows,
            usually the slope's square. count: of steps, this one included. small: keeps the
            division finite.
    """
    first = moments[0].lerp(slope, 1 - betas[0])
    second = moments[1].lerp(square, 1 - betas[1])
    direction = (first / (1 - betas[0] ** count)) / (
        (second / (1 - betas[1] ** count)).sqrt() + small
    )
    return Moved(direction, first, second)
