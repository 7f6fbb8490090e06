"""VQGAN: the latent of an autoencoder, moved by Adam, snapped to the codebook straight-through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from otgen.autoencoder import VQAutoencoder
from otgen.generators.base import Drawing, unit_interval
from otgen.randomness import generator

BETAS = (0.9, 0.999)
_SMALL = 1e-8  # Adam's epsilon


class VQGANState(NamedTuple):
    """z, and Adam's first and second moments: [L, c, h, w] each; count of steps taken."""

    z: Tensor
    first: Tensor
    second: Tensor
    count: int


@dataclass(frozen=True)
class VQGAN:
    """Paint ``height x width`` pixels (multiples of the autoencoder's factor) by moving z.

    Args:
        rate: Adam's learning rate, in units of the codebook's deviation.
    """

    autoencoder: VQAutoencoder
    height: int
    width: int
    rate: float

    def init(self, lanes: int, seed: int, steps: int) -> VQGANState:
        """Start from random codes, one per cell."""
        factor, codebook = self.autoencoder.factor, self.autoencoder.codebook
        shape = (self.height // factor, self.width // factor)
        index = torch.randint(len(codebook), shape, generator=generator(seed, 0, "codes")).to(codebook.device)
        z = codebook[index].permute(2, 0, 1).expand(lanes, -1, -1, -1).contiguous()
        return VQGANState(z, torch.zeros_like(z), torch.zeros_like(z), 0)

    def draw(self, state: VQGANState) -> Drawing:
        """Quantise z straight-through and decode it."""
        z = state.z.detach().requires_grad_()
        picture = self.autoencoder.decode(self.autoencoder.quantise(z).latent)
        return Drawing(unit_interval(picture.float()), (z,))

    def step(self, state: VQGANState, drawing: Drawing, grads: tuple[Tensor, ...]) -> VQGANState:
        """Take one step of Adam, then clamp z to the codebook's per-channel range."""
        (grad,) = grads
        count = state.count + 1
        first = torch.lerp(state.first, grad, 1 - BETAS[0])
        second = torch.lerp(state.second, grad.square(), 1 - BETAS[1])
        direction = (first / (1 - BETAS[0] ** count)) / (
            (second / (1 - BETAS[1] ** count)).sqrt() + _SMALL
        )
        codebook = self.autoencoder.codebook
        unit, low, high = (value[:, None, None] for value in (codebook.std(0), codebook.amin(0), codebook.amax(0)))
        z = state.z - self.rate * unit * direction
        return VQGANState(torch.maximum(torch.minimum(z, high), low), first, second, count)
