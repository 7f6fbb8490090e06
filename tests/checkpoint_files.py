"""Tensors of checkpoints, small or large, as those who trained the models name them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from helpers import uniform
from hub import COMMIT
from torch import Tensor
from torch.nn import functional as F

from otgen.models import adm, biggan
from otgen.models.autoencoder import VQAutoencoder
from otgen.models.layouts import F16_16384
from otgen.models.weights import File, Source, Weights

TINY = {
    "ddconfig": F16_16384["ddconfig"]
    | {"z_channels": 32, "resolution": 32, "ch": 32, "ch_mult": [1, 2], "attn_resolutions": [16]},
    "n_embed": 16,
    "embed_dim": 32,
}


def tensors_of(config: dict, seed: int = 0) -> dict[str, torch.Tensor]:
    """Return random weights under the key names of taming's checkpoints."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tensors = VQAutoencoder(**config).state_dict()
    del tensors["latent_scale"]  # ours alone
    return tensors


def gan_tensors(config: dict) -> dict[str, Tensor]:
    """Return random weights under the key names of pytorch-pretrained-biggan's checkpoints."""
    by_name = {}
    for seed, (name, shape) in enumerate(biggan.shapes(config).items()):
        by_name[name] = uniform(*shape, seed=seed) - 0.5
        if name.endswith("running_vars"):
            by_name[name] += 1
    for name in [name for name in by_name if name.endswith("_orig")]:
        stem, matrix = name.removesuffix("orig"), by_name[name].flatten(1)
        for _ in range(2):  # as training leaves them: near the largest singular vectors
            by_name[f"{stem}v"] = F.normalize(matrix.T @ by_name[f"{stem}u"], dim=0)
            by_name[f"{stem}u"] = F.normalize(matrix @ by_name[f"{stem}v"], dim=0)
    return by_name


def old_file(file: Path, content: object) -> Path:
    """Write a file as torch 1.0 did."""
    torch.save(content, file, _use_new_zipfile_serialization=False)
    return file


def new_file(file: Path, content: object) -> Path:
    """Write a file as torch since 1.6 does."""
    torch.save(content, file)
    return file


def adm_tensors(config: dict) -> dict[str, Tensor]:
    """Return random weights under OpenAI's names."""
    shapes = adm.shapes(config).items()
    return {
        name: (uniform(*shape, seed=seed) - 0.5) * (1 + (len(shape) < 2)) / max(1, shape[-1])
        for seed, (name, shape) in enumerate(shapes)
    }


def entries(checkpoint: bytes) -> dict[str, Weights]:
    """Return a checkpoint with two mirrors, and a model whose hash only the hub knows."""
    file = File("tiny.ckpt", len(checkpoint), hashlib.sha256(checkpoint).hexdigest())
    mirrors = Source("first/mirror", COMMIT, "a/"), Source("second/mirror", "main", "b/")
    plain = File("config.json"), File("unet/model.safetensors")
    return {
        "tiny": Weights((file,), mirrors, "none", 1_000_000, convert="f16-16384"),
        "plain": Weights(plain, (Source("one/model", COMMIT),), "none", 1000),
    }


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)
