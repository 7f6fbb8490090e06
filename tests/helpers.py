"""Small real models for tests where trained weights do not matter, and what several tests share."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DModel
from PIL import Image
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from otgen.guidance.clip import ClipEncoder
from otgen.guidance.cutouts import CutoutSpec
from otgen.guidance.objective import Objective
from otgen.guidance.reading import Words
from otgen.guidance.words import Vocabulary
from otgen.models import adm
from otgen.models.autoencoder import VQAutoencoder
from otgen.models.biggan import DeepGenerator
from otgen.painters.biggan import BigGAN
from otgen.painters.diffusion import Diffusion
from otgen.painters.full import pixel_diffusion
from otgen.painters.vqgan import VQGAN
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.training.tokenizer import word_tokenizer
from otgen.world.mini import captions

CPU = torch.device("cpu")


def finished(coroutine: Coroutine):
    """Run a coroutine to its end and return what it returns.

    In a thread of its own: a browser of other tests keeps an event loop in the main one.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def uniform(*shape: int, seed: int = 0) -> Tensor:
    """Return numbers in [0, 1], float32, a function of the seed."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def units(*shape: int, seed: int = 0) -> Tensor:
    """Return random unit vectors along the last axis."""
    normal = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(normal, dim=-1)


def seeded(build, seed: int = 0):
    """Build a module with initial weights that are a function of the seed, frozen."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build().requires_grad_(False).eval()


def tiny_encoder(side: int = 16, width: int = 32) -> ClipEncoder:
    """Build a CLIPModel of one layer with the mini world's tokenizer."""
    tokenizer = word_tokenizer(captions.words(), captions.LENGTH)
    tower = {
        "hidden_size": width,
        "intermediate_size": width,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    ends = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    config = CLIPConfig(
        text_config=tower
        | ends
        | {"vocab_size": len(tokenizer), "max_position_embeddings": captions.LENGTH},
        vision_config=tower | {"image_size": side, "patch_size": 4},
        projection_dim=16,
    )
    fast = tokenizer.backend_tokenizer
    fast.enable_padding()
    reader = Words(fast, Vocabulary(tuple(sorted(captions.words())), captions.LENGTH - 2))
    return ClipEncoder(seeded(lambda: CLIPModel(config)), reader)


def tiny_autoencoder() -> VQAutoencoder:
    """Build an autoencoder whose latent cell covers 4 x 4 pixels and holds 4 channels."""
    ddconfig = {
        "double_z": False,
        "z_channels": 4,
        "resolution": 32,
        "in_channels": 12,
        "out_ch": 12,
        "ch": 32,
        "ch_mult": [1, 1],
        "num_res_blocks": 1,
        "attn_resolutions": [],
        "dropout": 0.0,
    }
    return seeded(lambda: VQAutoencoder(ddconfig, n_embed=16, embed_dim=4, unshuffle=2))


def tiny_unet() -> UNet2DModel:
    """Build a denoiser of latents [4, 8, 8]."""
    return seeded(
        lambda: UNet2DModel(
            sample_size=8,
            in_channels=4,
            out_channels=4,
            block_out_channels=(16, 16),
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            norm_num_groups=8,
            attention_head_dim=8,
        )
    )


def tiny_vqgan(rate: float = 1.0) -> VQGAN:
    """Paint 32 x 32 pixels with the tiny autoencoder; its few codes take long steps to leave."""
    return VQGAN(tiny_autoencoder(), 32, 32, rate)


def tiny_diffusion(prediction_type: str = "v_prediction", **options) -> Diffusion:
    """Paint 32 x 32 pixels with the tiny denoiser and the tiny autoencoder."""
    unet, autoencoder = tiny_unet(), tiny_autoencoder()
    schedule = DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type=prediction_type,
        clip_sample=False,
    )
    settings = {"moves": 1, "strength": 0.25, "eta": 0.0, "device": CPU} | options
    return Diffusion(
        lambda noisy, timestep: unet(noisy, timestep).sample,
        autoencoder.decode,
        schedule,
        (4, 8, 8),
        **settings,
    )


# BigGAN-deep of 32 pixels, thin; a block doubles the side, drops channels, or neither.
TINY_GAN = {
    "width": 4,
    "attention": 2,
    "blocks": [[False, 16, 16], [True, 16, 8], [True, 8, 8], [True, 8, 1]],
}
# OpenAI's UNet of 32 pixels: levels with and without attention, with and without more channels.
TINY_ADM = adm.IMAGENET_256 | {
    "sample_size": 32,
    "block_out_channels": [16, 32, 32],
    "layers_per_block": 1,
    "down_block_types": ["ResnetDownsampleBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"],
    "attention_head_dim": 8,
    "norm_num_groups": 8,
    "attn_norm_num_groups": 8,
}


def tiny_biggan(**options) -> BigGAN:
    """Paint 32 x 32 pixels with a thin BigGAN-deep."""
    network = seeded(lambda: DeepGenerator(**TINY_GAN))
    return BigGAN(network, **({"rate": 0.07} | options))


def tiny_pixels(**options) -> Diffusion:
    """Paint 32 x 32 pixels with a thin UNet of OpenAI's kind."""
    unet = seeded(lambda: adm.build(TINY_ADM))
    schedule = DDIMScheduler(beta_schedule="linear", beta_start=1e-4, beta_end=0.02)
    return replace(pixel_diffusion(unet, schedule, CPU), **options)


def objective(
    encoder: ClipEncoder,
    couplings: tuple[str, ...] = ("ot", "mean"),
    prompts: tuple[str, ...] = ("a cat", "a castle"),
    cutouts: int = 8,
    epsilon: float = 0.1,
    seed: int = 5,
    distance: str = "great-circle",
) -> Objective:
    """Build the loss of equally weighted prompts."""
    m = len(prompts)
    return Objective(
        encoder,
        encoder.texts(list(prompts)),
        torch.full((m,), 1 / m),
        couplings,
        torch.full((len(couplings),), epsilon),
        distance,
        cutouts,
        CutoutSpec(),
        seed,
    )


def slope(function, at: Tensor, direction: Tensor, width: float) -> float:
    """Return the central difference of a scalar function along a direction."""
    with torch.no_grad():
        return float(
            (function(at + width * direction) - function(at - width * direction)) / (2 * width)
        )


def size(encoded: bytes) -> tuple[int, int]:
    """Return the width and height of an encoded picture."""
    with Image.open(io.BytesIO(encoded)) as picture:
        return picture.size


def same(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two arrays hold the same bytes in the same shape."""
    return first.shape == second.shape and first.tobytes() == second.tobytes()


def settings(**changes) -> Settings:
    """Return settings of a run of seconds: the shipped VQGAN, few cutouts."""
    small = {"generator": "vqgan-mini", "steps": 2, "cutouts": 6, "seed": 3}
    return Settings(**({"prompts": (Prompt("a cat", 3.0), Prompt("a castle"))} | small | changes))
