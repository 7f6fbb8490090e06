"""From pictures to a loss per lane: cutouts, embeddings, cost, coupling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.bridge import couple_lanes
from otgen.cutouts import CutoutSpec, cut, sample
from otgen.distances import DISTANCES
from otgen.embeddings import ClipEncoder
from otgen.opinion import Answer


class Loss(NamedTuple):
    """What one look at the pictures found.

    value: [L], differentiable in the pictures. cost, plan: [L, n, m]. error: [L], how far the
    plan's marginals are from those asked for (L1). u: [L, n, d]. corners: [n, 4, 2], where the
    cutouts lie (cutouts.Views).
    """

    value: Tensor
    cost: Tensor
    plan: Tensor
    error: Tensor
    u: Tensor
    corners: Tensor


@dataclass(frozen=True)
class Objective:
    """The loss of paper.md Eq. 5 (coupling "ot") or Eq. 1 ("mean"), one per lane.

    Args:
        encoder: embeds the cutouts. v: [m, d], unit embeddings of the prompts. b: [m], their
            shares, sum 1.
        couplings: L keys of COUPLINGS. epsilon: [L], in units of the cost's spread.
        distance: a key of DISTANCES. cutouts: n. spec: how they are drawn. seed: of the drawing.
    """

    encoder: ClipEncoder
    v: Tensor
    b: Tensor
    couplings: tuple[str, ...]
    epsilon: Tensor
    distance: str
    cutouts: int
    spec: CutoutSpec
    seed: int

    def __call__(self, pictures: Tensor, step: int) -> Loss:
        """Compare pictures [L, 3, h, w] in [0, 1] with the prompts.

        The cutouts are a function of (seed, step).
        """
        lanes, _, height, width = pictures.shape
        views = sample(
            self.cutouts,
            self.encoder.side,
            height,
            width,
            self.spec,
            self.seed,
            step,
            pictures.device,
        )
        crops = cut(pictures, views)  # [L, n, 3, s, s]
        u = self.encoder.crops(crops.flatten(0, 1)).unflatten(0, (lanes, -1))  # [L, n, d]
        cost = DISTANCES[self.distance](u, self.v)  # [L, n, m]
        value, plan, error = couple_lanes(cost, self.b, self.epsilon, self.couplings)
        return Loss(value, cost, plan, error, u, views.corners)

    @torch.no_grad()
    def opinion(self, pictures: Tensor, boxes: Tensor) -> Answer:
        """Compare parts of pictures with the prompts, each lane under its own coupling.

        Args:
            pictures: [L, 3, h, w] in [0, 1]. boxes: [L, k, 4]: left, top, right, bottom, as
                parts of the picture's sides; what lies outside repeats the border.
        """
        lanes, k = boxes.shape[:2]
        u = self.encoder.crops(_cropped(pictures, boxes, self.encoder.side)).unflatten(0, (-1, k))
        # As many rows as there are cutouts: for another number jax would compile anew.
        rows = torch.arange(max(self.cutouts, k), device=boxes.device) % k
        cost = DISTANCES[self.distance](u, self.v)[:, rows]  # [L, n, m]
        _, plan, _ = couple_lanes(cost, self.b, self.epsilon, self.couplings)
        spent, mass = cost.new_zeros(2, lanes, k)
        spent.index_add_(1, rows, (plan * cost).sum(-1))
        mass.index_add_(1, rows, plan.sum(-1))
        return Answer(u @ self.v.T, -spent / mass)


def _cropped(pictures: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Return boxes [L, k, 4] of pictures [L, 3, h, w]: [L * k, 3, side, side]."""
    middle, half = boxes[..., 2:] + boxes[..., :2] - 1, boxes[..., 2:] - boxes[..., :2]
    zero = torch.zeros_like(half[..., 0])
    rows = [
        torch.stack([half[..., 0], zero, middle[..., 0]], -1),
        torch.stack([zero, half[..., 1], middle[..., 1]], -1),
    ]
    theta = torch.stack(rows, -2).flatten(0, 1)  # [L * k, 2, 3]
    # Twice the side, then reduced by area: nothing aliases.
    grid = F.affine_grid(theta, (len(theta), 3, 2 * side, 2 * side), align_corners=False)
    many = pictures.repeat_interleave(boxes.shape[1], 0)
    crops = F.grid_sample(many, grid, padding_mode="border", align_corners=False)
    return F.avg_pool2d(crops, 2)
