"""The storybook painter: sprites before a place, every part of them moved by gradients.

A picture is one or two grounds and K sprites. What a sprite is, is a mixture over the things of the
world; where it stands is a pose. Mixtures start even and cool to one thing each during a run: at
first the sprite is the mixture of the things' drawings, and later what the decoder makes of the
mixture of their codes, which is crisp at any size (straight through: the gradient stays that of the
mixture of drawings).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.models.catalogue import asset
from otgen.painters.base import Drawing, Options, enlarged
from otgen.painters.opinion import Answer
from otgen.painters.storybook import decoder, description, places, questions
from otgen.painters.storybook.compositor import (
    DEPTH,
    SIZE,
    Composition,
    composed,
    placed,
    seamed,
    tinted,
)
from otgen.painters.storybook.decoder import SMALL
from otgen.painters.storybook.latent import (
    HIDDEN,
    MIXTURES,
    RATES,
    SETS,
    State,
    again,
    moved,
    start,
    widest,
)
from otgen.painters.storybook.styles import mixed
from otgen.world.storybook.words import PLACES

WORKING = 128  # pixels of the shorter side of the pictures that a run is guided by
_LARGEST = 512  # pixels of a side of a sprite in a finished picture; placing it enlarges more
_UNSEEN = 0.004  # weight of a place that nobody can see
_ONE = 0.98  # weight of a drawing from which on a mixture is all but that


@lru_cache(maxsize=48)  # all of a run, at each of its sizes; 13 MB each at 1024 x 1024
def _place(name: str, seed: int, height: int, width: int) -> Tensor:
    """Return a place [3, height, width]."""
    return torch.from_numpy(places.draw(name, seed, height, width)).permute(2, 0, 1).contiguous()


@dataclass(frozen=True)
class Storybook:
    """Paint with ``count`` sprites.

    Args:
        decoder: of codes. codes: [SETS * THINGS, DIM]. drawings: what it makes of them, [SETS *
            THINGS, 4, SMALL, SMALL].
        heat: of the mixtures' softmax, at the start and at the end. hold: part of a sprite's time
            before it cools.
        span: part of a run in which mixtures cool. trials: parts of a run at which sprites try
            things on, at the start all, then the ``fewer`` that they most are. learning: how far
            logits go for a unit of cost. decided: part of a run after which a poor sprite
            (``trials``) is hidden for good.
    """

    decoder: decoder.SpriteDecoder
    codes: Tensor
    drawings: Tensor
    height: int = 256
    width: int = 256
    count: int = 6
    heat: tuple[float, float] = (1.0, 0.05)
    hold: float = 0.2
    span: float = 0.8
    trials: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.55, 0.7, 0.9)
    fewer: int = 16
    learning: float = 6.0
    decided: float = 0.65
    spent = ()

    def init(self, lanes: int, seed: int, steps: int) -> State:
        """Start from even mixtures, spread over the picture."""
        return start(lanes, self.count, seed, steps, self.codes.device)

    def onward(self, state: State, lanes: list[int], seed: int, steps: int) -> State:
        """Start from another run's pictures, as warm as any start: other prompts may win."""
        return again(state, lanes, seed, steps)

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

    def _render(
        self,
        state: State,
        leaves: tuple[Tensor, ...],
        size: tuple[int, int],
        crisp: float,
    ) -> Composition:
        part, grounds, styles, tints, pose, seam, gates = leaves
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
        shown = self.shown(state, gates, part)
        whole = composed(layers, pose[..., DEPTH], shown, behind, sharply)
        return whole._replace(image=mixed(whole.image, styles))

    def working(self) -> tuple[int, int]:
        """Return the height and width of the pictures that a run is guided by."""
        scale = min(1.0, WORKING / min(self.height, self.width))
        return round(self.height * scale), round(self.width * scale)

    def _sides(self) -> Tensor:
        """Return the picture's half sides in half shorter sides, (across, down)."""
        short = min(self.height, self.width)
        return self.codes.new_tensor([self.width / short, self.height / short])

    def _crisp(self, state: State) -> float:
        """Return how far sprites are what the decoder makes of their mixed codes, 0 to 1."""
        return min(1.0, 2 * self._cooled(state))

    def draw(self, state: State) -> Drawing:
        """Draw the pictures: small while a run goes on, at its end as large as asked for."""
        leaves = tuple(leaf.detach().requires_grad_() for leaf in self.leaves(state))
        if state.count >= state.steps:
            return Drawing(self._picture(state, self.height, self.width), leaves)
        whole = self._render(state, leaves, self.working(), self._crisp(state))
        return Drawing(whole.image, leaves)

    @torch.no_grad()
    def _picture(self, state: State, height: int, width: int) -> Tensor:
        size = height, width
        return self._render(state, self.leaves(state), size, self._crisp(state)).image

    def show(self, state: State, image: Tensor, longest: int | None = None) -> Tensor:
        """Return the pictures as large as asked for, or as suffices."""
        draw = partial(self._picture, state)
        return enlarged(image, self.height, self.width, longest, draw)

    def boxes(self, state: State, loose: float = 1.0) -> Tensor:
        """Return the sprites' squares, [L, K, 4]: left, top, right, bottom, parts of the sides."""
        centre = (state.pose[..., :2] + 1) / 2
        half = loose * state.pose[..., SIZE, None].exp() / 2 / self._sides()
        return torch.cat([centre - half, centre + half], -1)

    @torch.no_grad()
    def describe(self, state: State, plan: Tensor, corners: Tensor) -> list[dict]:
        """Say what each picture is made of, and which prompt each sprite follows."""
        leaves = self.leaves(state)
        whole = self._render(state, leaves, self.working(), crisp=1.0)
        black = torch.zeros_like(whole.image)
        second = seamed(black, black + 1, state.seam)[:, 0]  # [L, h, w]
        grounds = torch.stack([(1 - second) * whole.ground, second * whole.ground], 1)
        mass = description.followed(whole.visible, plan, corners)
        asked = plan.sum(1, keepdim=True)  # [L, 1, m]
        area = whole.visible.mean((2, 3))
        # Numbers are read one by one: each would be a wait for a GPU.
        parts = leaves[0], leaves[3], area, self.boxes(state), mass, asked
        sprites = description.sprites(*(part.cpu() for part in parts))
        parts = leaves[1], leaves[2], grounds.mean((2, 3))
        behind = description.backdrop(*(part.cpu() for part in parts))
        return [{"sprites": one} | other for one, other in zip(sprites, behind, strict=True)]

    def question(self, state: State) -> Tensor | None:
        """Show what sprites and prompts are to be asked about at this step."""
        return questions.question(self, state)

    def answered(self, state: State, answer: Answer) -> State:
        """Move mixtures as the answer says; late in a run hide what serves nothing."""
        return questions.answered(self, state, answer)

    def step(self, state: State, drawing: Drawing, grads: tuple[Tensor, ...]) -> State:
        """Move every leaf against its gradient."""
        return moved(state, drawing.leaves[:MIXTURES], grads, self._sides())


def build(device: torch.device) -> Storybook:
    """Build the painter from what ships."""
    folder = asset("storybook-sprites")
    made, codes, _ = decoder.load(folder)
    # Its CLIP would not know the drawings that it was never shown.
    known = decoder.seen_instead(decoder.held_out(folder))
    drawings = decoder.drawings(folder)[known]
    return Storybook(made.to(device), codes[known].to(device), drawings.to(device))


def sized(painter: Storybook, options: Options) -> Storybook:
    """Return the painter as a run asks for it."""
    return replace(
        painter,
        height=options.height or painter.height,
        width=options.width or painter.width,
        count=options.sprites or painter.count,
    )
