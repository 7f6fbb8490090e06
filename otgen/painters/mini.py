"""The small generators that otgen ships: the full-size ones' classes, loaded from ``assets/``."""

from __future__ import annotations

import torch
from torch import Tensor

from otgen.models.autoencoder import VQAutoencoder, load
from otgen.models.bars import without_bars
from otgen.models.catalogue import asset
from otgen.painters.diffusion import Diffusion
from otgen.painters.vqgan import VQGAN

SIDE = 128  # pixels of the mini world's pictures


def _autoencoder(device: torch.device) -> VQAutoencoder:
    return load(asset("vqgan-mini"), device)


def vqgan_mini(device: torch.device) -> VQGAN:
    """Build the mini VQGAN."""
    return VQGAN(_autoencoder(device), SIDE, SIDE, rate=0.1, patch=4)


def diffusion_mini(device: torch.device) -> Diffusion:
    """Build the mini latent diffusion.

    It is a UNet2DModel on the mini VQGAN's latents, scaled to unit deviation.
    """
    from diffusers import DDIMScheduler, UNet2DModel  # takes a second, which others are spared

    without_bars("diffusers")
    folder = asset("diffusion-mini")
    unet = UNet2DModel.from_pretrained(folder, subfolder="unet", torch_dtype=torch.float32)
    unet = unet.requires_grad_(False).eval().to(device)
    schedule = DDIMScheduler.from_pretrained(folder, subfolder="scheduler")
    autoencoder = _autoencoder(device)
    scale = autoencoder.latent_scale[:, None, None]  # [c, 1, 1]

    def denoise(noisy: Tensor, timestep: Tensor) -> Tensor:
        return unet(noisy, timestep).sample

    def decode(clean: Tensor) -> Tensor:
        return autoencoder.decode(clean * scale)

    def encode(picture: Tensor) -> Tensor:
        return autoencoder.encode(picture) / scale

    shape = (unet.config.in_channels, unet.config.sample_size, unet.config.sample_size)
    return Diffusion(
        denoise,
        decode,
        schedule,
        shape,
        moves=2,
        strength=0.8,
        eta=0.9,
        device=device,
        # Things keep their shape and stand apart: the network has its say in every move.
        renewed=0.5,
        through_denoiser=True,
        encode=encode,
        depth=0.7,
    )
