"""The storybook painter: sprites before a place, every part of them moved by gradients.

A picture is one or two grounds and K sprites. What a sprite is, is a mixture over the things of the
world; where it stands is a pose. ``renderer`` draws them, and ``questions`` ask the encoder about
them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from otgen.models.catalogue import asset
from otgen.painters.base import Drawing, Options, enlarged
from otgen.painters.opinion import Answer
from otgen.painters.storybook import decoder, description, questions
from otgen.painters.storybook.compositor import seamed
from otgen.painters.storybook.latent import MIXTURES, State, again, moved, start
from otgen.painters.storybook.renderer import Renderer


@dataclass(frozen=True)
class Storybook:
    """Paint with ``count`` sprites."""

    renderer: Renderer
    count: int = 6
    trials: questions.Schedule = questions.Schedule()  # noqa: RUF009 (frozen)
    spent = ()

    def init(self, lanes: int, seed: int, steps: int) -> State:
        """Start from even mixtures, spread over the picture."""
        return start(lanes, self.count, seed, steps, self.renderer.codes.device)

    def onward(self, state: State, lanes: list[int], seed: int, steps: int) -> State:
        """Start from another run's pictures, as warm as any start: other prompts may win."""
        return again(state, lanes, seed, steps)

    def draw(self, state: State) -> Drawing:
        """Draw the pictures: small while a run goes on, at its end as large as asked for."""
        renderer = self.renderer
        leaves = tuple(leaf.detach().requires_grad_() for leaf in renderer.leaves(state))
        if state.count >= state.steps:
            return Drawing(renderer.picture(state, renderer.height, renderer.width), leaves)
        whole = renderer.render(state, leaves, renderer.working(), renderer.crisp(state))
        return Drawing(whole.image, leaves)

    def show(self, state: State, image: Tensor, longest: int | None = None) -> Tensor:
        """Return the pictures as large as asked for, or as suffices."""
        draw = partial(self.renderer.picture, state)
        return enlarged(image, self.renderer.height, self.renderer.width, longest, draw)

    @torch.no_grad()
    def describe(self, state: State, plan: Tensor, corners: Tensor) -> list[dict]:
        """Say what each picture is made of, and which prompt each sprite follows."""
        undecided, *_ = self.renderer.leaves(state)
        leaves, shown = self.renderer.pictured(state)
        _, places, styles, tints, _, seam, _ = leaves
        whole = self.renderer.render(state, leaves, self.renderer.working(), 1.0, shown)
        black = torch.zeros_like(whole.image)
        second = seamed(black, black + 1, seam)[:, 0]  # [L, h, w]
        grounds = torch.stack([(1 - second) * whole.ground, second * whole.ground], 1)
        mass = description.followed(whole.visible, plan, corners)
        asked = plan.sum(1, keepdim=True)  # [L, 1, m]
        area = whole.visible.mean((2, 3))
        # Numbers are read one by one: each would be a wait for a GPU.
        parts = undecided, tints, area, self.renderer.boxes(state), mass, asked
        sprites = description.sprites(*(part.cpu() for part in parts))
        parts = places, styles, grounds.mean((2, 3))
        behind = description.backdrop(*(part.cpu() for part in parts))
        return [{"sprites": one} | other for one, other in zip(sprites, behind, strict=True)]

    def question(self, state: State) -> Tensor | None:
        """Show what sprites and prompts are to be asked about at this step."""
        return questions.question(self.renderer, self.trials, state)

    def answered(self, state: State, answer: Answer) -> State:
        """Move mixtures as the answer says; late in a run hide what serves nothing."""
        return questions.answered(self.renderer, self.trials, state, answer)

    def step(self, state: State, drawing: Drawing, grads: tuple[Tensor, ...]) -> State:
        """Move every leaf against its gradient."""
        return moved(state, drawing.leaves[:MIXTURES], grads, self.renderer.sides())


def build(device: torch.device) -> Storybook:
    """Build the painter from what ships."""
    folder = asset("storybook-sprites")
    made, codes, _ = decoder.load(folder)
    # Its CLIP would not know the drawings that it was never shown.
    known = decoder.seen_instead(decoder.held_out(folder))
    drawings = decoder.drawings(folder)[known]
    return Storybook(Renderer(made.to(device), codes[known].to(device), drawings.to(device)))


def sized(painter: Storybook, options: Options) -> Storybook:
    """Return the painter as a run asks for it."""
    renderer = replace(
        painter.renderer,
        height=options.height or painter.renderer.height,
        width=options.width or painter.renderer.width,
    )
    return replace(painter, renderer=renderer, count=options.sprites or painter.count)
