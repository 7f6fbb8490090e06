"""What is measured: a default comparison's parts, built as ``otgen.run.comparison`` builds them."""

from __future__ import annotations

import torch
from torch import Tensor

from otgen.guidance.cutouts import CutoutSpec
from otgen.guidance.objective import Objective
from otgen.models import precision
from otgen.painters.catalogue import card
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.run.pool import encoder_of
from otgen.world.mini.words import canonical_names

GENERATORS = ("storybook", "diffusion-mini", "vqgan-mini")  # what ships
PAIR = ("a cat", "a castle")
DEFAULT = Settings(prompts=tuple(Prompt(text) for text in PAIR))


def texts(m: int) -> tuple[str, ...]:
    """Return m prompts that the mini world knows."""
    return (PAIR + tuple(name for name in canonical_names().values() if name not in PAIR))[:m]


def objective(generator: str, lanes: tuple[str, ...], prompts: tuple[str, ...] = PAIR) -> Objective:
    """Return the default objective of a generator, for these lanes and prompts of equal weight."""
    device = precision.device()
    encoder = encoder_of(card(generator).encoder)
    return Objective(
        encoder=encoder,
        v=encoder.texts(list(prompts)),
        b=torch.full((len(prompts),), 1 / len(prompts), device=device),
        couplings=lanes,
        epsilon=torch.full((len(lanes),), DEFAULT.epsilon, device=device),
        distance=DEFAULT.distance,
        cutouts=DEFAULT.cutouts,
        spec=CutoutSpec(),
        seed=DEFAULT.seed,
    )


def pictures(lanes: int, height: int, width: int) -> Tensor:
    """Return smooth random pictures [lanes, 3, height, width] in [0, 1]."""
    draw = torch.Generator().manual_seed(0)
    coarse = torch.rand((lanes, 3, 9, 9), generator=draw).to(precision.device())
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
