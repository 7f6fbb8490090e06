"""OpenAI's unconditional diffusion of 256 x 256 pixels, as a UNet2DModel of diffusers.

Dhariwal and Nichol, "Diffusion Models Beat GANs on Image Synthesis" (arXiv 2105.05233). The stock
class computes the same; only tensors have other names, and one tensor of OpenAI's holds queries,
keys and values of an attention, head by head.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from torch import Tensor

if TYPE_CHECKING:
    from diffusers import UNet2DModel

# image_size 256, num_channels 256, num_res_blocks 2, attention_resolutions 32,16,8,
# num_head_channels 64, resblock_updown, use_scale_shift_norm, learn_sigma: of the six channels that
# come out, the first three are the noise.
IMAGENET_256 = {
    "sample_size": 256,
    "in_channels": 3,
    "out_channels": 6,
    "block_out_channels": [256, 256, 512, 512, 1024, 1024],
    "layers_per_block": 2,
    "down_block_types": ["ResnetDownsampleBlock2D"] * 3 + ["AttnDownBlock2D"] * 3,
    "up_block_types": ["AttnUpBlock2D"] * 3 + ["ResnetUpsampleBlock2D"] * 3,
    "downsample_type": "resnet",
    "upsample_type": "resnet",
    "resnet_time_scale_shift": "scale_shift",
    "attention_head_dim": 64,
    "norm_num_groups": 32,
    "attn_norm_num_groups": 32,
}
_RESIDUAL = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_SPLIT = ("to_q", "to_k", "to_v")
_ATTENTION = {"group_norm": "norm", **dict.fromkeys(_SPLIT, "qkv"), "to_out.0": "proj_out"}


def build(config: dict) -> UNet2DModel:
    """Build the network, with random weights."""
    from diffusers import UNet2DModel  # takes a second, which others are spared

    return UNet2DModel(**config)


def load(folder: Path) -> UNet2DModel:
    """Load ``config.json`` and ``model.safetensors`` from a folder, in float32."""
    with torch.device("meta"):
        unet = build(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    unet.load_state_dict(load_file(folder / "model.safetensors"), assign=True)
    return unet


def _blocks(config: dict) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield (name in diffusers, name in OpenAI's, names of the parts) of each block.

    OpenAI counts all blocks on the way down and all on the way up; diffusers counts by level.
    """
    layers = config["layers_per_block"]
    last = len(config["block_out_channels"]) - 1
    yield (
        "mid_block.",
        "middle_block.",
        {
            f"{ours}.{part}": f"{theirs}.{name}"
            for ours, theirs, parts in (
                ("resnets.0", 0, _RESIDUAL),
                ("attentions.0", 1, _ATTENTION),
                ("resnets.1", 2, _RESIDUAL),
            )
            for part, name in parts.items()
        },
    )
    count = 0
    for level, kind in enumerate(config["down_block_types"]):
        for layer in range(layers):
            count += 1
            yield f"down_blocks.{level}.resnets.{layer}.", f"input_blocks.{count}.0.", _RESIDUAL
            if kind.startswith("Attn"):
                yield (
                    f"down_blocks.{level}.attentions.{layer}.",
                    f"input_blocks.{count}.1.",
                    _ATTENTION,
                )
        if level < last:
            count += 1
            yield f"down_blocks.{level}.downsamplers.0.", f"input_blocks.{count}.0.", _RESIDUAL
    count = 0
    for level, kind in enumerate(config["up_block_types"]):
        attends = kind.startswith("Attn")
        for layer in range(layers + 1):
            yield f"up_blocks.{level}.resnets.{layer}.", f"output_blocks.{count}.0.", _RESIDUAL
            if attends:
                yield (
                    f"up_blocks.{level}.attentions.{layer}.",
                    f"output_blocks.{count}.1.",
                    _ATTENTION,
                )
            if layer == layers and level < last:
                upsampler = f"output_blocks.{count}.{1 + attends}."
                yield f"up_blocks.{level}.upsamplers.0.", upsampler, _RESIDUAL
            count += 1


def modules(config: dict) -> dict[str, str]:
    """Return the name in diffusers -> the name in OpenAI's checkpoint, of each module."""
    ends = {
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "conv_in": "input_blocks.0.0",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
    }
    return ends | {
        ours + part: theirs + name
        for ours, theirs, parts in _blocks(config)
        for part, name in parts.items()
    }


def _own(config: dict) -> dict[str, tuple[str, torch.Size]]:
    """Return the name of each tensor in diffusers -> its name in OpenAI's, and its shape here."""
    named = modules(config)
    with torch.device("meta"):
        tensors = build(config).state_dict()
    parameters = {}
    for key, tensor in tensors.items():
        module, _, kind = key.rpartition(".")
        parameters[key] = f"{named[module]}.{kind}", tensor.shape
    return parameters


def shapes(config: dict) -> dict[str, torch.Size]:
    """Return the name -> shape of each tensor in OpenAI's checkpoint."""
    by_key = {}
    for theirs, shape in _own(config).values():
        if ".qkv." in theirs:
            shape = torch.Size((3 * shape[0], *shape[1:]))
        if (".qkv." in theirs or ".proj_out." in theirs) and len(shape) == 2:
            shape = torch.Size((*shape, 1))  # a convolution over the places of a sequence
        by_key[theirs] = shape
    return by_key


def finish(tensors: dict[str, Tensor], config: dict) -> dict[str, Tensor]:
    """Return OpenAI's tensors as diffusers names and splits them."""
    renamed = {}
    for ours, (theirs, shape) in _own(config).items():
        tensor = tensors[theirs]
        if ".qkv." in theirs:
            part = _SPLIT.index(ours.split(".")[-2])
            heads = tensor.unflatten(0, (-1, 3, config["attention_head_dim"]))  # [heads, 3, d, ...]
            tensor = heads[:, part]
        renamed[ours] = tensor.reshape(shape).contiguous()
    return renamed
