"""Tensors of a VQGAN checkpoint, small or large, as taming names them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from hub import COMMIT

from otgen.models.autoencoder import VQAutoencoder
from otgen.models.catalogue import File, Source, Weights
from otgen.models.layouts import F16_16384

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
