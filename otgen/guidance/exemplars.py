"""Pictures as prompts: embedded by the same CLIP, columns of the cost beside texts.

A picture is seen as cutouts are: as squares, and as often mirrored as not. Its embedding is the
mean of as few squares as cover it, each once as it is and once mirrored.

CLIP holds pictures nearer to pictures than to texts, whatever they show. So where texts and
pictures stand side by side, the columns of pictures are moved by a constant, so that "the nearest
prompt" of a cutout means something. A constant changes no plan and no gradient of couplings that
keep the prompts' shares. It changes both in ``nearest``, ``unbalanced``, ``background`` and
``worst``, whose shares are free. Prompts are made alike midway between a blank cutout and one that
shows them: that is RISE / 2 logits above blank for a text, and SHOWN / 2 of the way from blank to
itself for a picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.guidance.clip import ClipEncoder
from otgen.transport.distances import DISTANCES

_GREYS = (0.2, 0.5, 0.8)
MOST_SQUARES = 8
# Medians of the storybook's encoder, of its things as texts, and as pictures of other drawings of
# them. Nearest is then right for 99 of 100 things of either kind.
RISE, SHOWN = 6.4, 0.5


class Level(NamedTuple):
    """Constants that are added to the columns of costs, [m], and of cosines, [m]."""

    cost: Tensor
    cosine: Tensor


def blank(encoder: ClipEncoder) -> Tensor:
    """Embed blank pictures: unit vectors [3, d]."""
    side = encoder.side
    greys = torch.tensor(_GREYS, device=encoder.model.device)
    return encoder.crops(greys[:, None, None, None].expand(-1, 3, side, side))


def squares(picture: Tensor, side: int) -> Tensor:
    """Return as few squares as cover a picture [3, h, w], and their mirror images, [n, 3, s, s].

    A long strip has MOST_SQUARES, with gaps between them.
    """
    height, width = picture.shape[1:]
    short = min(height, width)
    many = min(MOST_SQUARES, math.ceil(max(height, width) / short))
    offsets = [round(at) for at in np.linspace(0, max(height, width) - short, many)]
    crops = torch.stack(
        [
            picture[:, at : at + short] if height > width else picture[:, :, at : at + short]
            for at in offsets
        ]
    )
    crops = F.interpolate(crops, (side, side), mode="bilinear", antialias=True)
    return torch.cat([crops, crops.flip(-1)])


@torch.no_grad()
def embedded(encoder: ClipEncoder, prompts: Sequence[str | np.ndarray]) -> Tensor:
    """Embed m texts and pictures, [h, w, 3] in [0, 1]: unit vectors [m, d].

    Raises InputError for unknown words.
    """
    texts = [prompt for prompt in prompts if isinstance(prompt, str)]
    if len(texts) == len(prompts):
        return encoder.texts(texts)
    read = iter(encoder.texts(texts) if texts else ())
    return torch.stack(
        [next(read) if isinstance(prompt, str) else _picture(encoder, prompt) for prompt in prompts]
    )


def _picture(encoder: ClipEncoder, picture: np.ndarray) -> Tensor:
    pixels = torch.from_numpy(picture).permute(2, 0, 1).to(encoder.model.device)
    return F.normalize(encoder.crops(squares(pixels, encoder.side)).mean(0), dim=0)


@torch.no_grad()
def level(encoder: ClipEncoder, v: Tensor, pictures: Sequence[bool], distance: str) -> Level | None:
    """Return what makes prompts v [m, d] comparable; None where all are texts, or all pictures."""
    chosen = torch.tensor(pictures, device=v.device)
    if chosen.all() or not chosen.any():
        return None
    empty = (blank(encoder) @ v.T).mean(0)  # [m]
    text = empty[~chosen].mean() + RISE / 2 / encoder.model.logit_scale.exp()
    midway = torch.where(chosen, empty + SHOWN / 2 * (1 - empty), text)
    zero = torch.zeros_like(text)
    seen = torch.stack([torch.ones_like(text), zero])  # a cutout, and prompts at those cosines
    there = torch.stack([midway, (1 - midway.square()).clamp(min=0).sqrt()], -1)
    here = torch.stack([text, (1 - text.square()).clamp(min=0).sqrt()])
    of = DISTANCES[distance]
    return Level(of(seen[None], here[None])[0] - of(seen[None], there)[0], text - midway)
