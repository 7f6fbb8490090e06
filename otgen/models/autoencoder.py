"""The autoencoder of VQGAN: taming's Encoder and Decoder around one codebook.

One class serves the full-size f16-16384 model and the mini one. Its keys have the names of taming's
checkpoints, so it can load both. Source: Esser, Rombach, Ommer,
"Taming Transformers" (arXiv 2012.09841).
"""

from __future__ import annotations

import contextlib
import io
import json
import threading
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

_QUIET = threading.Lock()


class Codes(NamedTuple):
    """A quantised latent.

    latent: [B, c, h, w], carries straight-through gradients. index: [B, h, w].
    """

    latent: Tensor
    index: Tensor


class VQAutoencoder(nn.Module):
    """Picture <-> latent <-> picture.

    Args:
        ddconfig: taming's configuration of Encoder and Decoder.
        n_embed: number of codes.
        embed_dim: width of a code, c.
        unshuffle: the pixels of a block of ``unshuffle x unshuffle`` become channels before the
            Encoder and pixels again after the Decoder. It is 1 for taming's own models. A larger
            one makes a small model fast on a CPU.
    """

    def __init__(self, ddconfig: dict, n_embed: int, embed_dim: int, unshuffle: int = 1):
        super().__init__()
        from taming.modules.diffusionmodules.model import Decoder, Encoder  # imports torch only

        # taming prints the latent's shape; standard output belongs to the whole process, so one
        # model is built at a time.
        with _QUIET, contextlib.redirect_stdout(io.StringIO()):
            self.encoder = Encoder(**ddconfig)
            self.decoder = Decoder(**ddconfig)
        self.quantize = nn.Module()
        self.quantize.embedding = nn.Embedding(n_embed, embed_dim)
        self.quant_conv = nn.Conv2d(ddconfig["z_channels"], embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(embed_dim, ddconfig["z_channels"], 1)
        # Deviation of encoded pictures per channel: divides latents for a diffusion model.
        # 1 until measured.
        self.register_buffer("latent_scale", torch.ones(embed_dim))
        self.unshuffle = unshuffle
        self.factor = unshuffle * 2 ** (
            len(ddconfig["ch_mult"]) - 1
        )  # pixels per side of a latent cell

    @property
    def codebook(self) -> Tensor:
        """The codes, [n_embed, embed_dim]."""
        return self.quantize.embedding.weight

    def encode(self, picture: Tensor) -> Tensor:
        """Return the latent before quantisation.

        [B, 3, H, W] in [0, 1] -> [B, c, H / factor, W / factor].
        """
        x = F.pixel_unshuffle(picture * 2 - 1, self.unshuffle)
        return self.quant_conv(self.encoder(x))

    def nearest(self, latent: Tensor) -> Tensor:
        """Return the index of the nearest code of each cell: [B, c, h, w] -> [B, h, w]."""
        cells = latent.detach().float().permute(0, 2, 3, 1)  # [B, h, w, c]
        codes = self.codebook.float()
        # |cell - code|^2 without the term that no code changes.
        return (codes.square().sum(1) - 2 * cells @ codes.T).argmin(-1)

    def quantise(self, latent: Tensor) -> Codes:
        """Snap each cell to its nearest code; gradients pass straight through to ``latent``."""
        index = self.nearest(latent)
        snapped = F.embedding(index, self.codebook).permute(0, 3, 1, 2).to(latent.dtype)
        return Codes(latent + (snapped - latent).detach(), index)

    def decode(self, latent: Tensor) -> Tensor:
        """Return the picture, unclamped: [B, c, h, w] -> [B, 3, H, W], about [0, 1]."""
        x = self.decoder(self.post_quant_conv(latent))
        return (F.pixel_shuffle(x, self.unshuffle) + 1) / 2


def load(folder: Path, device: torch.device | str = "cpu") -> VQAutoencoder:
    """Load ``config.json`` and ``model.safetensors`` from a folder, frozen, in float32."""
    model = VQAutoencoder(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.float().requires_grad_(False).eval().to(device)
