"""The full-size generators: the classes of the mini ones around downloaded weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from otgen.models import adm, biggan, precision
from otgen.models.autoencoder import load
from otgen.models.bars import without_bars
from otgen.models.downloads import fetch
from otgen.painters.base import Options
from otgen.painters.biggan import BigGAN
from otgen.painters.diffusion import Diffusion
from otgen.painters.vqgan import VQGAN

if TYPE_CHECKING:
    from diffusers import DDIMScheduler, UNet2DConditionModel, UNet2DModel
    from transformers import CLIPTextModel, PreTrainedTokenizerBase

VQGAN_SIDE = 256  # pixels, unless a run asks for another size; what the models were trained on
SD_SIDE = 512
_CELL = 8  # pixels of a side of Stable Diffusion's latent cell


def _vqgan(name: str, device: torch.device) -> VQGAN:
    autoencoder = precision.placed(load(fetch(name)), device)
    return VQGAN(autoencoder, VQGAN_SIDE, VQGAN_SIDE, rate=0.1, absolute=True)


def vqgan_imagenet(device: torch.device) -> VQGAN:
    """Build VQGAN f16-16384, trained on ImageNet. Raises Unavailable."""
    return _vqgan("vqgan-imagenet", device)


def vqgan_wikiart(device: torch.device) -> VQGAN:
    """Build VQGAN f16-16384, trained on WikiArt. Raises Unavailable."""
    return _vqgan("vqgan-wikiart", device)


@dataclass(frozen=True)
class TextDenoiser:
    """A denoiser that reads a text: (x_t [L, c, h, w], timestep) -> the network's output.

    Args:
        condition: [1, tokens, width], the embedded text.
    """

    unet: UNet2DConditionModel
    reader: CLIPTextModel
    tokenizer: PreTrainedTokenizerBase
    condition: Tensor

    def __call__(self, noisy: Tensor, timestep: Tensor) -> Tensor:
        condition = self.condition.expand(len(noisy), -1, -1)
        return self.unet(noisy, timestep, encoder_hidden_states=condition).sample

    def reading(self, text: str) -> TextDenoiser:
        """Return the denoiser that reads another text."""
        return replace(self, condition=embedded(text, self.reader, self.tokenizer))


@torch.no_grad()
def embedded(text: str, reader: CLIPTextModel, tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Embed a text for Stable Diffusion's UNet, padded or cut to 77 tokens: [1, 77, width]."""
    most = reader.config.max_position_embeddings
    tokens = tokenizer(
        [text], padding="max_length", max_length=most, truncation=True, return_tensors="pt"
    )
    return reader(tokens.input_ids.to(reader.device)).last_hidden_state.float()


