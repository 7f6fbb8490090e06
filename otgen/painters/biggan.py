"""BigGAN: the noise and the class of every block of the generator, moved by Adam.

Murdock's Big Sleep (2021) gave each block a noise and a class vector of its own, which reaches
pictures that no single pair does; here all blocks start from the same pair, from which the network
draws what it was trained to draw. A class is a mixture: its weights are a softmax, so they add up
to 1 as those of one class do, and no further term of the loss has to see to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from otgen.models import precision
from otgen.models.biggan import CLASSES, NOISE, DeepGenerator
from otgen.painters.adam import adam
from otgen.painters.base import Drawing, WithoutParts
from otgen.painters.randomness import generator

BETAS = (0.9, 0.999)
# Adam's epsilon: a thousand classes share a softmax, so the slopes of most are tiny.
_SMALL = 1e-12
_BOX = 2.0  # noise is drawn from a normal distribution cut off there
_SPREAD = 0.3  # of the classes' logits at the start


class BigGANState(NamedTuple):
    """latent, and Adam's first and second moments; count of steps taken.

    latent: [L, k, 128 + 1000], noise and then logits of the classes, for each of k blocks;
    [L, k, 128] where the class is fixed.
    """

    latent: Tensor
    first: Tensor
    second: Tensor
    count: int


@dataclass(frozen=True)
class BigGAN(WithoutParts):
    """Paint by moving the inputs of each block of the network.

    Args:
        rate: Adam's learning rate. truncation: 0.02 to 1, the noise stays within twice this: less
            of it makes pictures more alike and less broken.
        fixed: the number of a class of ImageNet, 0 to 999; None leaves the class to the prompts.
    """

    network: DeepGenerator
    rate: float
    truncation: float = 1.0
    fixed: int | None = None

    def init(self, lanes: int, seed: int, steps: int) -> BigGANState:
        """Start from one noise and, unless it is fixed, a mixture of all classes."""
        draw = generator(seed, 0, "noise")
        noise = torch.empty(NOISE)
        torch.nn.init.trunc_normal_(noise, a=-_BOX, b=_BOX, generator=draw)
        parts = [self.truncation * noise]
        if self.fixed is None:
            parts.append(_SPREAD * torch.randn(CLASSES, generator=draw))
        one = torch.cat(parts).to(self.network.embeddings.weight.device)
        latent = one.expand(lanes, self.network.conditions, -1).contiguous()
        return BigGANState(latent, torch.zeros_like(latent), torch.zeros_like(latent), 0)

    def _conditions(self, latent: Tensor) -> Tensor:
        """Return the blocks' inputs: noise and embedded class, [L, k, 256]."""
        embeddings = self.network.embeddings.weight.float()  # [128, classes]
        noise, logits = latent[..., :NOISE], latent[..., NOISE:]
        if self.fixed is None:
            classes = logits.softmax(-1) @ embeddings.T
        else:
            classes = embeddings[:, self.fixed].expand_as(noise)
        return torch.cat((noise, classes), -1)

    def draw(self, state: BigGANState) -> Drawing:
        """Draw the pictures of the latent."""
        latent = state.latent.detach().requires_grad_()
        picture = precision.run(
            lambda conditions: self.network(conditions, self.truncation), self._conditions(latent)
        )
        return Drawing(picture, (latent,))

    def step(self, state: BigGANState, drawing: Drawing, grads: tuple[Tensor, ...]) -> BigGANState:
        """Take one step of Adam, then clamp the noise to its box."""
        (grad,) = grads
        count = state.count + 1
        moments = state.first, state.second
        direction, first, second = adam(moments, grad, grad.square(), count, BETAS, _SMALL)
        latent = state.latent - self.rate * direction
        side = _BOX * self.truncation
        noise = latent[..., :NOISE].clamp(-side, side)
        return BigGANState(torch.cat((noise, latent[..., NOISE:]), -1), first, second, count)
