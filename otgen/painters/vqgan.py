"""VQGAN: the latent of an autoencoder, moved by Adam, snapped to the codebook straight-through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.models import precision
from otgen.models.autoencoder import VQAutoencoder
from otgen.painters.adam import adam
from otgen.painters.base import Drawing, WithoutParts, unit_interval
from otgen.painters.randomness import generator

BETAS = (0.9, 0.999)
_SMALL = 1e-8  # Adam's epsilon


class VQGANState(NamedTuple):
    """z, and Adam's first and second moments: [L, c, h, w] each; count of steps taken."""

    z: Tensor
    first: Tensor
    second: Tensor
    count: int


@dataclass(frozen=True)
class VQGAN(WithoutParts):
    """Paint ``height x width`` pixels (multiples of the autoencoder's factor) by moving z.

    Args:
        rate: Adam's learning rate, in units of the codebook's deviation per channel.
        start: a picture [1, 3, height, width] in [0, 1] to start from; None for random codes.
        patch: side of the blocks of cells that random codes are drawn for, blended in between.
            1 is the field's noise; a small decoder starts better from soft fields of colour.
        absolute: the rate is in the latent's own units instead, as other projects have it for the
            full-size models. Most of their codes were never used and lie near 0, which shrinks the
            deviation.
    """

    autoencoder: VQAutoencoder
    height: int
    width: int
    rate: float
    start: Tensor | None = None
    patch: int = 1
    absolute: bool = False

    def init(self, lanes: int, seed: int, steps: int) -> VQGANState:
        """Start from random codes, or from the picture's latent."""
        if self.start is None:
            latent = self._random(seed)
        else:
            with torch.no_grad():
                start = self.start.to(self.autoencoder.codebook.device)
                latent = precision.run(self.autoencoder.encode, start)
        z = latent.expand(lanes, -1, -1, -1).contiguous()
        return VQGANState(z, torch.zeros_like(z), torch.zeros_like(z), 0)

    def _random(self, seed: int) -> Tensor:
        """Return random codes, one per block of ``patch`` cells: [1, c, h, w]."""
        codebook, factor = self.autoencoder.codebook, self.autoencoder.factor
        cells = (self.height // factor, self.width // factor)
        blocks = [-(-side // self.patch) for side in cells]
        draw = generator(seed, 0, "codes")
        index = torch.randint(len(codebook), blocks, generator=draw).to(codebook.device)
        codes = codebook[index].permute(2, 0, 1)[None]
        return codes if self.patch == 1 else F.interpolate(codes, cells, mode="bilinear")

    def draw(self, state: VQGANState) -> Drawing:
        """Quantise z straight-through and decode it."""
        z = state.z.detach().requires_grad_()
        picture = precision.run(self.autoencoder.decode, self.autoencoder.quantise(z).latent)
        return Drawing(unit_interval(picture), (z,))

    def step(self, state: VQGANState, drawing: Drawing, grads: tuple[Tensor, ...]) -> VQGANState:
        """Take one step of Adam, then clamp z to the codebook's per-channel range."""
        (grad,) = grads
        count = state.count + 1
        moments = state.first, state.second
        direction, first, second = adam(moments, grad, grad.square(), count, BETAS, _SMALL)
        codebook = self.autoencoder.codebook
        unit = torch.ones_like(codebook[0]) if self.absolute else codebook.std(0)
        unit, low, high = (
            value[:, None, None] for value in (unit, codebook.amin(0), codebook.amax(0))
        )
        z = state.z - self.rate * unit * direction
        return VQGANState(torch.maximum(torch.minimum(z, high), low), first, second, count)
