"""The table of painters, as plain data: what a person is told of each, and what it needs."""

from __future__ import annotations

import math
from typing import NamedTuple

from otgen.recipe.prompts import InputError, shorten

LARGE = 4  # sides of a picture, at most 1024 pixels, in a side of the one that is drawn anew


class Sizes(NamedTuple):
    """The sides of pictures a generator paints: multiples of ``unit`` pixels, least to most."""

    unit: int
    least: int
    most: int
    usual: int

    @property
    def free(self) -> bool:
        """Tell whether there are several."""
        return self.least < self.most

    def nearest(self, pixels: float) -> int:
        """Return the side nearest to a number of pixels."""
        return min(max(round(pixels / self.unit) * self.unit, self.least), self.most)

    def shaped(self, ratio: float, area: float = 0.0) -> tuple[int, int]:
        """Return the width and height of about a ratio and an area, the usual one if 0.

        A tenth of the area is given for a hundredth of the ratio.
        """
        area = area or self.usual**2
        sides = range(self.least, self.most + 1, self.unit)
        tried = {(width, self.nearest(width / ratio)) for width in sides}
        tried |= {(self.nearest(height * ratio), height) for height in sides}

        def apart(size: tuple[int, int]) -> tuple[float, int]:
            width, height = size
            shape, large = math.log(width / height / ratio), math.log(width * height / area)
            return abs(shape) + 0.1 * abs(large), width

        return min(tried, key=apart)


class GeneratorCard(NamedTuple):
    """What a person is told of a generator, and what a run of it needs.

    encoder: the CLIP that fits it. steps: a good number of steps. best: what it paints best.
    weights: names of its models, of ``models.catalogue.TABLE`` or shipped; may be none. guidance:
    its usual strength, None where it has none. reads: its network can read the prompts. starts: it
    can start from a picture, and be held to it. strength: the usual part of the noise that it lays
    over what it starts from, None where it lays none. sprites: how many its pictures have unless a
    run says otherwise, None where there are none. truncation: its usual, None where there is none;
    a painter with one paints the classes of ImageNet, of which a run may fix one. scalable: its
    finished pictures can be drawn anew, larger and as SVG. judge: of its world, "" where there is
    none. work: 1e12 floating-point operations of a step and lane at the usual size without the
    encoder, forward and backward, counted; 0 where nobody did. sampler: what moves its latent, by
    the name that other tools use.
    """

    title: str
    summary: str
    encoder: str
    steps: int
    best: str
    weights: tuple[str, ...]
    sizes: Sizes
    guidance: float | None = None
    reads: bool = False
    starts: bool = False
    strength: float | None = None
    sprites: int | None = None
    truncation: float | None = None
    scalable: bool = False
    judge: str = ""
    work: float = 0.0
    sampler: str = "Adam"

    def models(self, encoder: str | None = None) -> tuple[str, ...]:
        """Return all models of a run: the generator's, and the encoder, its own unless named."""
        return (*self.weights, encoder or self.encoder)


def _biggan(side: int, work: float) -> GeneratorCard:
    return GeneratorCard(
        f"BigGAN-deep {side}",
        f"A GAN of ImageNet's thousand classes, its noise and class moved by the prompts (Big "
        f"Sleep's idea), {side} x {side}.",
        "clip-vit-b32",
        500,
        "single animals, things and places of ImageNet, and mixtures of them",
        (f"biggan-{side}",),
        Sizes(8, side, side, side),
        truncation=1.0,
        work=work,
    )


