"""The architectures whose checkpoints are converted, by the names that ``catalogue`` has."""

from __future__ import annotations

import torch
from torch import Tensor

from otgen.models import adm, biggan
from otgen.models.autoencoder import VQAutoencoder
from otgen.models.checkpoints import Layout

# f16-16384: 16384 codes; 256 x 256 pixels from 16 x 16 cells. The ddconfig of taming's own
# configs/vqgan_imagenet_f16_16384.yaml.
F16_16384 = {
    "ddconfig": {
        "double_z": False,
        "z_channels": 256,
        "resolution": 256,
        "in_channels": 3,
        "out_ch": 3,
        "ch": 128,
        "ch_mult": [1, 1, 2, 2, 4],
        "num_res_blocks": 2,
        "attn_resolutions": [16],
        "dropout": 0.0,
    },
    "n_embed": 16384,
    "embed_dim": 256,
}
_KEPT = (
    "encoder.",
    "decoder.",
    "quantize.",
    "quant_conv.",
    "post_quant_conv.",
)  # "loss." is for training only


def _vqgan_shapes(config: dict) -> dict[str, torch.Size]:
    with torch.device("meta"):
        tensors = VQAutoencoder(**config).state_dict()
    del tensors["latent_scale"]  # ours: taming has none
    return {key: value.shape for key, value in tensors.items()}


def _vqgan_finish(tensors: dict[str, Tensor], config: dict) -> dict[str, Tensor]:
    return tensors | {"latent_scale": torch.ones(config["embed_dim"])}


def vqgan(config: dict) -> Layout:
    """Return the layout of taming's checkpoints of a VQGAN."""
    return Layout("f16-16384", config, _vqgan_shapes, _vqgan_finish, _KEPT)


def unet(config: dict) -> Layout:
    """Return the layout of OpenAI's checkpoints of a diffusion model."""
    return Layout("OpenAI's UNet", config, adm.shapes, adm.finish)


def gan(config: dict) -> Layout:
    """Return the layout of pytorch-pretrained-biggan's checkpoints."""
    side = 4 * 2 ** sum(doubles for doubles, *_ in config["blocks"])
    return Layout(f"BigGAN-deep {side}", config, biggan.shapes, biggan.finish)


LAYOUTS: dict[str, Layout] = {
    "f16-16384": vqgan(F16_16384),
    "openai-256": unet(adm.IMAGENET_256),
    "biggan-deep-128": gan(biggan.config(128)),
    "biggan-deep-256": gan(biggan.config(256)),
    "biggan-deep-512": gan(biggan.config(512)),
}
