"""Random pictures of the storybook painter, at every stage of a run, and what each crop shows.

Encoders that guide a painter see its unfinished pictures: mixtures of drawings, chimeras of two,
translucent and half-covered sprites, several of the same. Here the painter's own compositor draws
them from random states, so what a crop shows is known exactly, as numbers in [0, 1].
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.painters.storybook.compositor import composed, placed, seamed, tinted
from otgen.painters.storybook.description import means
from otgen.painters.storybook.styles import mixed
from otgen.training.loop import autocast
from otgen.training.storybook.materials import GRID, SIDE, Bank
from otgen.training.storybook.states import State
from otgen.world.storybook.words import PLACES


class Scene(NamedTuple):
    """Pictures, and what each pixel is made of.

    image: [N, 3, SIDE, SIDE]. visible: [N, K, h, w], grounds: [N, 2, h, w]: parts of each pixel, at
    half the size. whole: [N, K], area of a sprite were it opaque and uncovered, as a part of the
    picture.
    """

    image: Tensor
    visible: Tensor
    grounds: Tensor
    whole: Tensor


def _crisp(bank: Bank, part: Tensor, gates: Tensor, residual: Tensor) -> Tensor:
    """Decode mixtures of codes, part [N, C]: [N, 4, GRID, GRID]; only what is new and shows."""
    most, which = part.max(1)
    made = bank.decoded[which]
    new = ((most < 0.99) | (residual != 0).any(1)) & (gates > 0)
    if new.any():
        with autocast(part.device):
            made[new] = bank.decoder(part[new] @ bank.codes + residual[new], GRID).float()
    return made


def render(bank: Bank, state: State) -> Scene:
    """Draw the pictures of states; gradients reach all of a state but its codes' decoder."""
    n, k = state.gates.shape
    part = state.sprites.softmax(-1).flatten(0, 1)  # [N * K, C]
    sprites = (part @ bank.sprites.flatten(1)).unflatten(1, bank.sprites.shape[1:])
    if state.crisp:
        with torch.no_grad():
            made = _crisp(bank, part, state.gates.flatten(), state.residual.flatten(0, 1))
        sprites = sprites + state.crisp * (made - sprites.detach())
    sprites = tinted(sprites, state.tints.flatten(0, 1)).unflatten(0, (n, k))
    backdrops = bank.places[torch.arange(len(PLACES)), state.variants]  # [N, P, 3, h, w]
    ground = torch.einsum("ngp,npchw->ngchw", state.places.softmax(-1), backdrops)
    picture = seamed(ground[:, 0], ground[:, 1], state.seam)
    layers = placed(sprites, state.pose, state.mirrored, SIDE, SIDE)
    whole = composed(layers, state.pose[..., -1], state.gates, picture, state.order)
    image = mixed(whole.image, state.styles)
    with torch.no_grad():
        black = torch.zeros_like(picture[:, :1]).expand(-1, 3, -1, -1)
        second = seamed(black, black + 1, state.seam)[:, 0]  # [N, h, w]
        grounds = F.avg_pool2d(torch.stack([1 - second, second], 1) * whole.ground[:, None], 2)
        visible = F.avg_pool2d(whole.visible, 2)
        area = sprites[:, :, 3].mean((2, 3)) * (2 * state.pose[..., 2]).exp()
    return Scene(image, visible, grounds, area.detach())


class Truth(NamedTuple):
    """What crops show, in [0, 1]. names: [N, THINGS + PLACES + STYLES]. sprites: [N, K], how well
    a sprite is seen. weights: [N, K, THINGS], what it is."""

    names: Tensor
    sprites: Tensor
    weights: Tensor


def truth(bank: Bank, state: State, scene: Scene, boxes: Tensor, who: Tensor) -> Truth:
    """Say what the crops ``boxes`` [N, 4] of the pictures ``who`` [N] show.

    A thing is there as far as a sprite is that thing, and as far as the crop shows the sprite: from
    a tenth to six tenths of it, or a part that fills the crop. A place is there as far as it shows.
    """
    share = means(scene.visible[who], boxes)  # [N, K], part of the crop
    area = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))[:, None]
    part = share * area / scene.whole[who].clamp(min=1e-3)  # of the sprite
    there = ((part - 0.1) / 0.5).clamp(0, 1) * (share / 0.035).clamp(0, 1)
    there = torch.maximum(there, ((share - 0.15) / 0.3).clamp(0, 1))
    weights = (state.sprites.softmax(-1) @ bank.things).detach()[who]  # [N, K, THINGS]
    things = (there[..., None] * weights).amax(1)
    ground = (means(scene.grounds[who], boxes) / 0.15).clamp(0, 1)  # [N, 2]
    kinds = state.places.softmax(-1).detach()[who]  # [N, 2, PLACES]
    backdrop = (ground[..., None] * kinds).amax(1)
    return Truth(torch.cat([things, backdrop, state.styles.detach()[who]], 1), there, weights)
