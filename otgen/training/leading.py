"""Where crops lead a sprite's mixture: the loss on the derivative by the mixture's weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.storybook.compositor import placed
from otgen.storybook.words import THINGS
from otgen.training.encoder import BCE_SCALE, SHARP, SIDE, Encoder
from otgen.training.scenes import Bank

RIVALS = 12  # things beside the one that a crop should lead to


def leading(
    encoder: Encoder, bank: Bank, crops: Tensor, v: Tensor, step: int, draw: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return how badly crops lead a sprite's mixture to what is asked for, and call it by name.

    What is true of a crop is known as a function of the mixture's weights, and so is its
    derivative: more of a thing makes its name truer, more of another does not. Trained on the
    derivative as on the value (Czarnecki et al. 2017, https://arxiv.org/abs/1706.04859), the
    encoder leads a sprite from any mixture to the one thing among a hundred.

    A sprite is laid over each crop [N, 3, s, s]. Its mixture is of an aim, of rivals, and of the
    mean of all things; every second update it has first gone some steps along the gradient.
    """
    n = len(crops)
    sets = torch.randint(len(bank.sprites) // len(THINGS), (n,), generator=draw)
    aims = torch.randint(len(THINGS), (n,), generator=draw)
    others = torch.randint(len(THINGS) - 1, (n, RIVALS), generator=draw)
    which = torch.cat([aims[:, None], others + (others >= aims[:, None])], 1)  # [N, 1 + RIVALS]
    table = F.normalize(encoder.table[: len(THINGS)], dim=-1)
    near = (table @ table.T).detach().fill_diagonal_(-9)
    hard = near.topk(2 * RIVALS, -1).indices[aims]  # what is taken for the aim most easily
    pick = torch.rand(n, 2 * RIVALS, generator=draw).argsort(1)[:, : RIVALS // 3]
    which[:, 1 : 1 + RIVALS // 3] = hard.gather(1, pick)
    uniform = torch.rand(n, 5, generator=draw)
    # Small and large ones in turn: each from drawings that need no filter to be placed.
    low, high = (0.7, 1.2) if step % 2 else (0.4, 0.7)
    size = math.log(low) + (math.log(high) - math.log(low)) * uniform[:, 0]
    pose = torch.zeros(n, 1, 6)
    pose[:, 0, :2] = (torch.rand(n, 2, generator=draw) - 0.5) * (1.4 - size.exp() / 2)[:, None]
    pose[:, 0, 2], pose[:, 0, 3] = size, 0.6 * uniform[:, 1] - 0.3
    pose[:, 0, 4] = 0.5 * uniform[:, 2] - 0.25
    drawings = bank.sprites if step % 2 else F.avg_pool2d(bank.sprites, 2)
    drawings = drawings.unflatten(0, (-1, len(THINGS)))
    sprites = torch.cat([drawings.mean(1)[sets][:, None], drawings[sets[:, None], which]], 1)
    count = sprites.shape[1]
    mirrored = (uniform[:, 3] - 0.5).sign()[:, None].expand(-1, count)
    layers = placed(sprites, pose.expand(-1, count, -1), mirrored, SIDE, SIDE)
    layers = layers * (0.7 + 0.3 * torch.rand(n, 1, 1, 1, 1, generator=draw))
    shown = layers[:, :, :3] + (1 - layers[:, :, 3:]) * crops[:, None]  # linear in the sprite
    heat = 10 ** (1.6 * torch.rand(n, 1, generator=draw) - 1.4)
    logits = 0.5 * torch.randn(n, count, generator=draw) / heat
    # Most of what it could become is not to be seen in it: the aim less often than not.
    absent = torch.rand(n, count, generator=draw) < 0.5
    absent[:, 0], absent[:, 1] = False, absent[:, 1] | (uniform[:, 3] % 0.1 < 0.06)
    logits = logits - 30.0 * absent
    # Early in a run a sprite is hardly more than the mean of all things; later it has none of it.
    logits[:, 0] += torch.where(uniform[:, 4] < 0.4, -30.0, 12 * (uniform[:, 4] - 0.4))
    aimed = v[aims]
    # A flat mixture without the noise that cutouts have would teach what no run ever sees.
    noise = 0.025 * torch.randn(crops.shape, generator=draw)

    def gains(part: Tensor, learn: bool) -> tuple[Tensor, Tensor]:
        """Return u [N, d] of a mixture, and what more of each thing adds to the aim's cosine."""
        seen = (torch.einsum("nl,nlchw->nchw", part, shown) + noise).requires_grad_()
        u = encoder.crops(seen)
        (grad,) = torch.autograd.grad((u * aimed).sum(), seen, create_graph=learn)
        each = torch.einsum("nchw,nlchw->nl", grad, shown)
        return u, each - (part * each).sum(1, keepdim=True)

    for _ in range(step % 4 // 2 * (1 + step % 3)):
        _, gain = gains(logits.softmax(1), learn=False)
        logits = logits + 1.2 * gain / (gain.square().mean(1, keepdim=True).sqrt() + 1e-9)
    part = logits.softmax(1)
    u, gain = gains(part, learn=True)
    led = F.cross_entropy(BCE_SCALE * gain[:, 1:], torch.zeros(n, dtype=torch.long))
    true = torch.zeros(n, len(THINGS)).scatter_add_(1, which, part[:, 1:])
    called = -(true * F.log_softmax(SHARP * u @ table.T, -1)).sum(1).mean()
    return led, called
