"""The anchor: a term that holds pictures to what their run started from.

It is the mean squared distance of pixels, at the size that the run is guided by. A latent's
distance would mean something else for every painter, and a diffusion's latent is noise for most of
a run; pictures are what all of them have, and what a person compares. Like the term of negative
prompts it stands beside the transport and is the same in every lane.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Anchor(NamedTuple):
    """What lanes are held to: pictures [1 or L, 3, h, w] in [0, 1], and the weight, >= 0."""

    pictures: Tensor
    weight: float

    def __call__(self, pictures: Tensor) -> Tensor:
        """Return the term of pictures [L, 3, h, w], [L]."""
        return self.weight * (pictures - self.pictures).square().mean((1, 2, 3))
