"""What the CLIPs of both worlds share in training: their shape, and how they are hardened."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from transformers import CLIPConfig, PreTrainedTokenizerBase

SIDE = 48  # pixels of an encoder's input
RADIUS = 1.0  # of a change of a crop in [0, 1], Euclidean; 0.012 a number, 3 of 255 levels
ATTACKS = 2  # steps to the hardest change


def config(tokenizer: PreTrainedTokenizerBase, longest: int, width: int) -> CLIPConfig:
    """Return the shape of a CLIP: ``longest`` tokens of a text, a vision tower of ``width``."""
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": longest,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "hidden_act": "gelu",
    }
    vision = {
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_hidden_layers": 4,
        "num_attention_heads": width // 32,
        "image_size": SIDE,
        "patch_size": 8,
        "hidden_act": "gelu",
    }
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=128)


def hardest(crops: Tensor, loss_of: Callable[[Tensor], Tensor], steps: int = ATTACKS) -> Tensor:
    """Return crops changed, within RADIUS of each, so that the loss is large.

    Projected gradient ascent under the Euclidean norm (Madry et al., 2018,
    https://arxiv.org/abs/1706.06083). [B, 3, s, s] in [0, 1], both.
    """
    change = torch.zeros_like(crops)
    for _ in range(steps):
        change.requires_grad_()
        (grad,) = torch.autograd.grad(loss_of(crops + change), change)
        change = change.detach() + RADIUS * grad / _length(grad).clamp(min=1e-12)
        change = change * (RADIUS / _length(change).clamp(min=1e-12)).clamp(max=1)
        change = (crops + change).clamp(0, 1) - crops
    return crops + change


def _length(change: Tensor) -> Tensor:
    return change.flatten(1).norm(dim=1)[:, None, None, None]
