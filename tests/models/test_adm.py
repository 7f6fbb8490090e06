"""OpenAI's UNet: its names, and that diffusers' stock class computes what its tensors mean."""

from __future__ import annotations

import math

import pytest
import torch
from checkpoint_files import adm_tensors
from helpers import TINY_ADM, uniform
from torch import Tensor
from torch.nn import functional as F

from otgen.models import adm
from otgen.models.catalogue import TABLE
from otgen.models.checkpoints import UnusableCheckpoint, convert
from otgen.models.layouts import unet


class Published:
    """The network as its paper and code describe it, from a checkpoint's names alone.

    What a block is follows from its tensors: qkv makes an attention, in_layers a residual.
    """

    def __init__(self, tensors: dict[str, Tensor], config: dict) -> None:
        self.tensors, self.config = tensors, config

    def layer(self, name: str) -> tuple[Tensor, Tensor]:
        return self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]

    def normed(self, name: str, x: Tensor) -> Tensor:
        return F.group_norm(x, self.config["norm_num_groups"], *self.layer(name))

    def residual(self, name: str, x: Tensor, time: Tensor, resize) -> Tensor:
        h = F.silu(self.normed(f"{name}.in_layers.0", x))
        h = F.conv2d(resize(h), *self.layer(f"{name}.in_layers.2"), padding=1)
        scale, shift = F.linear(F.silu(time), *self.layer(f"{name}.emb_layers.1"))[
            ..., None, None
        ].chunk(2, 1)
        h = F.silu(self.normed(f"{name}.out_layers.0", h) * (1 + scale) + shift)
        h = F.conv2d(h, *self.layer(f"{name}.out_layers.3"), padding=1)
        x = resize(x)
        if f"{name}.skip_connection.weight" in self.tensors:
            x = F.conv2d(x, *self.layer(f"{name}.skip_connection"))
        return x + h

    def attention(self, name: str, x: Tensor) -> Tensor:
        flat = self.normed(f"{name}.norm", x).flatten(2)
        heads = F.conv1d(flat, *self.layer(f"{name}.qkv")).unflatten(
            1, (-1, 3 * self.config["attention_head_dim"])
        )
        q, k, v = heads.chunk(3, 2)  # each head has its own queries, keys and values in a row
        weight = (q.mT @ k / math.sqrt(q.shape[2])).softmax(-1)
        out = (v @ weight.mT).flatten(1, 2)
        return x + F.conv1d(out, *self.layer(f"{name}.proj_out")).view_as(x)

    def block(self, name: str, x: Tensor, time: Tensor, resize) -> Tensor:
        """Run the parts of a block; the last residual of a level changes the size."""
        parts = sorted(
            {
                key[len(name) + 1 :].split(".")[0]
                for key in self.tensors
                if key.startswith(f"{name}.")
            }
        )
        for part in parts:
            here = f"{name}.{part}"
            if f"{here}.qkv.weight" in self.tensors:
                x = self.attention(here, x)
            elif f"{here}.in_layers.0.weight" in self.tensors:
                last = part == parts[-1] and (len(parts) > 1 or resize is half)
                x = self.residual(here, x, time, resize if last else same)
            else:
                x = F.conv2d(x, *self.layer(here), padding=1)
        return x

    def __call__(self, x: Tensor, timestep: int) -> Tensor:
        width, levels = self.config["block_out_channels"][0], len(self.config["block_out_channels"])
        layers = self.config["layers_per_block"]
        frequencies = torch.exp(-math.log(10000) * torch.arange(width // 2) / (width // 2))
        angles = timestep * frequencies[None]
        time = torch.cat([angles.cos(), angles.sin()], -1)
        time = F.silu(F.linear(time, *self.layer("time_embed.0")))
        time = F.linear(time, *self.layer("time_embed.2"))
        held = []
        for count in range(levels * (layers + 1)):
            resize = half if count and count % (layers + 1) == 0 else same
            x = self.block(f"input_blocks.{count}", x, time, resize)
            held.append(x)
        x = self.block("middle_block", x, time, same)
        for count in range(levels * (layers + 1)):
            ends = count % (layers + 1) == layers and count < levels * (layers + 1) - 1
            resize = double if ends else same
            x = self.block(f"output_blocks.{count}", torch.cat([x, held.pop()], 1), time, resize)
        return F.conv2d(F.silu(self.normed("out.0", x)), *self.layer("out.2"), padding=1)


def same(x: Tensor) -> Tensor:
    return x


def half(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2)


def double(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def test_converted_checkpoint_predicts_as_published(tmp_path):
    """A file laid out as the real one, converted, loaded. 1e-5: float32, other order of sums."""
    tensors = adm_tensors(TINY_ADM)
    torch.save(tensors, tmp_path / "real.pt")
    network = adm.load(convert(tmp_path / "real.pt", tmp_path / "converted", unet(TINY_ADM)))
    x = uniform(2, 3, 32, 32) * 2 - 1
    for timestep in (0, 437, 999):
        with torch.no_grad():
            ours = network(x, timestep).sample
        theirs = Published(tensors, TINY_ADM)(x, timestep)
        assert theirs.std() > 0.05
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_layout_has_the_size_of_the_published_file():
    """The tensors, and some bytes of names around each."""
    shapes = adm.shapes(adm.IMAGENET_256)
    assert len(shapes) == 566
    parameters = sum(shape.numel() for shape in shapes.values())
    assert parameters == 552_814_086
    weights = TABLE["diffusion-imagenet"]
    assert weights.memory == 4 * parameters
    assert 0 < weights.files[0].bytes - 4 * parameters < 300 * len(shapes)


def test_checkpoint_of_another_architecture_is_refused(tmp_path):
    torch.save(adm_tensors(TINY_ADM) | {"label_emb.weight": torch.zeros(9, 64)}, tmp_path / "a.pt")
    with pytest.raises(UnusableCheckpoint, match="OpenAI's UNet: 0 tensors are missing, 1 unknown"):
        convert(tmp_path / "a.pt", tmp_path / "converted", unet(TINY_ADM))
