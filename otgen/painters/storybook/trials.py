"""Things that sprites try on: what each would cost, so that a mixture follows its exact gradient.

Pixels of a mixture of a hundred drawings say little of any one of them. So each sprite's square is
looked at as each thing, alone before its ground, and as nothing; and each place by itself. With a
mixture p of things, the square costs C_j = sum_t p_t c_tj for prompt j, and the lane's coupling of
all sprites' squares gives a plan P_kj; by Danskin's theorem the coupling's value falls fastest
where p moves along -sum_j P_kj c_tj. The grounds follow theirs in the same way. A prompt is the
grounds' as far as some place is nearer to it than every thing is, else the sprites'.

Attributes (``attributes``: tints, styles, the places behind things) change those costs, by d_taj
for attribute a: tints, styles and grounds move along -sum_j P_kj sum_t p_t d_taj, and a thing is
judged in the tint that suits it. Both lanes go by these rules, each under its own coupling.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from otgen.painters.opinion import Answer
from otgen.painters.storybook.attributes import ATTRIBUTES, Savings
from otgen.painters.storybook.compositor import DEPTH, SIZE, placed, squares

SIDE = 48  # pixels of a square
LOOSE = (1.1, 1.3, 1.0, 1.2)  # side of a square, in sides of its sprite; of trials in turn
_ROUNDS = 8  # of coupling and moving, after each look
_SHARPLY = 20.0  # a prompt is a place's at sigmoid(20 x how much nearer a place is than a thing)
_SOME = 0.3  # a prompt that is a place's by less is none
NEAREST = 2  # things of each prompt that are always tried on
# Part of what its best tint saves that counts in whether a sprite is a thing. Not all: the encoder
# tells things best in their own colours. Filtered things it tells too badly to count at all.
_TINTED = 0.75
_EAGER = 3.0  # times faster than things their attributes move: few costs speak for them
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
    """What the first looks say of prompts, for the rest of a run.

    backdrop: [m], how far each prompt is a place's, 0 to 1. nearest: [m * n], the n things that are
    nearest to each prompt: they are tried on in every trial. of_things, of_places: as in
    ``Savings``.
    """

    backdrop: Tensor
    nearest: Tensor
    of_things: Tensor
    of_places: Tensor


class Mixtures(NamedTuple):
    """Logits: things [L, K, THINGS], grounds [L, 2, PLACES], styles [L, STYLES], tints [L, K, 1 +
    COLOURS]."""

    things: Tensor
    grounds: Tensor
    styles: Tensor
    tints: Tensor


class Seen(NamedTuple):
    """What was looked at cost: nothing [L, K, m] at each sprite, the things that it tried on, cost
    and cosine [L, K, C, m], and places [L, PLACES, m]; avoided: [L, PLACES], what of a place's cost
    is for showing what is to be avoided."""

    nothing: Tensor
    cost: Tensor
    cosine: Tensor
    places: Tensor
    avoided: Tensor


class Trial(NamedTuple):
    """What was tried on. which: [L, K, C], things; all places too. gone: [L, K], hidden sprites.
    side: [L, K, 2], how far a sprite stands before each ground. first: what prompts want. boxes:
    [L, K, 4], where sprites stand. spans: [L, 2, 4], where the grounds lie."""

    which: Tensor
    gone: Tensor
    side: Tensor
    first: First
    boxes: Tensor
    spans: Tensor


class Learned(NamedTuple):
    """mixtures: where they moved. poor: [L, K], sprites that serve no better than nothing, or far
    worse than another one does."""

    mixtures: Mixtures
    poor: Tensor


def seen(answer: Answer, lanes: int, count: int, tried: int) -> Seen:
    """Read the answer on ``pictured`` of all sprites, and then on all places."""
    cost, cosine = (x.expand(lanes, -1, -1) for x in (answer.cost, answer.cosine))
    cut = count * (1 + tried)
    things, cosine = (x[:, :cut].unflatten(1, (count, -1)) for x in (cost, cosine))
    avoided = answer.penalty.expand(lanes, -1)[:, cut:]
    return Seen(things[:, :, 0], things[:, :, 1:], cosine[:, :, 1:], cost[:, cut:], avoided)


def first(things: Tensor, which: Tensor, places: Tensor, savings: Savings, most: int) -> First:
    """Judge what prompts want.

    things: [T, m], costs of ``which`` [T]. places: [PLACES, m]. most: things kept of each prompt.
    """
    of_things = savings.of_things[which]  # [T, sum(ATTRIBUTES), m]
    thing, place = things + of_things.amin(1), places + savings.of_places.amin(1)
    apart = thing.amin(0) - place.amin(0)  # [m]
    nearest = _in_colour(things, of_things).topk(min(most, len(which)), 0, largest=False).indices
    return First(torch.sigmoid(_SHARPLY * apart), which[nearest].flatten(), *savings)


def _stand_in(gone: Tensor) -> Tensor:
    """Return whose row of costs each sprite has in the coupling, [L, K]: its own, if it shows.

    What is hidden carries no prompt: it stands for those that show, one after another.
    """
    shown = torch.argsort(gone.int(), dim=1, stable=True)  # those that show come first
    turn = (gone.cumsum(1) - 1) % (~gone).sum(1, keepdim=True).clamp(min=1)
    own = torch.arange(gone.shape[1], device=gone.device).expand_as(gone)
    return torch.where(gone, shown.gather(1, turn.clamp(min=0)), own)


def _in_colour(things: Tensor, savings: Tensor) -> Tensor:
    """Return what things cost [..., m] in the tint that suits them.

    savings: [..., sum(ATTRIBUTES), m].
    """
    return things + _TINTED * savings[..., : ATTRIBUTES[0], :].amin(-2)


def _centred(slope: Tensor) -> Tensor:
    return slope - slope.mean(-1, keepdim=True)


def learned(
    mixtures: Mixtures, trial: Trial, seen: Seen, answer: Answer, heat: float, rate: float
) -> Learned:
    """Move mixtures along the exact slopes of what was seen.

    Args:
        answer: whose coupling and shares are taken. rate: how far logits go for a unit of cost,
            over all rounds.
    """
    backdrop, of_places = trial.first.backdrop, trial.first.of_places
    table = trial.first.of_things[trial.which]  # [L, K, C, sum(ATTRIBUTES), m]
    shown = (~trial.gone).to(table)[..., None]
    things, grounds, styles, tints = mixtures
    mine, stand_in = things.gather(-1, trial.which), _stand_in(trial.gone)
    boxes = trial.boxes.gather(1, stand_in[..., None].expand_as(trial.boxes))
    before = trial.side * shown  # [L, K, 2]
    before = before / before.sum(1, keepdim=True).clamp(min=1e-6)
    shown = shown / shown.sum(1, keepdim=True).clamp(min=1)
    costs = _in_colour(seen.cost, table)
    step, behind = rate / _ROUNDS, (answer.shares * backdrop).sum()

    def coupled(costs: Tensor, of_those: Tensor, boxes: Tensor) -> Tensor:
        shares = answer.shares * of_those + _LEAST
        return answer.couple(costs, shares / shares.sum(), boxes)

    def softly(logits: Tensor) -> Tensor:
        return (logits / heat).softmax(-1)

    for _ in range(_ROUNDS):
        part, ground, style = softly(mine), softly(grounds), softly(styles)
        now = torch.einsum("lkt,lktm->lkm", part, costs)
        plan = coupled(now.gather(1, stand_in[..., None].expand_as(now)), 1 - backdrop, boxes)
        slope = torch.einsum("lkm,lktm->lkt", plan, costs)
        mine = mine - step * _centred(slope)
        wanted = torch.einsum("lkm,lkt,lktam->lka", plan, part, table)
        of_tints, of_styles, of_grounds = wanted.split(ATTRIBUTES, -1)
        of_styles, of_grounds = (of_styles * shown).sum(1), _EAGER * before.mT @ of_grounds
        if backdrop.amax() >= _SOME:
            places = seen.places[:, :, None] + of_places  # [L, PLACES, STYLES, m]
            behind_now = torch.einsum("lgp,ls,lpsm->lgm", ground, style, places)
            plan_behind = coupled(behind_now, backdrop, trial.spans)
            of_grounds = of_grounds + torch.einsum("lgm,ls,lpsm->lgp", plan_behind, style, places)
            filters = torch.einsum("lgm,lgp,psm->ls", plan_behind, ground, of_places) / 2
            of_styles = torch.lerp(of_styles, filters, behind)
        else:  # no prompt is a place: grounds only keep away from what is avoided
            of_grounds = of_grounds + _EAGER * seen.avoided[:, None]
        tints = tints - _EAGER * step * _centred(of_tints)
        styles = styles - _EAGER * step * _centred(of_styles)
        grounds = grounds - step * _centred(of_grounds)
    part, of_style = softly(mine), style[:, None].expand(-1, mine.shape[1], -1)
    weights = torch.cat([softly(tints), of_style], -1)
    saved = torch.einsum("lka,lktam->lktm", weights, table[..., : weights.shape[-1], :])
    # What is nothing to a prompt of a thing stays that under any filter.
    bare = torch.einsum("lkp,ls,psm->lkm", trial.side @ ground, style, backdrop * of_places)
    costs = torch.einsum("lkm,lkt,lktm->lk", plan, part, seen.cost + saved)
    useless = costs > (plan * (seen.nothing + bare)).sum(-1)
    things = things.scatter(-1, trial.which, mine)
    poor = useless | _behind(torch.einsum("lkt,lktm->lkm", part, seen.cosine), trial.gone)
    return Learned(Mixtures(things, grounds, styles, tints), poor)


def _behind(cosine: Tensor, gone: Tensor) -> Tensor:
    """Tell which sprites are far behind another with the prompt that they are nearest to, [L, K].

    cosine: [L, K, m].
    """
    cosine = torch.where(gone[..., None], -1.0, cosine)
    own, nearest = cosine.max(-1)  # [L, K]
    far = cosine.amax(1).gather(1, nearest) - own > _FAR
    best = (cosine == cosine.amax(1, keepdim=True)).any(-1)  # of some prompt: that one stays
    return far & ~best
