"""BigGAN-deep, the generator: a noise and a class -> a picture.

Brock, Donahue and Simonyan, "Large Scale GAN Training for High Fidelity Natural Image Synthesis"
(arXiv 1809.11096), appendix B; checkpoints are those that the package pytorch-pretrained-biggan
made of DeepMind's. They hold the weights before spectral normalisation (Miyato et al. 2018), and
the statistics of batch normalisation at 51 levels of truncation. ``finish`` normalises once.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

NOISE = 128  # width of a noise vector, and of an embedded class
CLASSES = 1000  # of ImageNet
LEVELS = 51  # of truncation, from 0 to 1
_EPSILON = 1e-4  # of batch normalisation
_START = 4  # pixels of a side of the first block

# Of each block: whether it doubles the side, and its width before and after, in units of "width".
_BEGIN = [[False, 16, 16], [True, 16, 16], [False, 16, 16], [True, 16, 8], [False, 8, 8]]
_END = [[True, 8, 4], [False, 4, 4], [True, 4, 2], [False, 2, 2], [True, 2, 1]]
_BLOCKS = {
    128: _BEGIN + _END,
    256: [*_BEGIN, [True, 8, 8], [False, 8, 8], *_END],
    512: [*_BEGIN, [True, 8, 8], [False, 8, 8], *_END, [False, 1, 1], [True, 1, 1]],
}


def config(side: int) -> dict:
    """Return what the published model of a side of 128, 256 or 512 pixels is built from."""
    return {"width": 128, "attention": 8, "blocks": _BLOCKS[side]}


class Norm(nn.Module):
    """Batch normalisation with the statistics that belong to a truncation.

    condition: width of what scales and shifts each channel; 0 where numbers that were learnt do.
    """

    def __init__(self, channels: int, condition: int):
        super().__init__()
        self.register_buffer("running_means", torch.zeros(LEVELS, channels))
        self.register_buffer("running_vars", torch.ones(LEVELS, channels))
        if condition:
            self.scale = nn.Linear(condition, channels, bias=False)
            self.offset = nn.Linear(condition, channels, bias=False)
        else:
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, truncation: float, condition: Tensor | None = None) -> Tensor:
        at = truncation * (LEVELS - 1)
        below = min(int(at), LEVELS - 2)
        part = at - below
        mean = self.running_means[below].lerp(self.running_means[below + 1], part)
        variance = self.running_vars[below].lerp(self.running_vars[below + 1], part)
        if condition is None:
            scale, offset = self.weight, self.bias
        else:
            scale, offset = 1 + self.scale(condition), self.offset(condition)  # [L, c]
        scale = scale * (variance + _EPSILON).rsqrt()
        offset = offset - mean * scale
        return x * scale[..., None, None] + offset[..., None, None]


class Block(nn.Module):
    """A residual block; where channels are fewer after it, the first ones are passed on."""

    def __init__(self, doubles: bool, before: int, after: int):
        super().__init__()
        middle = before // 4
        self.doubles, self.after = doubles, after
        self.bn_0 = Norm(before, 2 * NOISE)
        self.conv_0 = nn.Conv2d(before, middle, 1)
        self.bn_1 = Norm(middle, 2 * NOISE)
        self.conv_1 = nn.Conv2d(middle, middle, 3, padding=1)
        self.bn_2 = Norm(middle, 2 * NOISE)
        self.conv_2 = nn.Conv2d(middle, middle, 3, padding=1)
        self.bn_3 = Norm(middle, 2 * NOISE)
        self.conv_3 = nn.Conv2d(middle, after, 1)

    def forward(self, x: Tensor, condition: Tensor, truncation: float) -> Tensor:
        passed = x[:, : self.after]
        x = self.conv_0(F.relu(self.bn_0(x, truncation, condition)))
        x = F.relu(self.bn_1(x, truncation, condition))
        if self.doubles:
            x, passed = (F.interpolate(part, scale_factor=2.0) for part in (x, passed))
        x = self.conv_1(x)
        x = self.conv_2(F.relu(self.bn_2(x, truncation, condition)))
        x = self.conv_3(F.relu(self.bn_3(x, truncation, condition)))
        return x + passed


class Attention(nn.Module):
    """Self-attention of every place to places of half the side (Zhang et al. 2019, SAGAN)."""

    def __init__(self, channels: int):
        super().__init__()
        self.snconv1x1_theta = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.snconv1x1_phi = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.snconv1x1_g = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.snconv1x1_o_conv = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        queries = self.snconv1x1_theta(x).flatten(2).mT  # [L, h w, c / 8]
        keys = F.max_pool2d(self.snconv1x1_phi(x), 2).flatten(2).mT  # [L, h w / 4, c / 8]
        values = F.max_pool2d(self.snconv1x1_g(x), 2).flatten(2).mT  # [L, h w / 4, c / 2]
        seen = F.scaled_dot_product_attention(queries, keys, values, scale=1.0)
        return x + self.gamma * self.snconv1x1_o_conv(seen.mT.unflatten(2, x.shape[2:]))


class DeepGenerator(nn.Module):
    """Draw pictures from a noise and a class for each block.

    Args:
        width: channels of the last block. attention: the block before which there is attention.
        blocks: of each, whether it doubles the side, and its width before and after in ``width``.
    """

    def __init__(self, width: int, attention: int, blocks: list[list]):
        super().__init__()
        self.embeddings = nn.Linear(CLASSES, NOISE, bias=False)
        self.generator = nn.Module()
        first = blocks[0][1] * width
        self.generator.gen_z = nn.Linear(2 * NOISE, _START**2 * first)
        layers = [Block(doubles, a * width, b * width) for doubles, a, b in blocks]
        layers.insert(attention, Attention(blocks[attention][1] * width))
        self.generator.layers = nn.ModuleList(layers)
        self.generator.bn = Norm(width, 0)
        self.generator.conv_to_rgb = nn.Conv2d(width, 3, 3, padding=1)
        self.conditions = len(blocks) + 1  # the first block has one more for what it starts from
        self.side = _START * 2 ** sum(doubles for doubles, *_ in blocks)

    def embed(self, classes: Tensor) -> Tensor:
        """Return the embedding of a class vector, weights of the classes: [..., 1000] -> 128."""
        return self.embeddings(classes)

    def forward(self, conditions: Tensor, truncation: float) -> Tensor:
        """Return pictures [L, 3, side, side] in [0, 1].

        Args:
            conditions: [L, k, 256], a noise and an embedded class for each of ``conditions``.
            truncation: 0.02 to 1: the noise lies in a box of twice that.
        """
        net = self.generator
        x = net.gen_z(conditions[:, 0])
        x = x.unflatten(1, (_START, _START, -1)).permute(0, 3, 1, 2)  # TensorFlow's order
        rest = iter(conditions.unbind(1)[1:])
        for layer in net.layers:
            x = layer(x) if isinstance(layer, Attention) else layer(x, next(rest), truncation)
        return (net.conv_to_rgb(F.relu(net.bn(x, truncation))).tanh() + 1) / 2


def load(folder: Path) -> DeepGenerator:
    """Load ``config.json`` and ``model.safetensors`` from a folder, in float32."""
    with torch.device("meta"):
        network = DeepGenerator(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
    network.load_state_dict(load_file(folder / "model.safetensors"), assign=True)
    return network


def _normalised(key: str, shape: torch.Size) -> bool:
    """Tell whether a checkpoint holds a tensor before its spectral normalisation."""
    return key.endswith(".weight") and len(shape) > 1 and key != "embeddings.weight"


def shapes(config: dict) -> dict[str, torch.Size]:
    """Return the name -> shape of each tensor in a checkpoint of pytorch-pretrained-biggan.

    Its last convolution has a channel for each one before it; all but three are thrown away.
    """
    by_key = {}
    with torch.device("meta"):
        tensors = DeepGenerator(**config).state_dict()
    for key, tensor in tensors.items():
        shape = tensor.shape
        if ".conv_to_rgb." in key:
            shape = torch.Size((config["width"], *shape[1:]))
        if _normalised(key, shape):
            by_key[f"{key}_orig"] = shape
            by_key[f"{key}_u"], by_key[f"{key}_v"] = shape[:1], torch.Size((shape[1:].numel(),))
        else:
            by_key[key] = shape
    return by_key


def finish(tensors: dict[str, Tensor], config: dict) -> dict[str, Tensor]:
    """Return a checkpoint's tensors with their weights divided by their largest singular value.

    The checkpoint holds its left and right vectors.
    """
    renamed = {}
    for key, tensor in tensors.items():
        if key.endswith((".weight_u", ".weight_v")):
            continue
        if key.endswith(".weight_orig"):
            left, right = tensors[f"{key[:-5]}_u"], tensors[f"{key[:-5]}_v"]
            tensor, key = tensor / (left @ tensor.flatten(1) @ right), key[:-5]
        if ".conv_to_rgb." in key:
            tensor = tensor[:3].contiguous()
        renamed[key] = tensor
    return renamed
