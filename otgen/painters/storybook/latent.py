"""The latent of a storybook's picture: mixtures and poses, where they start and how they move."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.painters.adam import adam
from otgen.painters.randomness import generator
from otgen.painters.storybook.compositor import DEPTH, SIZE
from otgen.world.storybook.words import COLOURS, PLACES, STYLES, THINGS

SETS = 3  # drawings of each thing
# Bounds of a pose: centre across and down, log of the side, turn, squeeze, depth (compositor).
LOW = (-1.0, -1.0, math.log(0.16), -0.3, -0.2, -2.0)
HIGH = (1.0, 1.0, math.log(0.62), 0.3, 0.2, 2.0)
HIDDEN = -2.0  # a gate there stays there
BETAS = (0.8, 0.97)  # of Adam's moments
MIXTURES = 4  # the first leaves are logits of mixtures
# Logits that mixtures start with, and are pulled back to by this part a step: the seed's own place,
# the plain style, a sprite's own colours. What no prompt asks for stays.
PRIOR = {"ground": 1.5, "style": 3.0, "tint": 3.0}
PULL = 0.03
# Logits of what a sprite and a ground were, where a run goes on from a picture. With less, the
# first pictures are haze; with these, things that no prompt asks for go in a tenth of a run.
WERE = {"thing": 5.0, "ground": 3.0}
_USUAL = 50  # steps
# A step's length: logits of things, grounds, styles, tints; then pose, seam, gates.
RATES: tuple[float | tuple[float, ...], ...] = (
    *(0.15, 0.15, 0.05, 0.05),
    (0.02, 0.02, 0.02, 0.01, 0.005, 0.05),
    (0.03, 0.02, 0.1),
    0.04,
)
_NOISE = 0.1  # of the logits of things at the start
_APART = 0.46  # sprites nearer than this part of their sides move apart
# What the first looks say of prompts: nothing before them.
_UNASKED = dict.fromkeys(("backdrop", "nearest", "of_things", "of_places"))
_GROWTH = 1.3  # of a sprite's side in a run, at most: others must be seen beside it


class State(NamedTuple):
    """Where L pictures of K sprites stand.

    Leaves, which gradients move: things [L, K, THINGS], grounds [L, 2, PLACES], styles [L, STYLES],
    tints [L, K, 1 + COLOURS], logits of mixtures; pose [L, K, 6], seam [L, 3], gates [L, K], as the
    compositor's. first, second [L, D]: moments of the gradients by these seven, flattened in this
    order.

    sets, mirrored [K]: the drawings that a sprite is made of, and its side. variants [PLACES]:
    seeds of places. favourite: the place of the run's seed. count: steps taken, of steps.
    backdrop, nearest, of_things, of_places: what the first looks said (``trials.First``); None
    before them.
    """

    things: Tensor
    grounds: Tensor
    styles: Tensor
    tints: Tensor
    pose: Tensor
    seam: Tensor
    gates: Tensor
    first: Tensor
    second: Tensor
    sets: Tensor
    mirrored: Tensor
    variants: Tensor
    favourite: int
    seed: int
    count: int
    steps: int
    backdrop: Tensor | None
    nearest: Tensor | None
    of_things: Tensor | None
    of_places: Tensor | None


def _spots(count: int, reach: float, draw: torch.Generator) -> Tensor:
    """Return points [count, 2] in [-reach, reach]^2 far from each other (best candidate)."""
    spots = [torch.rand(2, generator=draw) * 2 - 1]
    while len(spots) < count:
        tried = torch.rand(24, 2, generator=draw) * 2 - 1
        spots.append(tried[torch.cdist(tried, torch.stack(spots)).amin(1).argmax()])
    return reach * torch.stack(spots)


def _side(count: int) -> float:
    """Return the side that ``count`` sprites start with."""
    return 0.5 * min(1.0, (4 / count) ** 0.5)


def widest(count: int) -> float:
    """Return the largest side that one of ``count`` sprites may have."""
    return min(math.exp(HIGH[SIZE]), _GROWTH * _side(count))


def start(lanes: int, count: int, seed: int, steps: int, device: torch.device) -> State:
    """Return the same start in every lane: even mixtures, spread over the picture."""
    draw = generator(seed, 0, "storybook")
    pose = torch.zeros(count, 6)
    pose[:, :2] = _spots(count, 0.62, draw)
    pose[:, SIZE] = math.log(_side(count))
    pose[:, DEPTH] = 0.1 * torch.randn(count, generator=draw)
    favourite = int(torch.randint(len(PLACES), (1,), generator=draw))
    grounds = torch.zeros(2, len(PLACES))
    grounds[:, favourite] = PRIOR["ground"]
    styles, tints = torch.zeros(len(STYLES)), torch.zeros(count, 1 + len(COLOURS))
    styles[0], tints[:, 0] = PRIOR["style"], PRIOR["tint"]
    seam = torch.tensor([2 * math.pi * float(torch.rand(1, generator=draw)), 0.0, 5.0])
    things = _NOISE * torch.randn(count, len(THINGS), generator=draw)
    leaves = [things, grounds, styles, tints, pose, seam, torch.ones(count)]
    leaves = [x.expand(lanes, *x.shape).contiguous().to(device) for x in leaves]
    moments = torch.zeros(lanes, sum(x[0].numel() for x in leaves), device=device)
    return State(
        *leaves,
        first=moments,
        second=moments,
        sets=torch.randint(SETS, (count,), generator=draw).to(device),
        mirrored=(torch.rand(count, generator=draw) - 0.5).sign().to(device),
        variants=torch.randint(2**31, (len(PLACES),), generator=draw),
        favourite=favourite,
        seed=seed,
        count=0,
        steps=steps,
        **_UNASKED,
    )


def again(state: State, lanes: list[int], seed: int, steps: int) -> State:
    """Return a start from these lanes' pictures.

    Everything stands where it stood, and is first what it was most; mixtures are warm again, and
    what was hidden is there again, as nothing yet, so that other prompts find sprites.
    """

    def most(logits: Tensor, prior: float) -> Tensor:
        return prior * F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits)

    hidden = (state.gates[lanes] <= HIDDEN)[..., None]
    moments = torch.zeros_like(state.first[lanes])
    return state._replace(
        things=most(state.things[lanes], WERE["thing"]).masked_fill(hidden, 0.0),
        grounds=most(state.grounds[lanes], WERE["ground"]),
        styles=most(state.styles[lanes], PRIOR["style"]),
        tints=most(state.tints[lanes], PRIOR["tint"]),
        pose=state.pose[lanes],
        seam=state.seam[lanes],
        gates=torch.ones_like(state.gates[lanes]),
        first=moments,
        second=moments,
        seed=seed,
        count=0,
        steps=steps,
        **_UNASKED,
    )


def _slopes(parts: tuple[Tensor, ...], grads: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Return the gradients by the leaves and their squares, flattened: each [L, D].

    A mixture's is taken less its mean, and scaled as one: what is alike in the loss stays alike.
    Grounds, styles and tints are scaled by the things' gradient where that is larger, so that they
    only move where a prompt asks for them.
    """
    ways, squares = [], []
    for part, grad in zip(parts, grads, strict=False):
        grad = grad - (part.detach() * grad).sum(-1, keepdim=True)
        square = grad.square().mean(-1, keepdim=True).expand_as(grad)
        if squares:
            common = squares[0].flatten(1).mean(1)
            square = torch.maximum(square, common.view(-1, *[1] * (square.ndim - 1)))
        ways.append(grad)
        squares.append(square)
    for grad in grads[len(parts) :]:
        ways.append(grad)
        squares.append(grad.square())
    first, second = (torch.cat([x.flatten(1) for x in each], 1) for each in (ways, squares))
    return first, second


