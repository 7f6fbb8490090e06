"""Things that sprites try on: the gradient of their expected worth under a mixture, by sampling.

REINFORCE (Williams 1992, "Simple statistical gradient-following algorithms for connectionist
reinforcement learning"): it finds among a hundred things those that the mixture of all hides.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.opinion import Question
from otgen.randomness import generator
from otgen.storybook.latent import State

TRIALS = 3  # things that each sprite tries on at a step
_LATELY = 0.15  # part of a step's trials in what they usually are worth


def drawn(part: Tensor, seed: int, step: int) -> Tensor:
    """Draw things from mixtures [L, K, THINGS]: [L, TRIALS, K], a function of (seed, step)."""
    draw = generator(seed, step, "trials")
    at = torch.rand(TRIALS, part.shape[1], 1, generator=draw).to(part.device)
    return (part[:, None].cumsum(-1) < at).sum(-1).clamp(max=part.shape[-1] - 1)


def beside(pictures: Tensor, boxes: Tensor) -> Question:
    """Ask for each lane's trials as one picture, side by side.

    Args:
        pictures: [L * TRIALS, 3, h, w]. boxes: [L, K, 4], of the sprites in each of them.
    """
    wide = torch.cat(pictures.unflatten(0, (-1, TRIALS)).unbind(1), -1)
    shift = torch.arange(TRIALS, device=boxes.device).view(-1, 1, 1)
    across = (boxes[:, None, :, ::2] + shift) / TRIALS  # [L, TRIALS, K, 2]
    down = boxes[:, None, :, 1::2].expand_as(across)
    return Question(wide, torch.stack([across, down], -1).flatten(-2).flatten(1, 2))


def learned(part: Tensor, worth: Tensor, state: State) -> tuple[Tensor, Tensor]:
    """Return the way to go in the logits of things [L, K, THINGS], and the usual worth [L, K].

    Args:
        part: [L, K, THINGS], the mixtures that were drawn from. worth: [L, TRIALS * K].
    """
    worth = worth.unflatten(1, (TRIALS, -1))  # [L, TRIALS, K]
    usual = worth.mean(1) if state.count == 0 else state.usual
    tried = F.one_hot(drawn(part, state.seed, state.count), part.shape[-1]).to(part.dtype)
    way = ((worth - usual[:, None])[..., None] * (tried - part[:, None])).sum(1)
    return way, torch.lerp(usual, worth.mean(1), _LATELY)
