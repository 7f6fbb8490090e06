"""Train diffusion-mini: UNet2DModel on the latents of vqgan-mini, v-prediction."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from diffusers import DDIMScheduler, UNet2DModel
from diffusers.models.attention_processor import Attention, AttnProcessor
from torch import Tensor

from otgen.models.autoencoder import VQAutoencoder, load
from otgen.training.loop import autocast, device, fit
from otgen.training.mini.pool import Pool
from otgen.training.mini.train_autoencoder import latents

SEED = 3
BATCH = 48
# How often a scene of each style is drawn, against a photo. Prompts seldom name a style; a painter
# that has seen fewer styles does not wander into one, as into pixel art, whose squares are easy.
STYLES = torch.tensor([1.0, 0.5, 0.15, 0.5])
SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
    "clip_sample": False,
}
SHAPE = {
    "block_out_channels": (64, 128, 192),
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 2,
    "attention_head_dim": 32,
    "norm_num_groups": 32,
}


def _encoded(pool: Pool, autoencoder: VQAutoencoder, file: Path) -> Tensor:
    """Return the pool's latents at unit deviation, from ``file`` where this encoder made it."""
    encoder = autoencoder.encoder.state_dict()
    made_by = sum(float(weight.double().abs().sum()) for weight in encoder.values())
    if file.exists():
        kept = torch.load(file, weights_only=True)
        if kept["made_by"] == made_by and len(kept["latents"]) == len(pool.pictures):
            return kept["latents"]
    scale = autoencoder.latent_scale.cpu()[:, None, None]
    encoded = latents(autoencoder, pool, len(pool.pictures)) / scale
    torch.save({"made_by": made_by, "latents": encoded}, file)
    return encoded


def train(pool: Pool, steps: int, folder: Path, assets: Path, rate: float = 1e-3) -> None:
    """Train for ``steps`` updates and ship the averaged weights to ``assets/diffusion-mini``."""
    on = device()
    encoded = _encoded(pool, load(assets / "vqgan-mini", on), folder / "latents.pt")
    channels, side = encoded.shape[1], encoded.shape[-1]
    torch.manual_seed(SEED)  # initial weights only: this is the main thread of a training process
    unet = UNet2DModel(sample_size=side, in_channels=channels, out_channels=channels, **SHAPE).to(
        on
    )
    for module in unet.modules():
        if isinstance(module, Attention):
            module.set_processor(AttnProcessor())  # plain matrices beat fused ones for 64 tokens
    average = copy.deepcopy(unet).requires_grad_(False)
    schedule = DDIMScheduler(**SCHEDULE)
    alpha = schedule.alphas_cumprod
    often = STYLES[torch.from_numpy(pool.labels[:, 1].copy())]  # [N]

    def loss_of(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        clean = encoded[torch.multinomial(often, BATCH, generator=generator)]
        # Timesteps spread evenly over the batch: less variance than independent draws. Most are of
        # medium noise, where things take shape (logit-normal: Esser et al. 2024, section 3.1).
        even = (torch.arange(BATCH) + torch.rand(BATCH, generator=generator)) / BATCH
        medium = torch.special.ndtri(even.clamp(1e-4, 1 - 1e-4)).sigmoid()
        timestep = (torch.where(torch.arange(BATCH) % 4 == 0, even, medium) * len(alpha)).long()
        noise = torch.randn(clean.shape, generator=generator)
        signal, rest = (
            part[timestep][:, None, None, None] for part in (alpha.sqrt(), (1 - alpha).sqrt())
        )
        noisy, target = signal * clean + rest * noise, signal * noise - rest * clean
        with autocast(on):
            output = unet(noisy.to(on), timestep.to(on)).sample
        loss = (output.float() - target.to(on)).square().mean()
        return {"loss": loss}

    fit("diffusion", unet, loss_of, steps, rate, folder, SEED, average)
    average.half().save_pretrained(assets / "diffusion-mini" / "unet", max_shard_size="9MB")
    schedule.save_pretrained(assets / "diffusion-mini" / "scheduler")
