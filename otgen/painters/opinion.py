"""What a generator asks of its run's objective about parts of its pictures, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Answer(NamedTuple):
    """What parts of pictures cost.

    cost, cosine: [L, k, m], distances of k parts to the prompts, with what a part costs for showing
    what is to be avoided, and their cosines. penalty: [L, k], that cost alone. shares: [m], those
    asked for, sum 1. couple: of costs [L, r, m] of r parts, shares [m] and boxes [L, r, 4] where
    the parts lie (left, top, right, bottom, parts of the picture's sides), how each lane's coupling
    pulls them to the prompts, [L, r, m]: rows of its plan, which sum to 1, or to less where it
    leaves parts out.
    """

    cost: Tensor
    cosine: Tensor
    penalty: Tensor
    shares: Tensor
    couple: Callable[[Tensor, Tensor, Tensor], Tensor]
