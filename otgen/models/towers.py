"""The shipped CLIPs: two small towers and a tokenizer of whole words, without transformers.

transformers' CLIPModel computes the same from the same files, and the names here are its own
(``tests/models/test_towers.py``). Importing it takes 3 seconds of a CPU and loading through it 2
more, at each start of a painter. And it computes the last layer for all tokens of a crop, of which
only the first is read: a fifth of all that it does.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

_OLD_END = 2  # configurations of this end are older than transformers' reading of it


class Features(NamedTuple):
    """pooler_output: [N, d], not normalised."""

    pooler_output: Tensor


class _Attention(nn.Module):
    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (
            nn.Linear(width, width) for _ in range(4)
        )

    def forward(self, asking: Tensor, x: Tensor, mask: Tensor | None) -> Tensor:
        """Let tokens ``asking`` [N, t', width] attend to tokens x [N, t, width]."""
        q, k, v = (
            linear(tokens).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # [N, heads, t, d]
            for linear, tokens in ((self.q_proj, asking), (self.k_proj, x), (self.v_proj, x))
        )
        weights = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        if mask is not None:
            weights = weights + mask
        # Plain matrices: for 37 tokens on a CPU they are the fastest.
        weights = weights.softmax(-1, dtype=torch.float32).to(q.dtype)
        return self.out_proj((weights @ v).transpose(1, 2).flatten(-2))


class _Mlp(nn.Module):
    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class _Layer(nn.Module):
    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.self_attn, self.mlp = _Attention(config), _Mlp(config)
        self.layer_norm1, self.layer_norm2 = _norm(config), _norm(config)

    def forward(self, x: Tensor, mask: Tensor | None, first: bool = False) -> Tensor:
        """Return tokens x [N, t, width] after this layer, or only the first, [N, 1, width]."""
        seen = self.layer_norm1(x)
        if first:
            x = x[:, :1]
        x = x + self.self_attn(seen[:, : x.shape[1]], seen, mask)
        return x + self.mlp(self.layer_norm2(x))


class _Layers(nn.Module):
    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x, mask)
        return x

    def first(self, x: Tensor) -> Tensor:
        """Return what becomes of the first of tokens [N, t, width], [N, width]."""
        *before, last = self.layers
        for layer in before:
            x = layer(x, None)
        return last(x, None, first=True)[:, 0]


def _norm(config: SimpleNamespace) -> nn.LayerNorm:
    return nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)


class _TextEmbeddings(nn.Module):
    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embedding = nn.Embedding(config.max_position_embeddings, config.hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        return self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[-1]]


class _VisionEmbeddings(nn.Module):
    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        width, patch = config.hidden_size, config.patch_size
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.patch_embedding = nn.Conv2d(3, width, patch, patch, bias=False)
        self.position_embedding = nn.Embedding((config.image_size // patch) ** 2 + 1, width)

    def forward(self, pixels: Tensor) -> Tensor:
        # The convolution as a product of matrices: its gradient takes a fraction of the time.
        weight, patch = self.patch_embedding.weight, self.patch_embedding.stride
        patches = F.unfold(pixels, patch, stride=patch).transpose(1, 2)  # [N, patches, 3 * p * p]
        patches = F.linear(patches, weight.flatten(1))  # [N, patches, width]
        first = self.class_embedding.expand(len(pixels), 1, -1)
        return torch.cat([first, patches], 1) + self.position_embedding.weight


class _TextModel(nn.Module):
    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.end = config.eos_token_id
        self.embeddings, self.encoder = _TextEmbeddings(config), _Layers(config)
        self.final_layer_norm = _norm(config)

    def forward(self, ids: Tensor) -> Tensor:
        """Return [m, width] at the ends of texts ids [m, t]; what stands behind is not seen."""
        x = self.embeddings(ids)
        least = torch.finfo(x.dtype).min
        mask = torch.full((x.shape[1], x.shape[1]), least, device=x.device).triu(1)
        x = self.final_layer_norm(self.encoder(x, mask))
        ends = ids if self.end == _OLD_END else (ids == self.end).int()
        return x[torch.arange(len(x), device=x.device), ends.argmax(-1)]


class _VisionModel(nn.Module):
    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.embeddings, self.encoder = _VisionEmbeddings(config), _Layers(config)
        self.pre_layrnorm, self.post_layernorm = _norm(config), _norm(config)  # its spelling

    def forward(self, pixels: Tensor) -> Tensor:
        return self.post_layernorm(self.encoder.first(self.pre_layrnorm(self.embeddings(pixels))))


class Towers(nn.Module):
    """A CLIP of exact GELUs, as a ``config.json`` of transformers describes it."""

    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        text, vision, size = config.text_config, config.vision_config, config.projection_dim
        self.config = config
        self.text_model, self.vision_model = _TextModel(text), _VisionModel(vision)
        self.visual_projection = nn.Linear(vision.hidden_size, size, bias=False)
        self.text_projection = nn.Linear(text.hidden_size, size, bias=False)
        self.logit_scale = nn.Parameter(torch.empty(()))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.logit_scale.device

    def get_text_features(self, input_ids: Tensor) -> Features:
        """Embed texts, ids [m, t]."""
        return Features(self.text_projection(self.text_model(input_ids)))

    def get_image_features(self, pixel_values: Tensor) -> Features:
        """Embed normalised crops [N, 3, s, s]."""
        return Features(self.visual_projection(self.vision_model(pixel_values)))


def load(folder: Path) -> Towers:
    """Load the towers of a folder, in float32."""
    config = json.loads(
        (folder / "config.json").read_text(encoding="utf-8"),
        object_hook=lambda fields: SimpleNamespace(**fields),
    )
    towers = Towers(config)
    weights = load_file(folder / "model.safetensors")
    towers.load_state_dict({name: x.float() for name, x in weights.items()})
    return towers
