"""Couplings that need no Sinkhorn and no compiling: in torch, or on the host.

Their contract is that of ``couplings``, for one lane: cost [n, m], b [m] and a [n] (or None, for
all alike) -> value, plan [n, m] with d value / d C = plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from otgen.transport.distances import DISTANCES


class Prompts(NamedTuple):
    """What couplings know of the prompts besides their costs. v: [m, d], unit vectors."""

    v: Tensor
    distance: str


def composite(cost: Tensor, b: Tensor, a: Tensor | None, prompts: Prompts) -> tuple[Tensor, Tensor]:
    """Average the distances to one target, the normalised weighted mean of the prompts.

    The target is sum_j b_j v_j / r of length r = |sum_j b_j v_j|, so its cosine with a cutout is
    sum_j b_j cos_ij / r, and a distance is a function of the cosine alone: the value is one of the
    costs. Its derivative by them, the plan, has no marginals. With the cosine distance it is the
    mean's plan over r, and sums to 1 / r, more than 1: to average and normalise embeddings is to
    pull harder.
    """
    of = DISTANCES[prompts.distance]
    length = (b @ prompts.v).norm()
    with torch.enable_grad():
        cost = cost.detach().requires_grad_()
        apart = of.of(of.cosine(cost) @ b / length)  # [n]
        value = apart.mean() if a is None else a @ apart
        (plan,) = torch.autograd.grad(value, cost)
    return value.detach(), plan


def assignment(
    cost: Tensor, b: Tensor, a: Tensor | None, prompts: Prompts
) -> tuple[Tensor, Tensor]:
    """Match each cutout with one prompt, each prompt with its share, at the lowest cost.

    Prompts take whole cutouts: their shares of n are rounded by the largest remainders. Where the
    cutouts' weights differ, masses can't be whole, and a few cutouts are split among prompts.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import, and few runs need it

    costs, shares = cost.double().cpu().numpy(), b.double().cpu().numpy()
    if not np.isfinite(costs).all():  # the loop then says that the run diverged
        return cost.new_tensor(torch.nan), torch.full_like(cost, torch.nan)
    if a is not None:
        plan = _programme(costs, a.double().cpu().numpy(), shares)
    else:
        n = len(costs)
        seats = np.repeat(np.arange(len(shares)), _whole(n, shares))
        rows, taken = linear_sum_assignment(costs[:, seats])
        plan = np.zeros_like(costs)
        plan[rows, seats[taken]] = 1 / n
    plan = torch.from_numpy(plan).to(cost)
    return (plan * cost).sum(), plan


def _whole(n: int, shares: np.ndarray) -> np.ndarray:
    """Return whole numbers [m] that sum to n and are nearest to n times the shares."""
    exact = n * shares / shares.sum()
    seats = np.floor(exact).astype(int)
    more = np.argsort(seats - exact, kind="stable")[: n - seats.sum()]
    seats[more] += 1
    return seats


def _programme(cost: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the plan [n, m] of the lowest cost with the marginals a and b: a linear programme."""
    from scipy import sparse
    from scipy.optimize import linprog

    n, m = cost.shape
    rows = sparse.kron(sparse.eye(n), np.ones((1, m)))
    columns = sparse.kron(np.ones((1, n)), sparse.eye(m)).tocsr()[:-1]  # the last one follows
    sums = np.concatenate([a / a.sum(), b[:-1] / b.sum()])
    solution = linprog(cost.ravel(), A_eq=sparse.vstack([rows, columns]).tocsc(), b_eq=sums)
    return solution.x.reshape(n, m)


DIRECT: dict[str, Callable[[Tensor, Tensor, Tensor | None, Prompts], tuple[Tensor, Tensor]]] = {
    "composite": composite,
    "assignment": assignment,
}
PLAIN = frozenset({"composite"})
"""What takes distances alone, as it finds the cosines by them: no cost that was added to them."""
