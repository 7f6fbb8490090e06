"""SIREN: the picture is a small network of sines from a place to a colour.

Sitzmann et al., "Implicit Neural Representations with Periodic Activation Functions" (2020),
https://arxiv.org/abs/2006.09661. To let CLIP guide such a network is the idea of Deep Daze.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from otgen.painters.colours import coloured
from otgen.painters.parametrised import Parametrised
from otgen.painters.randomness import generator

_AT_ONCE = 2**13  # pixels that are drawn together: the fastest of those tried on a CPU


@dataclass(frozen=True)
class Siren:
    """A network from (across, down), in half shorter sides from the middle, to a colour.

    Args:
        width, depth: of the hidden layers, and how many they are. frequency: the paper's omega_0,
            which widens what a sine is given.
    """

    width: int = 64
    depth: int = 4
    frequency: float = 30.0

    def _shapes(self) -> list[tuple[int, int]]:
        """Return the inputs of each layer, with one for the bias, and its outputs."""
        sides = 2, *[self.width] * self.depth, 3
        return [(inner + 1, outer) for inner, outer in pairwise(sides)]

    def start(self, seed: int, height: int, width: int) -> Tensor:
        """Draw all weights and biases in one row, in the ranges of the paper's section 3.2."""
        draw, rows = generator(seed, 0, "siren"), []
        for layer, (inner, outer) in enumerate(self._shapes()):
            most = math.sqrt(6 / (inner - 1)) / self.frequency if layer else 1 / (inner - 1)
            rows.append(most * (2 * torch.rand(inner * outer, generator=draw) - 1))
        return torch.cat(rows)

    def picture(self, parameters: Tensor, height: int, width: int) -> Tensor:
        """Draw what networks [L, p] make of each pixel's middle: [L, 3, height, width]."""
        down, across = (
            (2 * torch.arange(side, device=parameters.device) + 1 - side) / min(height, width)
            for side in (height, width)
        )
        places = torch.cartesian_prod(down, across).flip(-1)  # [h * w, 2]
        shapes = self._shapes()
        parts = parameters.split([inner * outer for inner, outer in shapes], -1)
        layers = [part.unflatten(-1, shape) for part, shape in zip(parts, shapes, strict=True)]
        made = torch.cat([self._at(some, layers) for some in places.split(_AT_ONCE)], 1)
        return coloured(made.transpose(1, 2).unflatten(-1, (height, width)))

    def _at(self, places: Tensor, layers: list[Tensor]) -> Tensor:
        """Return what networks, layers of [L, inner, outer], make of places [p, 2]: [L, p, 3]."""
        x = places.expand(len(layers[0]), -1, -1)
        for layer in layers[:-1]:
            x = torch.sin(self.frequency * torch.baddbmm(layer[:, -1:], x, layer[:, :-1]))
        return torch.baddbmm(layers[-1][:, -1:], x, layers[-1][:, :-1])


def siren(device: torch.device) -> Parametrised:
    """Build the painter. Nothing is loaded."""
    return Parametrised(Siren(), device, rate=0.001)