GENERATORS: dict[str, GeneratorCard] = {
    "storybook": GeneratorCard(
        "Storybook",
        "Sprites before a place, crisp at any size: 115 things, 12 places, 6 styles and 8 colours, "
        "painted in seconds.",
        "storybook-clip",
        50,
        "a thing or a place a prompt, also a thing in a place or in a style, of the words below "
        "the prompts",
        ("storybook-sprites",),
        Sizes(8, 128, 1024, 256),
        sprites=6,
        scalable=True,
        judge="storybook-judge",
    ),
    "diffusion-mini": GeneratorCard(
        "Diffusion, mini",
        "A small guided diffusion model of a small world: storybook pictures, 128 x 128, made in "
        "seconds.",
        "clip-mini",
        60,
        "the things and places of the mini world",
        ("diffusion-mini", "vqgan-mini"),
        Sizes(8, 128, 128, 128),
        judge="judge-mini",
        guidance=0.8,
        starts=True,
        strength=0.7,
        sampler="DDIM",
    ),
    "vqgan-mini": GeneratorCard(
        "VQGAN, mini",
        "A small VQGAN of the same world, its latent optimised as in the paper: looser, dreamlike, "
        "128 x 128.",
        "clip-mini",
        100,
        "the textures of the mini world",
        ("vqgan-mini",),
        Sizes(8, 128, 128, 128),
        judge="judge-mini",
        starts=True,
    ),
    "siren": GeneratorCard(
        "SIREN",
        "A network of sines that has seen no picture and becomes this one: flowing shapes with "
        "outlines, at any size.",
        "storybook-clip",
        100,
        "colours and parts of things, flowing into one another; whole things only now and then",
        (),
        Sizes(8, 128, 1024, 256),
        judge="storybook-judge",
        work=0.0012,  # products of matrices at 128 x 128 pixels, which guide a run of this size
    ),
    "fourier": GeneratorCard(
        "Fourier",
        "Nothing but waves, long ones before short ones: bright blots and textures, at any size.",
        "storybook-clip",
        100,
        "colours and textures, and here and there the outline of a thing",
        (),
        Sizes(8, 128, 1024, 256),
        judge="storybook-judge",
        work=0.00001,  # transforms of 128 x 128 pixels
    ),
    "vqgan-imagenet": GeneratorCard(
        "VQGAN, ImageNet",
        "The paper's generator: VQGAN f16-16384, trained on the photographs of ImageNet.",
        "clip-vit-b32",
        1000,
        "animals, things and places as photographs show them",
        ("vqgan-imagenet",),
        Sizes(16, 128, 1024, 256),
        starts=True,
        work=0.506,
    ),
    "vqgan-wikiart": GeneratorCard(
        "VQGAN, WikiArt",
        "The paper's generator for six prompts: VQGAN f16-16384, trained on the paintings of "
        "WikiArt.",
        "clip-vit-b32",
        1000,
        "paintings: landscapes, portraits, styles and schools",
        ("vqgan-wikiart",),
        Sizes(16, 128, 1024, 256),
        starts=True,
        work=0.506,
    ),
    "diffusion": GeneratorCard(
        "Stable Diffusion 1.5",
        "Beyond the paper: latent diffusion, guided at its prediction of the finished picture. No "
        "safety checker looks at what it paints.",
        "clip-vit-b32",
        200,
        "whole scenes, coherent at 512 x 512",
        ("stable-diffusion-v1-5", "taesd"),
        Sizes(64, 256, 1024, 512),
        guidance=0.1,
        reads=True,
        starts=True,
        strength=0.7,
        work=0.68,  # a forward of the UNet (0.80) every second step, and TAESD (0.28)
        sampler="DDIM",
    ),
    "diffusion-imagenet": GeneratorCard(
        "Diffusion, ImageNet",
        "OpenAI's unconditional diffusion of pixels, which the first clip-guided diffusions used, "
        "guided through its network at every step.",
        "clip-vit-b32",
        250,
        "photographs as ImageNet has them: animals, things and places, at 256 x 256",
        ("diffusion-imagenet",),
        Sizes(8, 256, 256, 256),
        guidance=0.1,
        starts=True,
        strength=0.7,
        work=4.491,
        sampler="DDIM",
    ),
    "biggan-128": _biggan(128, 0.037),
    "biggan-256": _biggan(256, 0.120),
    "biggan-512": _biggan(512, 0.155),
}


def choices() -> str:
    """Return what the setting ``generator`` is for, and its names."""
    return f"the painter: {', '.join(GENERATORS)}"


def card(name: str) -> GeneratorCard:
    """Return a generator's card. Raises InputError."""
    try:
        return GENERATORS[name]
    except (KeyError, TypeError):
        raise InputError(
            f"There is no generator {shorten(name)}; there are: {', '.join(GENERATORS)}."
        ) from None
