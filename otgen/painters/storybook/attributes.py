"""What attributes save: how much nearer a tint, a style or a place brings a thing to each prompt.

In trials sprites try things on plainly, as they are drawn: so the encoder tells them best. At one
step early in a run the things nearest to each prompt are looked at once more, alone in the middle
of the picture: in every tint, under every style's filter and before every place; and every place
under every filter. What such a look costs less than the plain one is what a prompt asks for. It is
kept for the run: it depends on things and prompts, not on the sprite that is asked about. What
costs more counts as nothing: a prompt that names no style is not held against one that does.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.painters.storybook.compositor import SIZE, placed, squares, tinted
from otgen.painters.storybook.styles import mixed
from otgen.world.storybook.words import COLOURS, PLACES, STYLES, THINGS

ATTRIBUTES = (1 + len(COLOURS), len(STYLES), len(PLACES))  # a tint, a style, a place
_LOOKS = sum(ATTRIBUTES) - 1  # at a thing: plain is a tint and a style
_NOISE = 0.04  # a cost that is less by this says nothing
_ASKED = 0.75  # part of what the best kind of attribute saves, from which on another counts
_SIDE, _LOOSE = 0.45, 1.2  # of the thing in the picture, and of the square about it in the thing's


class Savings(NamedTuple):
    """What attributes save, 0 or below.

    of_things: [THINGS, sum(ATTRIBUTES), m], 0 for things that were not looked at. of_places:
    [PLACES, STYLES, m], of places under filters.
    """

    of_things: Tensor
    of_places: Tensor


def empty(prompts: int, like: Tensor) -> Savings:
    """Return the savings before anything was looked at."""
    shapes = (len(THINGS), sum(ATTRIBUTES), prompts), (len(PLACES), len(STYLES), prompts)
    return Savings(*(like.new_zeros(shape) for shape in shapes))


def _filtered(pictures: Tensor, styles: Tensor) -> Tensor:
    """Return pictures [N, 3, h, w] under each style of ``styles`` [S]: [N, S, 3, h, w]."""
    each = F.one_hot(styles, len(STYLES)).to(pictures).repeat(len(pictures), 1)
    return mixed(pictures.repeat_interleave(len(styles), 0), each).unflatten(0, (-1, len(styles)))


def pictured(drawings: Tensor, ground: Tensor, places: Tensor, side: int) -> Tensor:
    """Return squares [T * _LOOKS + PLACES * STYLES, 3, side, side] of things, then of places.

    Args:
        drawings: [T, 4, s, s], of the things. ground: [3, h, w], the run's own. places: [PLACES, 3,
            h, w].
    """
    count, size = len(drawings), ground.shape[-2:]
    every = torch.eye(ATTRIBUTES[0], device=drawings.device)
    in_tints = tinted(drawings.repeat_interleave(ATTRIBUTES[0], 0), every.repeat(count, 1))
    pose = drawings.new_zeros(1, len(in_tints), 6)
    pose[..., SIZE] = torch.tensor(_SIDE).log()
    layers = placed(in_tints[None], pose, pose.new_ones(1, len(in_tints)), *size)[0]
    layers = layers.unflatten(0, (count, ATTRIBUTES[0]))

    def before(layers: Tensor, behind: Tensor) -> Tensor:
        return layers[:, :, :3] + (1 - layers[:, :, 3:]) * behind

    own = before(layers[:, :1], ground)
    every_style = torch.arange(len(STYLES), device=drawings.device)
    looks = [
        before(layers, ground),
        _filtered(own[:, 0], every_style[1:]),
        before(layers[:, :1], places),
    ]
    half = _SIDE * _LOOSE / 2
    sides = half * min(size) / own.new_tensor(size[::-1])
    box = torch.cat([0.5 - sides, 0.5 + sides]).expand(count * _LOOKS, 1, 4)
    things = squares(torch.cat(looks, 1).flatten(0, 1), box, side)
    whole = _filtered(places, every_style).flatten(0, 1)
    whole = F.interpolate(whole, (side, side), mode="bilinear", antialias=True)
    return torch.cat([things, whole])


class Looked(NamedTuple):
    """What the looks said. plain: [T, m], costs of things as they are. places: [PLACES, m], of
    places as they are. savings: what attributes save."""

    plain: Tensor
    places: Tensor
    savings: Savings


def looked(costs: Tensor, which: Tensor) -> Looked:
    """Read the costs [T * _LOOKS + PLACES * STYLES, m] of ``pictured`` things ``which`` [T]."""
    things, places = costs.split([len(which) * _LOOKS, len(PLACES) * len(STYLES)])
    things, places = things.unflatten(0, (-1, _LOOKS)), places.unflatten(0, (-1, len(STYLES)))
    tints, styles, grounds = things.split([ATTRIBUTES[0], ATTRIBUTES[1] - 1, ATTRIBUTES[2]], 1)
    plain = tints[:, :1]
    # A place is compared with others: any is clearer than the mixture that a run starts with.
    usual = grounds.median(1, keepdim=True).values
    kinds = [tints - plain, torch.cat([plain, styles], 1) - plain, grounds - usual]
    plain, own = plain[:, 0], places[:, 0]
    of_things = empty(costs.shape[-1], costs).of_things.index_copy(0, which, _asked(kinds, plain))
    return Looked(plain, own, Savings(of_things, _asked([places - places[:, :1]], own)))


def _asked(kinds: list[Tensor], plain: Tensor) -> Tensor:
    """Return what prompts ask for of kinds of attributes [N, ..., m]; plain costs are [N, m].

    A blueprint is a little nearer to "a blue house" than a plain picture is. So a kind only counts
    where it brings the nearest thing nearer to the prompt than plain by about as much as any other
    kind does.
    """
    saved = [(kind + _NOISE).clamp(max=0) for kind in kinds]
    gain = [plain.amin(0) - (plain + kind.amin(1)).amin(0) for kind in saved]  # [m] each
    least = _ASKED * torch.stack(gain).amax(0)
    asked = [(g > 0) & (g >= least) for g in gain]
    return torch.cat([s * said for s, said in zip(saved, asked, strict=True)], 1)
