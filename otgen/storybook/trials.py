"""Things that sprites try on: what each would cost, so that a mixture follows its exact gradient.

Pixels of a mixture of a hundred drawings say little of any one of them. So each sprite's square is
looked at as each thing, alone before its ground, and as nothing. With a mixture p of things, the
square costs C_j = sum_t p_t c_tj for prompt j, and the lane's coupling of all sprites' squares
gives a plan P_kj; by Danskin's theorem the coupling's value falls fastest where p moves along
-sum_j P_kj c_tj. Both lanes follow their own coupling's.
"""

from __future__ import annotations

import torch
from torch import Tensor

from otgen.opinion import Answer
from otgen.storybook.compositor import DEPTH, SIZE, placed, squares

SIDE = 48  # pixels of a square
LOOSE = 1.1  # side of a square, in sides of its sprite
_ROUNDS = 8  # of coupling and moving, after each look


def pictured(drawings: Tensor, pose: Tensor, mirrored: Tensor, ground: Tensor, boxes: Tensor):
    """Return squares [L, K, 1 + C, 3, SIDE, SIDE]: of the ground alone, then of each thing.

    Args:
        drawings: [L, K, C, 4, s, s], what each sprite tries on. pose: [L, K, 6]. mirrored: [K].
        ground: [L, 3, h, w]. boxes: [L, K, 4], the squares.
    """
    lanes, count, tried = drawings.shape[:3]
    behind = squares(ground, boxes, SIDE).unflatten(0, (lanes, count))[:, :, None]
    pose = pose.clone()
    pose[..., :SIZE], pose[..., SIZE], pose[..., DEPTH] = 0.0, -torch.tensor(LOOSE).log(), 0.0
    pose = pose.flatten(0, 1)[:, None].expand(-1, tried, -1)
    mirrored = mirrored.repeat(lanes)[:, None].expand(-1, tried)
    layers = placed(drawings.flatten(0, 1), pose, mirrored, SIDE, SIDE)
    layers = layers.unflatten(0, (lanes, count))
    shown = layers[:, :, :, :3] + (1 - layers[:, :, :, 3:]) * behind
    return torch.cat([behind, shown], 2)


def learned(
    things: Tensor, which: Tensor, gone: Tensor, answer: Answer, heat: float, rate: float
) -> tuple[Tensor, Tensor]:
    """Return logits of things [L, K, THINGS] moved, and what nothing would save [L, K].

    Args:
        which: [L, K, C], the things that were tried on. gone: [L, K], sprites that are hidden.
        answer: on ``pictured``. rate: how far logits go for a unit of cost, over all rounds.
    """
    lanes, count, tried = which.shape
    cost = answer.cost.expand(lanes, -1, -1).unflatten(1, (count, 1 + tried))  # [L, K, 1 + C, m]
    nothing, cost = cost[:, :, 0], cost[:, :, 1:]
    mine = things.gather(-1, which)
    for _ in range(_ROUNDS):
        part = (mine / heat).softmax(-1)
        now = torch.where(gone[..., None], nothing, torch.einsum("lkt,lktm->lkm", part, cost))
        plan = count * answer.couple(now)
        slope = torch.einsum("lkm,lktm->lkt", plan, cost)
        mine = mine - rate / _ROUNDS * (slope - slope.mean(-1, keepdim=True))
    part = (mine / heat).softmax(-1)
    saved = (part * slope).sum(-1) - (plan * nothing).sum(-1)
    return things.scatter(-1, which, mine), saved
