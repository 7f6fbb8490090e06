"""Random states of the storybook painter, at every stage of a run."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.painters.storybook.decoder import DIM
from otgen.training.storybook.materials import Bank
from otgen.world.storybook.words import COLOURS, PLACES, STYLES, THINGS

SPRITES = 5  # of a scene, at most
_START = 0.5  # side of a sprite that the painter starts with, where there are few
_OTHER, _RESIDUAL = 0.4, 0.4  # up to which a sprite is its thing: another set's share, and spread


class State(NamedTuple):
    """Random states of the painter for N pictures of K sprites.

    sprites: [N, K, C] logits over drawings. places: [N, 2, PLACES] logits. variants: [N, PLACES].
    seam: [N, 3]. pose: [N, K, 6]. mirrored, gates: [N, K]. tints: [N, K, 1 + COLOURS] weights.
    styles: [N, STYLES] weights. residual: [N, K, DIM], added to codes. order: of depths. crisp: how
    far sprites are the decoded mixture of codes rather than the mixture of drawings.
    """

    sprites: Tensor
    places: Tensor
    variants: Tensor
    seam: Tensor
    pose: Tensor
    mirrored: Tensor
    gates: Tensor
    tints: Tensor
    styles: Tensor
    residual: Tensor
    order: float
    crisp: float

    def to(self, device: torch.device) -> State:
        """Return the same states on another device."""
        return State(*(x.to(device) if isinstance(x, Tensor) else x for x in self))


def _mixtures(n: int, kinds: int, draw: torch.Generator, least: float = -12.0) -> Tensor:
    """Return logits [n, kinds]: of one kind, of two, of a few, of nearly one, or of all."""
    rows = torch.arange(n)
    uniform = torch.rand(n, generator=draw)
    first, second = torch.randint(kinds, (2, n), generator=draw)
    share = 0.2 + 0.6 * torch.rand(n, generator=draw)
    logits = torch.full((n, kinds), least)
    one = torch.full((n, kinds), least)
    one[rows, first] = -least
    two = logits.clone()
    two[rows, first], two[rows, second] = share.log(), (1 - share).log()
    heat = 10 ** (-1.0 + 1.4 * torch.rand(n, 1, generator=draw))
    noise = torch.randn(n, kinds, generator=draw)
    few = 0.8 * noise / heat
    near = 0.5 * noise.clone()
    near[rows, first] += math.log(kinds) + 4 * torch.rand(n, generator=draw) - 2
    choices = torch.stack([one, two, few, near])
    bounds = torch.tensor([0.5, 0.68, 0.84])
    return choices[torch.bucketize(uniform, bounds), rows]


def random_state(
    bank: Bank,
    n: int,
    draw: torch.Generator,
    crisp: bool,
    easy: float = 0.0,
    finished: float = 0.0,
    tinted: float = 0.22,
) -> State:
    """Draw states of n pictures.

    crisp: some show what the decoder makes of mixed codes. easy: part of the pictures that show one
    or two whole, large sprites in the plain style: an encoder learns nothing of things before it
    has seen such. finished: part that look as the painter leaves them: every sprite is one thing,
    before one place. tinted: part of the sprites that have a tint, where some may.
    """
    k = SPRITES

    def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=draw)

    plainly = torch.arange(n) < round(easy * n)
    done = (torch.arange(n) < round((easy + finished) * n)) & ~plainly
    sure = plainly | done
    count = torch.randint(0, k + 1, (n,), generator=draw)
    count = torch.where(plainly, 1 + count % 2, count)
    gates = torch.where(uniform(n, k) < 0.75, torch.ones(n, k), uniform(n, k))
    gates = torch.where(sure[:, None], torch.ones(n, k), gates)
    gates = gates * (torch.arange(k) < count[:, None])
    size = uniform(n, k, low=math.log(0.2), high=math.log(0.75))
    large = uniform(n, k, low=math.log(0.5), high=math.log(0.95))
    size = torch.where(plainly[:, None], large, size)
    side = _START * (4 / count.clamp(min=4)) ** 0.5
    near = side.log()[:, None] + uniform(n, k, low=-0.3, high=0.3)
    size = torch.where(done[:, None], near, size)
    # Some hang half outside.
    reach = torch.where(plainly, 0.4, torch.where(done, 0.75, 1.0))
    pose = torch.cat(
        [
            uniform(n, k, 2, low=-1.0, high=1.0) * reach[:, None, None],
            size[..., None],
            uniform(n, k, 1, low=-0.35, high=0.35),
            uniform(n, k, 1, low=-0.3, high=0.3),
            uniform(n, k, 1, low=-2.0, high=2.0),
        ],
        -1,
    )
    tinted_ones = (uniform(n, k) < tinted) & ~plainly[:, None]
    tint = torch.randint(1, 1 + len(COLOURS), (n, k), generator=draw)
    tints = F.one_hot(torch.where(tinted_ones, tint, 0), 1 + len(COLOURS)).float()
    grounds = _mixtures(2 * n, len(PLACES), draw).unflatten(0, (n, 2))
    grounds = torch.where(done[:, None, None], _pure(grounds), grounds)
    alone = (uniform(n) < 0.7) | done
    grounds[alone, 1] = grounds[alone, 0]
    seam = torch.stack(
        [uniform(n, high=2 * math.pi), uniform(n, low=-0.4, high=0.4), uniform(n, low=3, high=10)],
        -1,
    )
    style = torch.randint(1, len(STYLES), (n,), generator=draw)
    # A filtered thing is the hardest to name.
    plain = uniform(n) < torch.where(done, 0.45, 0.68)
    styles = F.one_hot(torch.where(plain | plainly, 0, style), len(STYLES)).float()
    blend = uniform(n, 1) * ((uniform(n, 1) < 0.15) & ~sure[:, None])
    styles = (1 - blend) * styles + blend * F.one_hot(style, len(STYLES))
    dice = float(uniform(1))
    sprites, residual = _sprites(len(bank.sprites), sure.repeat_interleave(k), draw)
    return State(
        sprites.unflatten(0, (n, k)),
        grounds,
        torch.randint(bank.places.shape[1], (n, len(PLACES)), generator=draw),
        seam,
        pose,
        uniform(n, k).sub(0.5).sign(),
        gates,
        tints,
        styles,
        residual.unflatten(0, (n, k)),
        4 * (1 + 9 * float(uniform(1))),
        0.0 if not crisp or dice < 0.35 else 1.0 if dice < 0.75 else float(uniform(1)),
    )


def _pure(logits: Tensor) -> Tensor:
    return 12.0 * (2 * F.one_hot(logits.argmax(-1), logits.shape[-1]) - 1)


def _sprites(drawings: int, sure: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return what sprites are: logits [N, drawings] and residuals of their codes [N, DIM].

    Most mix things, each in one drawing of its own set, as in the painter. sure: [N], which are one
    thing. Some of these lie between two sets' drawings of it, or beside a drawing: still that thing
    to the eye, and drawn by no set.
    """
    n, sets = len(sure), drawings // len(THINGS)
    rows = torch.arange(n)
    over_things = _mixtures(n, len(THINGS), draw)
    things = torch.where(sure[:, None], _pure(over_things), over_things)
    of_set = torch.randint(sets, (n,), generator=draw)
    logits = torch.full((n, sets, len(THINGS)), -1e4)
    logits[rows, of_set] = things
    share = _OTHER * torch.rand(n, generator=draw)
    share = torch.where((torch.rand(n, generator=draw) < 0.3) & sure, share, 0).clamp(min=1e-4)
    other = (of_set + torch.randint(1, sets, (n,), generator=draw)) % sets
    mixed = share > 1e-4
    logits[rows[mixed], other[mixed]] = things[mixed] + (share / (1 - share)).log()[mixed, None]
    far = _RESIDUAL * torch.rand(n, 1, generator=draw) * (torch.rand(n, 1, generator=draw) < 0.4)
    return logits.flatten(1), far * torch.randn(n, DIM, generator=draw)
