"""Folders of models as the hub has them, with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, PNDMScheduler, UNet2DConditionModel
from helpers import seeded
from hub import COMMIT
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from otgen.models.layouts import F16_16384
from otgen.models.weights import File, Source, Weights

NARROW = {  # f16: a latent cell covers 16 x 16 pixels
    "ddconfig": F16_16384["ddconfig"]
    | {"ch": 32, "z_channels": 32, "ch_mult": [1] * 5, "num_res_blocks": 1, "attn_resolutions": []},
    "n_embed": 16,
    "embed_dim": 32,
}


def tokenizer_files(folder: Path) -> CLIPTokenizer:
    """Write a tokenizer of pieces as CLIP's, here of bytes and one word."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    pieces = [*letters, *(letter + "</w>" for letter in letters), "ca", "cat</w>"]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({piece: n for n, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\nc a\nca t</w>\n")
    built = CLIPTokenizer(
        vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"), model_max_length=77
    )
    built.save_pretrained(folder)
    return built


def text_shape(tokenizer: CLIPTokenizer) -> dict:
    """Return a tiny text tower's configuration."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": 77,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def clip_folder(folder: Path) -> Path:
    """Write a CLIP as OpenAI's B/32 lies on the hub, with a pytorch_model.bin."""
    tokenizer = tokenizer_files(folder)
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    vision |= {"num_attention_heads": 2, "image_size": 16, "patch_size": 8}
    config = CLIPConfig(text_config=text_shape(tokenizer), vision_config=vision, projection_dim=8)
    model = seeded(lambda: CLIPModel(config))
    model.config.architectures = ["CLIPModel"]
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


def sd_folder(folder: Path) -> Path:
    """Write a pipeline as Stable Diffusion 1.5 lies on the hub: a folder a part, in fp16."""
    tokenizer = tokenizer_files(folder / "tokenizer")
    unet = seeded(
        lambda: UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(16, 32),
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            layers_per_block=1,
            cross_attention_dim=16,
            attention_head_dim=2,
            norm_num_groups=8,
        )
    )
    vae = seeded(
        lambda: AutoencoderKL(
            block_out_channels=(8, 8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            norm_num_groups=4,
            scaling_factor=0.18215,
        )
    )
    reader = seeded(lambda: CLIPTextModel(CLIPTextConfig(**text_shape(tokenizer))))
    for part, name in ((unet, "unet"), (vae, "vae"), (reader, "text_encoder")):
        part.half().save_pretrained(folder / name, variant="fp16")
    PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        steps_offset=1,
    ).save_pretrained(folder / "scheduler")
    return folder


def tiny_taesd(folder: Path) -> Path:
    """Write a TAESD of the real one's shape, thinner."""
    build = lambda: AutoencoderTiny(  # noqa: E731
        encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4
    )
    seeded(build).save_pretrained(folder)
    return folder


def listed(repository: str, folder: Path, licence: str = "none") -> tuple[Weights, dict]:
    """Return a table entry for a folder, and what a hub serves for it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    entry = Weights(tuple(map(File, names)), (Source(repository, COMMIT),), licence, 1000)
    return entry, {f"{repository}/{name}": path for name, path in zip(names, files, strict=True)}
