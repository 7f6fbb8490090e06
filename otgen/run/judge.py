"""The judges: second CLIPs of the small worlds, trained separately, that never guide a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from otgen.guidance.clip import ClipEncoder, load
from otgen.guidance.cutouts import CutoutSpec, cut, sample
from otgen.models.catalogue import asset
from otgen.world.mini.words import BACKGROUNDS, OBJECTS, canonical_names
from otgen.world.storybook.words import PLACES, THINGS, canonical_prompts

CUTOUTS = 64
_SPEC = CutoutSpec(smallest=0.3, largest=0.85, rotation=0, perspective=0, jitter=0, noise=0)
_SEED = 20_261_124  # of the judge's own cutouts: no run's seed draws these
_SAME = 0.9  # a name this close to a prompt (cosine) says the same and does not compete with it


def _mini() -> list[str]:
    named = canonical_names()
    return [named[thing] for thing in (*OBJECTS, *BACKGROUNDS)]


def _storybook() -> list[str]:
    named = canonical_prompts()
    return [named[name] for name in (*THINGS, *PLACES)]


class Judge(NamedTuple):
    """names: all names for a cutout. least: the cosine below which it recognises nothing."""

    names: Callable[[], list[str]]
    least: float


JUDGES: dict[str, Judge] = {
    "judge-mini": Judge(_mini, -1.0),
    "storybook-judge": Judge(_storybook, 0.35),
}


def judge(name: str, device: torch.device | str = "cpu") -> ClipEncoder:
    """Load a judge: a key of JUDGES."""
    return load(asset(name), device)


@torch.no_grad()
def recognised(encoder: ClipEncoder, judge: Judge, pictures: Tensor, prompts: list[str]) -> Tensor:
    """Count the cutouts that the judge assigns to each prompt, against all names of the world.

    Args:
        encoder: the judge's. pictures: [L, 3, h, w] in [0, 1]. prompts: m texts.

    Returns:
        [L, m] counts out of CUTOUTS random cutouts, the same ones for every picture and call.
    """
    v, others = encoder.texts(prompts), encoder.texts(judge.names())
    rivals = others[(others @ v.T).amax(1) < _SAME]
    views = sample(CUTOUTS, encoder.side, *pictures.shape[-2:], _SPEC, _SEED, 0, pictures.device)
    u = encoder.crops(cut(pictures, views).flatten(0, 1)).unflatten(0, (len(pictures), -1))
    cosine, nearest = (u @ torch.cat([v, rivals]).T).max(-1)  # [L, n]
    nearest = torch.where(cosine < judge.least, -1, nearest)
    return torch.stack([(nearest == prompt).sum(-1) for prompt in range(len(prompts))], -1)
