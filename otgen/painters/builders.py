"""How each painter of the catalogue is built, and fitted to a run. Importing this loads torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from otgen.painters.base import ImageGenerator, Options
from otgen.painters.fourier import fourier
from otgen.painters.full import (
    biggan_of,
    diffusion,
    diffusion_imagenet,
    guided,
    of_class,
    sized_vqgan,
    steered,
    vqgan_imagenet,
    vqgan_wikiart,
)
from otgen.painters.mini import diffusion_mini, vqgan_mini
from otgen.painters.parametrised import sized
from otgen.painters.siren import siren
from otgen.painters.storybook import painter as storybook


class Builder(NamedTuple):
    """build: device -> generator. adapt: the generator as one run asks for it."""

    build: Callable[[torch.device], ImageGenerator]
    adapt: Callable[[ImageGenerator, Options], ImageGenerator]


# The keys are those of ``catalogue.GENERATORS``.
BUILDERS: dict[str, Builder] = {
    "storybook": Builder(storybook.build, storybook.sized),
    "diffusion-mini": Builder(diffusion_mini, guided),
    "vqgan-mini": Builder(vqgan_mini, sized_vqgan),
    "siren": Builder(siren, sized),
    "fourier": Builder(fourier, sized),
    "vqgan-imagenet": Builder(vqgan_imagenet, sized_vqgan),
    "vqgan-wikiart": Builder(vqgan_wikiart, sized_vqgan),
    "diffusion": Builder(diffusion, guided),
    "diffusion-imagenet": Builder(diffusion_imagenet, steered),
    "biggan-128": Builder(biggan_of(128), of_class),
    "biggan-256": Builder(biggan_of(256), of_class),
    "biggan-512": Builder(biggan_of(512), of_class),
}
