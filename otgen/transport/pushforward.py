"""The pull on each cutout, seen on the cost plane (the paper's Eq. 7)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.transport.distances import DISTANCES


def tangents(
    u: Tensor, v: Tensor, plan: Tensor, distance: str, among: Tensor | None = None
) -> Tensor:
    """Push the loss's gradient forward to the space of distances: w_i = J_phi(u_i) . dF/du_i.

    Args:
        u: [L, n, d] and v: [m, d], unit vectors. plan: [L, n, m], of any coupling. distance: a key
        of DISTANCES. among: [L, n, n], dF by the costs between cutouts, if F has them.

    Returns:
        w [L, n, m]. When u_i moves along its gradient, F grows by |dF/du_i|^2 and D(u_i, v_j) by
        w_ij. So descent moves cutout i along -w_i.

    phi(u_i) = (D(u_i, v_1) .. D(u_i, v_m)). Two remarks make the formula exact.

    - By Danskin's theorem dF/dC is the plan, for every coupling and every epsilon, so dF/du_i is
      the gradient of sum_j P_ij D(u_i, v_j) with P fixed, and of the same sum over the cutouts,
      where F has their costs. The solver is not run again.
    - An embedding is always normalised, so it can only move on the unit sphere, and a distance
      is not defined off the sphere (``2 - 2 u.v`` and ``|u - v|^2`` agree only on the sphere).
      Both derivatives are therefore those of x -> D(x / |x|, v) at x = u: dF/du_i is the gradient
      on the sphere, orthogonal to u_i, and J_phi acts on such tangent vectors. The picture receives
      no other part of the gradient.
    """
    with torch.enable_grad():
        x = u.detach().requires_grad_()
        cost = DISTANCES[distance](F.normalize(x, dim=-1), v)  # [L, n, m]
        # D(u_i, v_j) depends on no other cutout, so summing over the cutouts mixes nothing.
        rows = [
            torch.autograd.grad(column.sum(), x, retain_graph=True)[0] for column in cost.unbind(-1)
        ]
        apart = 0
        if among is not None and among.shape[-1]:
            unit = F.normalize(x, dim=-1)
            own = (among.detach() * DISTANCES[distance](unit, unit)).sum()
            (apart,) = torch.autograd.grad(own, x)
    jacobian = torch.stack(rows, -2)  # [L, n, m, d]
    gradient = torch.einsum("lnm,lnmd->lnd", plan.detach(), jacobian) + apart
    return torch.einsum("lnmd,lnd->lnm", jacobian, gradient)
