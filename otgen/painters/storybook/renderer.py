"""How a storybook's state becomes a picture: its sprites before its place, crisp at any size.

Mixtures of things start even and cool to one thing each during a run. At first a sprite is the
mixture of the things' drawings, and later what the decoder makes of the mixture of their codes,
which is crisp at any size (straight through: the gradient stays that of the mixture of drawings).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.painters.storybook import places
from otgen.painters.storybook.compositor import (
    DEPTH,
    SIZE,
    Composition,
    composed,
    placed,
    seamed,
    tinted,
)
from otgen.painters.storybook.decoder import SMALL, SpriteDecoder
from otgen.painters.storybook.latent import HIDDEN, MIXTURES, RATES, SETS, State, widest
from otgen.painters.storybook.styles import mixed
from otgen.world.storybook.words import PLACES

WORKING = 128  # pixels of the shorter side of the pictures that a run is guided by
_LARGEST = 512  # pixels of a side of a sprite in a finished picture; placing it enlarges more
_UNSEEN = 0.004  # weight of a place that nobody can see
_SHARPER = 7.0  # of the line between two places in a finished picture, besides the guided one
_ONE = 0.98  # weight of a drawing from which on a mixture is all but that


@lru_cache(maxsize=48)  # all of a run, at each of its sizes; 13 MB each at 1024 x 1024
def _place(name: str, seed: int, height: int, width: int) -> Tensor:
    """Return a place [3, height, width]."""
    return torch.from_numpy(places.draw(name, seed, height, width)).permute(2, 0, 1).contiguous()


@dataclass(frozen=True)
class Renderer:
    """Draw pictures of ``height x width`` pixels.

    Args:
        decoder: of codes. codes: [SETS * THINGS, DIM]. drawings: what it makes of them, [SETS *
            THINGS, 4, SMALL, SMALL].
        heat: of the mixtures' softmax, at the start and at the end. hold: part of a sprite's time
            before it cools. span: part of a run in which mixtures cool.
    """

    decoder: SpriteDecoder
    codes: Tensor
    drawings: Tensor
    height: int = 256
    width: int = 256
    heat: tuple[float, float] = (1.0, 0.05)
    hold: float = 0.2
    span: float = 0.8

    def _cooled(self, state: State) -> float:
        """Return how far the mixtures have cooled, 0 to 1."""
        done = state.count / (self.span * max(1, state.steps))
        return min(1.0, max(0.0, (done - self.hold) / (1 - self.hold)))

    def heated(self, state: State) -> float:
        cooled = self._cooled(state)
        return self.heat[0] ** (1 - cooled) * self.heat[1] ** cooled

    def leaves(self, state: State) -> tuple[Tensor, ...]:
        """Return what is drawn: weights of things, grounds, styles and tints, then the rest."""
        heat = self.heated(state)
        weights = ((leaf / heat).softmax(-1) for leaf in state[:MIXTURES])
        return (*weights, *state[MIXTURES : len(RATES)])

    def clear(self, state: State, leaves: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return leaves as a picture for people has them.

        Late in a run each sprite is all but one thing and each ground one place, and a line is
        between two places. What is guided stays mixed: two things, or two places that no prompt
        asks for, may have half of a mixture each, and would end as a shape that is neither and as a
        double exposure.
        """
        cooled = self._cooled(state)
        power = self.heated(state) ** (-2 * cooled)
        part, grounds = (
            F.normalize((weights / weights.amax(-1, keepdim=True)) ** power, p=1.0, dim=-1)
            for weights in leaves[:2]
        )
        *others, seam, gates = leaves[2:]
        sharper = torch.cat([seam[:, :2], (1 + _SHARPER * cooled) * seam[:, 2:]], -1)
        return (part, grounds, *others, sharper, gates)

    def pictured(self, state: State) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the clear leaves of a picture for people, and how far its sprites show."""
        leaves = self.leaves(state)
        return self.clear(state, leaves), self.shown(state, leaves[-1], leaves[0])

    def shown(self, state: State, gates: Tensor, part: Tensor) -> Tensor:
        """Return how far sprites show, [L, K]: late in a run only as far as each is one thing."""
        one = part.amax(-1)
        if state.count >= state.steps:
            return ((gates > -0.5) & (one > 0.5)).float()
        opened = torch.sigmoid((1 + 5 * state.count / state.steps) * (gates + 0.5))
        fading = min(1.0, max(0.0, (self._cooled(state) - 0.3) / 0.5))
        pure = 1 - fading + fading * torch.sigmoid(12 * (one - 0.5))
        return opened * pure * (gates > HIDDEN)

    def _sprites(self, state: State, part: Tensor, side: int, crisp: float) -> Tensor:
        """Return sprites [L, K, 4, side, side]: mixtures of drawings, or decoded mixtures of codes.

        crisp: how far they are the latter, 0 to 1; the gradient is the former's.
        """
        lanes, count, _ = part.shape
        of_set = F.one_hot(state.sets, SETS).to(part.dtype)  # [K, SETS]
        over = (part[:, :, None] * of_set[:, :, None]).flatten(2)  # [L, K, SETS * THINGS]
        if side > SMALL:
            code = (over @ self.codes).flatten(0, 1)
            return self.decoder(code, side, 2).unflatten(0, (lanes, count))
        sprites = (over @ self.drawings.flatten(1)).unflatten(2, self.drawings.shape[1:])
        return sprites + crisp * (self._decoded(over) - sprites).detach() if crisp else sprites

    @torch.no_grad()
    def _decoded(self, over: Tensor) -> Tensor:
        """Decode mixtures [L, K, SETS * THINGS]; what is all but one drawing was so before."""
        most, which = over.max(-1)
        made = self.drawings[which]
        mixed = most < _ONE
        if mixed.any():
            made[mixed] = self.decoder(over[mixed] @ self.codes, SMALL, 1)
        return made

    def ground(self, state: State, part: Tensor, height: int, width: int) -> Tensor:
        """Mix the places of grounds: part [L, 2, PLACES] -> [L, 2, 3, height, width]."""
        there = list(range(len(PLACES)))
        if not part.requires_grad:  # what nobody can see need not be drawn, large as it may be
            there = torch.nonzero(part.amax((0, 1)) > _UNSEEN).flatten().tolist()
        grounds = torch.stack(self.places(state, height, width, there))
        return torch.einsum("lgp,pchw->lgchw", part[..., there], grounds.to(part.device))

    def places(self, state: State, height: int, width: int, there=None) -> list[Tensor]:
        """Return the places ``there`` (rows of PLACES; all of them) as this run draws them."""
        names, seeds = list(PLACES), state.variants.tolist()
        there = range(len(PLACES)) if there is None else there
        return [_place(names[row], seeds[row], height, width) for row in there]

    def render(
        self,
        state: State,
        leaves: tuple[Tensor, ...],
        size: tuple[int, int],
        crisp: float,
        shown: Tensor | None = None,
    ) -> Composition:
        """Draw a state from its leaves; crisp: how far sprites are decoded, 0 to 1.

        shown: [L, K], how far sprites show, if not as the leaves have it (``pictured``).
        """
        part, grounds, styles, tints, pose, seam, gates = leaves
        shown = self.shown(state, gates, part) if shown is None else shown
        lanes, count, _ = part.shape
        side = SMALL
        if size != self.working() and crisp >= 1:
            largest = round(widest(count) * min(size))
            side = min(_LARGEST, max(SMALL, largest))
        sprites = self._sprites(state, part, side, crisp)
        sprites = tinted(sprites.flatten(0, 1), tints.flatten(0, 1)).unflatten(0, (lanes, count))
        layers = placed(sprites, pose, state.mirrored.expand(lanes, -1), *size)
        ground = self.ground(state, grounds, *size)
        behind = seamed(ground[:, 0], ground[:, 1], seam)
        sharply = 4 * (1 + 9 * state.count / max(1, state.steps))
        whole = composed(layers, pose[..., DEPTH], shown, behind, sharply)
        return whole._replace(image=mixed(whole.image, styles))

    def working(self) -> tuple[int, int]:
        """Return the height and width of the pictures that a run is guided by."""
        scale = min(1.0, WORKING / min(self.height, self.width))
        return round(self.height * scale), round(self.width * scale)

    def sides(self) -> Tensor:
        """Return the picture's half sides in half shorter sides, (across, down)."""
        short = min(self.height, self.width)
        return self.codes.new_tensor([self.width / short, self.height / short])

    def crisp(self, state: State) -> float:
        """Return how far sprites are what the decoder makes of their mixed codes, 0 to 1."""
        return min(1.0, 2 * self._cooled(state))

    @torch.no_grad()
    def picture(self, state: State, height: int, width: int) -> Tensor:
        """Draw the pictures [L, 3, height, width] of a state, without a graph."""
        leaves, shown = self.pictured(state)
        return self.render(state, leaves, (height, width), self.crisp(state), shown).image

    def boxes(self, state: State, loose: float = 1.0) -> Tensor:
        """Return the sprites' squares, [L, K, 4]: left, top, right, bottom, parts of the sides."""
        centre = (state.pose[..., :2] + 1) / 2
        half = loose * state.pose[..., SIZE, None].exp() / 2 / self.sides()
        return torch.cat([centre - half, centre + half], -1)