def diffusion(device: torch.device) -> Diffusion:
    """Build Stable Diffusion 1.5, guided on x0 through TAESD, its last picture by the full VAE.

    The parts are loaded one by one, so there is no pipeline and no safety checker. Raises
    Unavailable.
    """
    # These take seconds, which other painters are spared.
    from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
    from transformers import AutoTokenizer, CLIPTextModel

    without_bars("diffusers", "transformers")
    folder, tiny = fetch("stable-diffusion-v1-5"), fetch("taesd")
    kind = precision.dtype(device)
    where = {"use_safetensors": True, "local_files_only": True}

    def part(
        model: type[nn.Module], name: str, kind: torch.dtype, dtype: str = "torch_dtype"
    ) -> nn.Module:
        loaded = model.from_pretrained(
            folder, subfolder=name, variant="fp16", **{dtype: kind}, **where
        )
        return precision.placed(loaded, device)

    unet = part(UNet2DConditionModel, "unet", kind)
    vae = part(AutoencoderKL, "vae", kind)
    reader = part(CLIPTextModel, "text_encoder", torch.float32, "dtype")
    taesd = precision.placed(
        AutoencoderTiny.from_pretrained(tiny, torch_dtype=torch.float32, **where), device
    )
    tokenizer = AutoTokenizer.from_pretrained(folder, subfolder="tokenizer", local_files_only=True)
    schedule = DDIMScheduler.from_pretrained(folder, subfolder="scheduler", local_files_only=True)

    def decode(clean: Tensor) -> Tensor:
        return (taesd.decode(clean / taesd.config.scaling_factor).sample + 1) / 2

    def finish(clean: Tensor) -> Tensor:
        return (vae.decode(clean / vae.config.scaling_factor).sample + 1) / 2

    def encode(picture: Tensor) -> Tensor:
        return vae.encode(picture * 2 - 1).latent_dist.mean * vae.config.scaling_factor

    return Diffusion(
        TextDenoiser(unet, reader, tokenizer, embedded("", reader, tokenizer)),
        decode,
        schedule,
        (unet.config.in_channels, SD_SIDE // _CELL, SD_SIDE // _CELL),
        moves=2,
        strength=0.1,
        eta=0.5,
        device=device,
        finish=finish,
        encode=encode,
        depth=0.7,
    )


def diffusion_imagenet(device: torch.device) -> Diffusion:
    """Build OpenAI's diffusion of pixels, unconditional, guided through its network.

    So did the projects that guided it by CLIP (Crowson 2021): at the prediction itself a gradient
    by pixels is noise. Raises Unavailable.
    """
    from diffusers import DDIMScheduler

    unet = adm.load(fetch("diffusion-imagenet")).to(precision.dtype(device))
    return pixel_diffusion(
        precision.placed(unet, device),
        DDIMScheduler(beta_schedule="linear", beta_start=1e-4, beta_end=0.02),
        device,
    )


def pixel_diffusion(unet: UNet2DModel, schedule: DDIMScheduler, device: torch.device) -> Diffusion:
    """Return the painter around OpenAI's network, or one of its kind."""
    side = unet.config.sample_size
    return Diffusion(
        lambda noisy, timestep: unet(noisy, timestep).sample[:, :3],  # the others: its variance
        lambda clean: (clean + 1) / 2,
        schedule,
        (3, side, side),
        moves=1,
        strength=0.1,
        eta=0.8,
        device=device,
        through_denoiser=True,
        encode=lambda picture: picture * 2 - 1,
        depth=0.7,
        pixels=True,
    )


def biggan_of(side: int) -> Callable[[torch.device], BigGAN]:
    """Return what builds BigGAN-deep of this side, 128, 256 or 512 pixels."""

    def build(device: torch.device) -> BigGAN:
        network = biggan.load(fetch(f"biggan-{side}"))
        return BigGAN(precision.placed(network, device), rate=0.07, truncation=1.0)

    return build


def sized_vqgan(generator: VQGAN, options: Options) -> VQGAN:
    """Return the generator as a run asks for it: size and start."""
    height, width = options.height or generator.height, options.width or generator.width
    return replace(generator, height=height, width=width, start=options.start)


def steered(generator: Diffusion, options: Options) -> Diffusion:
    """Return the generator as a run asks for it: guidance, and start."""
    return replace(
        generator,
        strength=generator.strength if options.guidance is None else options.guidance,
        start=options.start,
        depth=generator.depth if options.strength is None else options.strength,
    )


def of_class(generator: BigGAN, options: Options) -> BigGAN:
    """Return the generator as a run asks for it: truncation, and a class that is fixed."""
    truncation = generator.truncation if options.truncation is None else options.truncation
    return replace(generator, truncation=truncation, fixed=options.imagenet_class)


def guided(generator: Diffusion, options: Options) -> Diffusion:
    """Return the generator as a run asks for it: as ``steered``, size, what its network reads."""
    channels, rows, columns = generator.shape
    rows, columns = (
        (options.height or rows * _CELL) // _CELL,
        (options.width or columns * _CELL) // _CELL,
    )
    denoise = (
        generator.denoise.reading(options.text)
        if isinstance(generator.denoise, TextDenoiser)
        else generator.denoise
    )
    shape = (channels, rows, columns)
    return replace(steered(generator, options), shape=shape, denoise=denoise)
