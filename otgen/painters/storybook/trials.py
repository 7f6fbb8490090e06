"""Things that sprites try on: what each would cost, so that a mixture follows its exact gradient.

Pixels of a mixture of a hundred drawings say little of any one of them. So each sprite's square is
looked at as each thing, alone before its ground, and as nothing; and each place by itself. With a
mixture p of things, the square costs C_j = sum_t p_t c_tj for prompt j, and the lane's coupling of
all sprites' squares gives a plan P_kj; by Danskin's theorem the coupling's value falls fastest
where p moves along -sum_j P_kj c_tj. The grounds follow theirs in the same way. A prompt is the
grounds' as far as some place is nearer to it than every thing is, else the sprites'. Both lanes go
by these rules, each under its own coupling.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from otgen.painters.opinion import Answer
from otgen.painters.storybook.compositor import DEPTH, SIZE, placed, squares

SIDE = 48  # pixels of a square
LOOSE = (1.1, 1.3, 1.0, 1.2)  # side of a square, in sides of its sprite; of trials in turn
_ROUNDS = 8  # of coupling and moving, after each look
_SHARPLY = 20.0  # a prompt is a place's at sigmoid(20 x how much nearer a place is than a thing)
_SOME = 0.3  # a prompt that is a place's by less is none
_NEAREST = 2  # things of each prompt that are always tried on
_FAR = 0.15  # a cosine less than the best sprite's with a prompt, from which on one is poor
_LEAST = 1e-4  # share of a prompt that is none of those's: couplings want some of each


def pictured(
    drawings: Tensor, pose: Tensor, mirrored: Tensor, ground: Tensor, boxes: Tensor, loose: float
) -> Tensor:
    """Return squares [L, K, 1 + C, 3, SIDE, SIDE]: of the ground alone, then of each thing.

    Args:
        drawings: [L, K, C, 4, s, s], what each sprite tries on. pose: [L, K, 6]. mirrored: [K].
        ground: [L, 3, h, w]. boxes: [L, K, 4], the squares, ``loose`` sides of a sprite wide.
    """
    lanes, count, tried = drawings.shape[:3]
    behind = squares(ground, boxes, SIDE).unflatten(0, (lanes, count))[:, :, None]
    pose = pose.clone()
    pose[..., :SIZE], pose[..., SIZE], pose[..., DEPTH] = 0.0, -math.log(loose), 0.0
    pose = pose.flatten(0, 1)[:, None].expand(-1, tried, -1)
    mirrored = mirrored.repeat(lanes)[:, None].expand(-1, tried)
    layers = placed(drawings.flatten(0, 1), pose, mirrored, SIDE, SIDE)
    layers = layers.unflatten(0, (lanes, count))
    shown = layers[:, :, :, :3] + (1 - layers[:, :, :, 3:]) * behind
    return torch.cat([behind, shown], 2)


class First(NamedTuple):
    """What the first trial says of prompts, for the rest of a run.

    backdrop: [m], how far each prompt is a place's, 0 to 1. nearest: [m * _NEAREST], the things
    that are nearest to each prompt: they are tried on in every trial.
    """

    backdrop: Tensor
    nearest: Tensor


class Trial(NamedTuple):
    """What was tried on. which: [L, K, C], things; all places too. gone: [L, K], hidden sprites.
    first: what the first trial said, None: this is the first."""

    which: Tensor
    gone: Tensor
    first: First | None


class Learned(NamedTuple):
    """things [L, K, THINGS], grounds [L, 2, PLACES]: logits. poor: [L, K], sprites that serve no
    better than nothing, or far worse than another one does. first: as in Trial."""

    things: Tensor
    grounds: Tensor
    poor: Tensor
    first: First


def _stand_in(gone: Tensor) -> Tensor:
    """Return whose row of costs each sprite has in the coupling, [L, K]: its own, if it shows.

    What is hidden carries no prompt: it stands for those that show, one after another.
    """
    shown = torch.argsort(gone.int(), dim=1, stable=True)  # those that show come first
    turn = (gone.cumsum(1) - 1) % (~gone).sum(1, keepdim=True).clamp(min=1)
    own = torch.arange(gone.shape[1], device=gone.device).expand_as(gone)
    return torch.where(gone, shown.gather(1, turn.clamp(min=0)), own)


def _first(cost: Tensor, places: Tensor, which: Tensor) -> First:
    """Judge the first trial: cost [L, K, C, m] of things, places [L, PLACES, m]."""
    apart = cost.amin(2).mean((0, 1)) - places.amin((0, 1))  # [m]
    shape = (*cost.shape[:2], int(which.max()) + 1, cost.shape[-1])
    of_thing = cost.new_full(shape, 9.0).scatter(2, which[..., None].expand_as(cost), cost)
    nearest = of_thing.mean((0, 1)).topk(_NEAREST, 0, largest=False).indices
    return First(torch.sigmoid(_SHARPLY * apart), nearest.flatten())


def learned(
    things: Tensor, grounds: Tensor, trial: Trial, answer: Answer, heat: float, rate: float
) -> Learned:
    """Move the logits of things [L, K, THINGS] and of grounds [L, 2, PLACES].

    Args:
        answer: on ``pictured`` of all sprites, and then on all places. rate: how far logits go for
            a unit of cost, over all rounds.
    """
    lanes, count, tried = trial.which.shape
    cost = answer.cost.expand(lanes, -1, -1)  # [L, K * (1 + C) + PLACES, m]
    cost, places = cost.split([count * (1 + tried), grounds.shape[-1]], 1)
    cost = cost.unflatten(1, (count, -1))  # [L, K, 1 + C, m]
    nothing, cost = cost[:, :, 0], cost[:, :, 1:]
    first = trial.first or _first(cost, places, trial.which)
    backdrop = first.backdrop

    def coupled(costs: Tensor, of_those: Tensor) -> Tensor:
        shares = answer.shares * of_those + _LEAST
        plan = answer.couple(costs, shares / shares.sum())
        return plan / plan.sum(-1, keepdim=True)

    mine, stand_in = things.gather(-1, trial.which), _stand_in(trial.gone)
    for _ in range(_ROUNDS):
        part = (mine / heat).softmax(-1)
        now = torch.einsum("lkt,lktm->lkm", part, cost)
        plan = coupled(now.gather(1, stand_in[..., None].expand_as(now)), 1 - backdrop)
        slope = torch.einsum("lkm,lktm->lkt", plan, cost)
        mine = mine - rate / _ROUNDS * (slope - slope.mean(-1, keepdim=True))
        if backdrop.amax() < _SOME:
            continue
        plan_behind = coupled((grounds / heat).softmax(-1) @ places, backdrop)
        slope_behind = plan_behind @ places.mT
        slope_behind = slope_behind - slope_behind.mean(-1, keepdim=True)
        grounds = grounds - rate / _ROUNDS * slope_behind
    part = (mine / heat).softmax(-1)
    useless = (part * slope).sum(-1) > (plan * nothing).sum(-1)
    cosine = answer.cosine.expand(lanes, -1, -1)[:, : count * (1 + tried)]
    cosine = torch.einsum("lkt,lktm->lkm", part, cosine.unflatten(1, (count, -1))[:, :, 1:])
    cosine = torch.where(trial.gone[..., None], -1.0, cosine)
    own, nearest = cosine.max(-1)  # [L, K]
    behind_best = cosine.amax(1).gather(1, nearest) - own
    best = (cosine == cosine.amax(1, keepdim=True)).any(-1)  # of some prompt: that one stays
    poor = useless | ((behind_best > _FAR) & ~best)
    return Learned(things.scatter(-1, trial.which, mine), grounds, poor, first)
