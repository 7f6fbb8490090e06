"""Where cutouts are drawn: spread evenly, or more of them where they are needed.

Where a cutout may lie is divided into k x k cells of equal size: of the place that its box takes on
the way from one side of the picture to the other, whatever the box's extent. Each cell has at least
one cutout. A cutout of a cell that has n_c of them has the weight

    a_i = 1 / (k^2 n_c),

its cell's part of all places over the cutouts that share it. So the weights sum to 1, as a marginal
of a plan has to, without being normalised; and a weighted sum of anything over the cutouts has the
mean that it has over places drawn uniformly, exactly: the cutouts of a cell are independent and
uniform in it, however many there are. That is importance sampling by strata.

The loss of a plan is no such sum. Like every loss of finitely many cutouts it is above that of all
places, by less the more there are; it tends to the same one however they are drawn.

"stratified" shares the cutouts among the cells alike. "adaptive" does so with half of them, and
shares the others by the need of the cells, as earlier steps have seen it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

EVEN = 0.5  # part of adaptive cutouts that is shared alike
MOST = 8  # cells along a side; neighbours show next to the same
PACE = 0.3  # part of what is known of a cell's need that the latest step has seen


class Sample(NamedTuple):
    """Where n cutouts lie.

    place: [2, n] in [0, 1], of a box on its way from left to right and from top to bottom. cells:
    [n], ascending. weights: [n], sum 1.
    """

    place: Tensor
    cells: Tensor
    weights: Tensor


def first(kind: str, n: int) -> Tensor | None:
    """Return the need [k, k] of cells at the first step: the same everywhere. None if "uniform".

    k is such that each cell gets a cutout. With fewer than 4 of them, or 8 if adaptive, there is
    one cell.
    """
    if kind == "uniform":
        return None
    alike = int(EVEN * n) if kind == "adaptive" else n
    side = min(MOST, max(1, math.isqrt(alike)))
    return torch.ones(side, side)


def draw(inside: Tensor, need: Tensor, offset: float) -> Sample:
    """Place n cutouts by the need [k, k] of cells, >= 0; all on the CPU.

    Args:
        inside: [2, n], uniform in [0, 1): where each lies in its cell. offset: uniform in [0, 1),
            by which numbers of cutouts become whole ones whose means they are.
    """
    n, side = inside.shape[1], len(need)
    part = need.double().flatten() + 1e-12
    wanted = n * (EVEN / side**2 + (1 - EVEN) * part / part.sum())  # [k^2], >= 1
    least = int(wanted.min() + 1e-6)
    ends = (wanted - least).clamp(min=0).cumsum(0) + offset  # systematic sampling along these
    ends[-1] = n - least * side**2 + offset
    counts = least + ends.floor().diff(prepend=ends.new_zeros(1)).long()
    cells = torch.repeat_interleave(counts, output_size=n)
    corner = torch.stack([cells % side, cells // side])
    return Sample((corner + inside) / side, cells, 1 / (side**2 * counts)[cells].float())


def seen(
    need: Tensor, cells: Tensor, plan: Tensor, cost: Tensor, b: Tensor, weights: Tensor
) -> Tensor:
    """Return the need [k, k] of cells after a step, from that before it.

    A cutout is needed, 0 to 1, as far as its prompts lack cutouts that are nearest to them, and as
    far as the plan is undecided about it. Lanes draw the same cutouts, so it is their average.

    Args:
        cells, weights: [n], of ``draw``. plan, cost: [L, n, m]. b: [m], the prompts' shares.
    """
    m = len(b)
    near = _each(cost.argmin(-1), m).to(plan)  # [L, n, m]
    got = torch.einsum("n,lnm->lm", weights, near)
    lacking = (1 - got / b).clamp(min=0)  # [L, m]
    part = plan / plan.sum(-1, keepdim=True).clamp(min=1e-30)  # [L, n, m]
    undecided = torch.special.entr(part).sum(-1) / max(math.log(m), 1e-9)  # [L, n]
    needed = ((torch.einsum("lnm,lm->ln", part, lacking) + undecided) / 2).mean(0)  # [n]
    inside = _each(cells, need.numel()).to(plan)  # [n, k^2]
    of_cells = need.numel() * (needed * weights) @ inside  # a sum that a GPU repeats to the bit
    return need.lerp(of_cells.view_as(need), PACE)


def _each(which: Tensor, many: int) -> Tensor:
    """Tell for each index of ``which`` [...] which of so many it is, [..., many]."""
    return which[..., None] == torch.arange(many, device=which.device)
