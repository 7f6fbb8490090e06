"""The judge: a second CLIP of the mini world, trained apart and never used to guide a picture."""

from __future__ import annotations

import torch
from torch import Tensor

from otgen.cutouts import CutoutSpec, cut, sample
from otgen.embeddings import ClipEncoder, load
from otgen.weights import asset
from otgen.world.vocabulary import BACKGROUNDS, OBJECTS, canonical_names

CUTOUTS = 64
_SPEC = CutoutSpec(smallest=0.3, largest=0.85, rotation=0, perspective=0, jitter=0, noise=0)
_SEED = 20_261_124  # of the judge's own cutouts: no run's seed draws these
_SAME = 0.9  # a name this close to a prompt (cosine) says the same and does not compete with it


def judge(device: torch.device | str = "cpu") -> ClipEncoder:
    """Load judge-mini."""
    return load(asset("judge-mini"), device)


def _names() -> list[str]:
    named = canonical_names()
    return [named[thing] for thing in (*OBJECTS, *BACKGROUNDS)]


@torch.no_grad()
def found(encoder: ClipEncoder, pictures: Tensor, prompts: list[str]) -> Tensor:
    """Count the cutouts the judge calls by each prompt rather than by any other name of the world.

    Args:
        encoder: the judge. pictures: [L, 3, h, w] in [0, 1]. prompts: m texts.

    Returns:
        [L, m] counts out of CUTOUTS random cutouts, the same ones for every picture and call.
    """
    v, names = encoder.texts(prompts), encoder.texts(_names())
    rivals = names[(names @ v.T).amax(1) < _SAME]
    views = sample(CUTOUTS, encoder.side, *pictures.shape[-2:], _SPEC, _SEED, 0, pictures.device)
    u = encoder.crops(cut(pictures, views).flatten(0, 1)).unflatten(0, (len(pictures), -1))
    nearest = (u @ torch.cat([v, rivals]).T).argmax(-1)  # [L, n]
    return torch.stack([(nearest == prompt).sum(-1) for prompt in range(len(prompts))], -1)
