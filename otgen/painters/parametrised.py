"""Pictures without a network that has seen any: parameters moved by Adam, drawn at any size.

What the parameters mean, a ``Parametrisation`` says: ``siren`` and ``fourier`` are two. A run is
guided by small pictures of them, and people see large ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from otgen.painters.adam import adam
from otgen.painters.base import Drawing, Options, WithoutParts, enlarged

BETAS = (0.9, 0.99)
_SMALL = 1e-8  # Adam's epsilon
_GUIDED = (128, 256)  # pixels of the shorter side of the pictures that a run is guided by


class ParametersState(NamedTuple):
    """Parameters, and Adam's first and second moments: [L, ...] each.

    count: of steps taken; steps: of the run.
    """

    parameters: Tensor
    first: Tensor
    second: Tensor
    count: int
    steps: int


class Parametrisation(Protocol):
    """What a picture is a function of."""

    def start(self, seed: int, height: int, width: int) -> Tensor:
        """Return the parameters [...] that a run starts from, guided by pictures of this size."""

    def picture(self, parameters: Tensor, height: int, width: int) -> Tensor:
        """Draw pictures [L, 3, height, width] in (0, 1) of parameters [L, ...]."""


@dataclass(frozen=True)
class Parametrised(WithoutParts):
    """Paint ``height x width`` pixels by moving the parameters of a parametrisation.

    Args:
        rate: Adam's learning rate at the start; it falls to 0 along a quarter of a cosine.
    """

    parametrisation: Parametrisation
    device: torch.device
    rate: float
    height: int = 256
    width: int = 256

    def init(self, lanes: int, seed: int, steps: int) -> ParametersState:
        """Start from the parametrisation's start."""
        start = self.parametrisation.start(seed, *self.guided()).to(self.device)
        parameters = start.expand(lanes, *start.shape).contiguous()
        nothing = torch.zeros_like(parameters)
        return ParametersState(parameters, nothing, nothing.clone(), 0, steps)

    def guided(self) -> tuple[int, int]:
        """Return the height and width of the pictures that a run is guided by.

        They are half as large as the finished ones, within bounds.
        """
        short = min(self.height, self.width)
        side = min(short, max(_GUIDED[0], min(_GUIDED[1], short // 2)))
        return round(self.height * side / short), round(self.width * side / short)

    def draw(self, state: ParametersState) -> Drawing:
        """Draw the pictures: small while a run goes on, at its end as large as asked for."""
        parameters = state.parameters.detach().requires_grad_()
        if state.count >= state.steps:
            return Drawing(self._picture(state, self.height, self.width), (parameters,))
        return Drawing(self.parametrisation.picture(parameters, *self.guided()), (parameters,))

    @torch.no_grad()
    def _picture(self, state: ParametersState, height: int, width: int) -> Tensor:
        return self.parametrisation.picture(state.parameters, height, width)

    def show(self, state: ParametersState, image: Tensor, longest: int | None = None) -> Tensor:
        """Return the pictures as large as asked for, or as suffices."""
        draw = partial(self._picture, state)
        return enlarged(image, self.height, self.width, longest, draw)

    def step(
        self, state: ParametersState, drawing: Drawing, grads: tuple[Tensor, ...]
    ) -> ParametersState:
        """Take one step of Adam."""
        (grad,) = grads
        count = state.count + 1
        moments = state.first, state.second
        direction, first, second = adam(moments, grad, grad.square(), count, BETAS, _SMALL)
        rate = self.rate * math.cos(math.pi / 2 * state.count / state.steps)
        return state._replace(
            parameters=state.parameters - rate * direction, first=first, second=second, count=count
        )


def sized(painter: Parametrised, options: Options) -> Parametrised:
    """Return the painter as a run asks for it."""
    return replace(
        painter, height=options.height or painter.height, width=options.width or painter.width
    )