def moved(
    state: State, parts: tuple[Tensor, ...], grads: tuple[Tensor, ...], sides: Tensor
) -> State:
    """Return the next state: mixtures by mirror descent, the rest by Adam (Kingma and Ba 2015).

    Args:
        parts: the mixtures that were drawn, softmax of the first leaves. grads: of the loss by
            them and the other leaves. sides: the picture's half sides (across, down), in half
            shorter sides.
    """
    count, done = state.count + 1, (state.count + 1) / state.steps
    cool = min(1.0, 2.5 * (1 - done) + 0.1)
    way, square = _slopes(parts, grads)
    moments = state.first, state.second
    way, first, second = adam(moments, way, square, count, BETAS, 1e-12)
    leaves = state[: len(RATES)]
    ways = way.split([leaf[0].numel() for leaf in leaves], 1)
    things, grounds, styles, tints, pose, seam, gates = (
        leaf - cool * leaf.new_tensor(rate) * step.view_as(leaf)
        for leaf, rate, step in zip(leaves, RATES, ways, strict=True)
    )
    # The pull between two trials is the same however many steps there are.
    pull = 1 - (1 - PULL) ** min(1.0, _USUAL / state.steps)
    favourite = torch.zeros_like(grounds)
    favourite[..., state.favourite] = PRIOR["ground"]
    plain, own = torch.zeros_like(styles), torch.zeros_like(tints)
    plain[..., 0], own[..., 0] = PRIOR["style"], PRIOR["tint"]
    return state._replace(
        things=things,
        grounds=torch.lerp(grounds, favourite, pull),
        styles=torch.lerp(styles, plain, pull),
        tints=torch.lerp(tints, own, pull),
        pose=_inside(_parted(pose, sides), sides),
        seam=torch.stack([seam[:, 0], seam[:, 1].clamp(-0.5, 0.5), seam[:, 2].clamp(3, 12)], -1),
        gates=torch.where(state.gates <= HIDDEN, HIDDEN, gates.clamp(HIDDEN + 0.01, 2)),
        first=first,
        second=second,
        count=count,
    )


def _parted(pose: Tensor, sides: Tensor) -> Tensor:
    """Move sprites apart that are nearer than a part of their sides."""
    gap = (pose[:, :, None, :2] - pose[:, None, :, :2]) * sides
    far, side = gap.norm(dim=-1) + 1e-6, 2 * pose[..., SIZE].exp()
    near = (_APART * (side[:, :, None] + side[:, None]) - far).clamp(min=0)
    near = near * (1 - torch.eye(pose.shape[1], device=pose.device))
    push = (0.08 * (near / far)[..., None] * gap).sum(2) / sides
    return torch.cat([pose[..., :2] + push, pose[..., 2:]], -1)


def _inside(pose: Tensor, sides: Tensor) -> Tensor:
    """Keep poses in their bounds, and most of every sprite inside the picture."""
    high = pose.new_tensor(HIGH)
    high[SIZE] = math.log(widest(pose.shape[1]))
    pose = pose.clamp(pose.new_tensor(LOW), high)
    most = 1 - 0.85 * pose[..., SIZE, None].exp() / sides
    return torch.cat([pose[..., :2].clamp(-most, most), pose[..., 2:]], -1)
