"""The registry of generators: one literal table."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from otgen.generators.base import ImageGenerator
from otgen.generators.mini import diffusion_mini, vqgan_mini
from otgen.prompts import InputError, shorten


class GeneratorCard(NamedTuple):
    """What a person is told of a generator, and how to build it.

    encoder: the CLIP that fits it. steps: a good number of steps. build: device -> generator.
    """

    title: str
    summary: str
    encoder: str
    steps: int
    build: Callable[[torch.device], ImageGenerator]


GENERATORS: dict[str, GeneratorCard] = {
    "diffusion-mini": GeneratorCard(
        "Diffusion, mini",
        "A small guided diffusion model of a small world: storybook pictures, 128 x 128, made in seconds.",
        "clip-mini",
        100,
        diffusion_mini,
    ),
    "vqgan-mini": GeneratorCard(
        "VQGAN, mini",
        "A small VQGAN of the same world, its latent optimised as in the paper: looser, dreamlike, 128 x 128.",
        "clip-mini",
        150,
        vqgan_mini,
    ),
}


def card(name: str) -> GeneratorCard:
    """Return a generator's card. Raises InputError."""
    try:
        return GENERATORS[name]
    except KeyError:
        raise InputError(
            f"There is no generator {shorten(str(name))}; there are: {', '.join(GENERATORS)}."
        ) from None
