"""A CLIP of the storybook's world in training: and its losses against names."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPModel

from otgen.guidance.clip import normalise
from otgen.training.loop import autocast
from otgen.training.tokenizer import word_tokenizer
from otgen.world.storybook import captions
from otgen.world.storybook.words import PLACES, STYLES, THINGS

BCE_SCALE, BCE_BIAS = 16.0, -7.0  # a name is true of a crop at sigmoid(16 cos + bias)
SHARP = 24.0  # a thing among all, where a crop shows one alone


class Encoder(nn.Module):
    """A CLIP in training, with the bias of its yes-or-no answers.

    table: [names, d], a vector of each name. Crops learn to tell them long before a text tower
    could, and the texts then learn to lie where these do.
    """

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        clip.set_attn_implementation("eager")  # for 37 tokens on a CPU a third faster than sdpa
        self.clip, self.bias = clip, nn.Parameter(torch.tensor(BCE_BIAS))
        names, d = len(THINGS) + len(PLACES) + len(STYLES), clip.config.projection_dim
        self.table = nn.Parameter(F.normalize(torch.randn(names, d), dim=-1))
        self.tokenizer = word_tokenizer(captions.words(), captions.LENGTH)

    def crops(self, crops: Tensor) -> Tensor:
        """Embed crops [N, 3, s, s]: unit vectors [N, d]."""
        with autocast(crops.device):
            pooled = self.clip.vision_model(pixel_values=normalise(crops)).pooler_output
            return F.normalize(self.clip.visual_projection(pooled).float(), dim=-1)

    def texts(self, texts: list[str]) -> Tensor:
        """Embed texts: unit vectors [T, d]."""
        tokens = self.tokenizer(texts, padding=True, return_tensors="pt").to(self.bias.device)
        with autocast(self.bias.device):
            features = self.clip.get_text_features(**tokens).pooler_output.float()
        return F.normalize(features, dim=-1)

    def against_names(self, u: Tensor, v: Tensor, true: Tensor) -> Tensor:
        """Return the loss of crops u against the names' texts v: each alone, and among all."""
        cosine = u @ v.T
        alone = F.binary_cross_entropy_with_logits(
            BCE_SCALE * cosine + self.bias, true, reduction="none"
        )
        share = true / true.sum(1, keepdim=True).clamp(min=1e-3)
        scale = self.clip.logit_scale.exp().clamp(max=60)
        among = -(share * F.log_softmax(scale * cosine, -1)).sum(1) * true.sum(1).clamp(max=1)
        return alone.sum(1).mean() + among.mean()
