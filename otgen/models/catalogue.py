"""The models that otgen uses: what ships, and what is downloaded from where."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from otgen.models.weights import File, Source, Weights

_PACKAGE = Path(__file__).resolve().parents[1]
# In the package where it was installed (setup.py), beside it in a clone.
_INSTALLED = _PACKAGE / "assets"
ASSETS = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "assets"


_CLIP_TEXT_FILES = tuple(
    File(path)
    for path in (
        "config.json",
        "merges.txt",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
    )
)
_SD_TEXT_FILES = tuple(
    File(path)
    for path in (
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "tokenizer/merges.txt",
        "tokenizer/special_tokens_map.json",
        "tokenizer/tokenizer_config.json",
        "tokenizer/vocab.json",
        "unet/config.json",
        "vae/config.json",
    )
)


_SOMNAI = "Somnai/pytti-vqgan-checkpoints"
_SD = "stable-diffusion-v1-5/stable-diffusion-v1-5"
_NO_CLIP_LICENCE = "not stated on the hub (OpenAI's CLIP code: MIT)"


def _elsewhere(address: str) -> Source:
    return Source(urlsplit(address).hostname, "", address=address)


def _vqgan(name: str, size: int, sha256: str, last: str) -> Weights:
    return Weights(
        (File(f"{name}.ckpt", size, sha256),),
        (
            Source(_SOMNAI, "debc22c8f285c7734980c464ff992d335dde6e9a", f"{name}/"),
            Source("pxlpshr/pytti-models", "main", "vqgan/"),  # what it may send, the SHA-256 pins
            _elsewhere(last),
        ),
        "not stated (taming-transformers' code: MIT)",
        4 * (42_449_795 + 29_298_176 + 4_194_304 + 2 * 65_792),
        "https://github.com/CompVis/taming-transformers/blob/master/License.txt",
        convert="f16-16384",
    )


def _biggan(side: int, parameters: int, size: int | None = None, sha256: str | None = None):
    name = f"biggan-deep-{side}-pytorch_model.bin"
    return Weights(
        (File(name, size, sha256),),
        (_elsewhere(f"https://s3.amazonaws.com/models.huggingface.co/biggan/{name}"),),
        "not stated (pytorch-pretrained-BigGAN's code: MIT)",
        4 * parameters,
        "https://github.com/huggingface/pytorch-pretrained-BigGAN/blob/master/LICENSE",
        convert=f"biggan-deep-{side}",
    )


def _clip(repository: str, revision: str, weights: File, licence: str, parameters: int) -> Weights:
    files = (*_CLIP_TEXT_FILES, weights)
    card = f"https://huggingface.co/{repository}"  # which calls deployed use out of scope
    return Weights(files, (Source(repository, revision),), licence, 4 * parameters, card)


TABLE: dict[str, Weights] = {
    "vqgan-imagenet": _vqgan(
        "imagenet",
        980_092_370,
        "845a68805098cb666420d5db93df53f3a3b6dd443e6dd85c05759c5b998cd663",
        "https://heibox.uni-heidelberg.de/f/867b05fc8c4841768640/?dl=1",  # the authors' own
    ),
    "vqgan-wikiart": _vqgan(
        "wikiart",
        1_005_327_541,
        "bd08bb46301f98be1712bb2be9f8868cea30b53137cd985d4d6e8da8b3e02c36",
        "https://github.com/pixray/pixray/releases/download/v1.7.1/vqgan_wikiart_16384.ckpt",
    ),
    "stable-diffusion-v1-5": Weights(
        (
            *_SD_TEXT_FILES,
            File(
                "text_encoder/model.fp16.safetensors",
                246_144_864,
                "77795e2023adcf39bc29a884661950380bd093cf0750a966d473d1718dc9ef4e",
            ),
            File(
                "unet/diffusion_pytorch_model.fp16.safetensors",
                1_719_125_304,
                "c83908253f9a64d08c25fc90874c9c8aef9a329ce1ca5fb909d73b0c83d1ea21",
            ),
            File(
                "vae/diffusion_pytorch_model.fp16.safetensors",
                167_335_342,
                "4fbcf0ebe55a0984f5a5e00d8c4521d52359af7229bb4d81890039d2aa16dd7c",
            ),
        ),
        (Source(_SD, "451f4fe16113bff5a5d2269ed5ad43b0592e9a14"),),
        "creativeml-openrail-m, with use restrictions",
        2 * (246_144_864 + 1_719_125_304 + 167_335_342),
        "https://github.com/CompVis/stable-diffusion/blob/main/LICENSE",
    ),
    "taesd": Weights(
        (
            File("config.json"),
            File(
                "diffusion_pytorch_model.safetensors",
                9_793_292,
                "db169d69145ec4ff064e49d99c95fa05d3eb04ee453de35824a6d0f325513549",
            ),
        ),
        (Source("madebyollin/taesd", "614f76814bbe30edbe2e627ace1c2234c81a2c0e"),),
        "mit",
        9_793_292,
        "https://github.com/madebyollin/taesd/blob/main/LICENSE",
    ),
    "diffusion-imagenet": Weights(
        (
            File(
                "256x256_diffusion_uncond.pt",
                2_211_383_297,
                "a37c32fffd316cd494cf3f35b339936debdc1576dad13fe57c42399a5dbc78b1",
            ),
        ),
        (
            _elsewhere(
                "https://openaipublic.blob.core.windows.net/diffusion/jul-2021/"
                "256x256_diffusion_uncond.pt"
            ),
        ),
        "not stated (guided-diffusion's code: MIT); its card: for research, not commercial use",
        4 * 552_814_086,
        "https://github.com/openai/guided-diffusion/blob/main/model-card.md",
        convert="openai-256",
    ),
    "biggan-128": _biggan(128, 52_359_556),
    "biggan-256": _biggan(
        256,
        58_217_348,
        234_411_737,
        "5900ef4065047e3aa0d1b66197b7f2664dceb59b27080e414ad57e203c485bc5",
    ),
    "biggan-512": _biggan(512, 58_546_116),
    "clip-vit-b32": _clip(
        "openai/clip-vit-base-patch32",
        "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
        File(
            "pytorch_model.bin",
            605_247_071,
            "a63082132ba4f97a80bea76823f544493bffa8082296d62d71581a4feff1576f",
        ),
        _NO_CLIP_LICENCE,
        151_277_313,
    ),
    "clip-vit-b16": _clip(
        "openai/clip-vit-base-patch16",
        "57c216476eefef5ab752ec549e440a49ae4ae5f3",
        File("pytorch_model.bin"),
        _NO_CLIP_LICENCE,
        149_620_737,
    ),
    "clip-vit-l14": _clip(
        "openai/clip-vit-large-patch14",
        "32bd64288804d66eefd0ccbe215aa642df71cc41",
        File(
            "model.safetensors",
            1_710_540_580,
            "a2bf730a0c7debf160f7a6b50b3aaf3703e7e88ac73de7a314903141db026dcb",
        ),
        _NO_CLIP_LICENCE,
        427_616_513,
    ),
    "laion-b32": _clip(
        "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        "1a25a446712ba5ee05982a381eed697ef9b435cf",
        File(
            "model.safetensors",
            605_157_884,
            "74813fbcdc750f235c9784c367ca1394d2a5c25eb0aac92761752ac239db7cff",
        ),
        "mit",
        151_277_313,
    ),
}


def asset(name: str) -> Path:
    """Return the folder of a model that otgen ships."""
    return ASSETS / name


@cache
def _shipped_revision(name: str) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in asset(name).rglob("*") if path.is_file()):
        digest.update(file.relative_to(ASSETS).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def revision(name: str) -> str:
    """Return 12 hex digits that pin a model.

    They are the first digits of a SHA-256 over the files of a model that ships, of the SHA-256 of a
    converted checkpoint, or of the revision on the hub. Of a checkpoint whose SHA-256 is not known
    they name the address.
    """
    if name not in TABLE:
        return _shipped_revision(name)
    weights = TABLE[name]
    if not weights.convert:
        return weights.sources[0].revision[:12]
    return (weights.files[0].sha256 or address_digest(weights.sources[0]))[:12]


def address_digest(source: Source) -> str:
    """Return the SHA-256 of a source's address, 64 hex digits."""
    return hashlib.sha256(source.address.encode()).hexdigest()


def revisions(*names: str) -> dict[str, str]:
    """Return name -> revision of each model."""
    return {name: revision(name) for name in names}
