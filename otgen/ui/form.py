"""The form as data: what its fields hold, and the settings that they mean."""

from __future__ import annotations

import math

from otgen.painters.catalogue import card
from otgen.recipe.prompts import InputError, Prompt, number, shorten
from otgen.recipe.settings import TOLD, Settings

SHARPEST, DULLEST = -2.0, 3.0  # the ends of the dial from sharp to Mean: log10 of epsilon
ENCODER_TITLES = {
    "storybook-clip": "Storybook CLIP, of its own world",
    "clip-mini": "Mini CLIP, of the small world",
    "clip-vit-b32": "CLIP ViT-B/32",
    "clip-vit-b16": "CLIP ViT-B/16",
    "clip-vit-l14": "CLIP ViT-L/14",
    "laion-b32": "CLIP ViT-B/32, by LAION",
}


def epsilon(dial: object) -> float:
    """Return the epsilon that the dial shows: 10^dial, in two digits. Raises InputError."""
    value = number(dial)
    if not SHARPEST <= value <= DULLEST:
        raise InputError(
            f"The dial is at {shorten(dial, 20)}; it goes from {SHARPEST:g} (sharp) to {DULLEST:g} "
            "(Mean): try -1."
        )
    return float(f"{10**value:.2g}")


def dial(epsilon: float) -> float:
    """Return where the dial stands for an epsilon."""
    return round(min(max(math.log10(epsilon), SHARPEST), DULLEST), 2)


def settings(
    rows: object,
    generator: str,
    seed: object,
    steps: object,
    cutouts: object,
    dial: object,
    distance: str,
    lanes: list[str],
    encoder: str | None,
    height: object,
    width: object,
    guidance: object,
    told: object,
    start: str,
    sprites: object,
) -> Settings:
    """Return what the form asks for, unchecked; rows without text are left out. Raises InputError.

    What the generator has no use for is left out too: the form does not show it.

    Args:
        rows: a list of {"text": ..., "weight": ...}, as typed.
        told: whether the network reads the prompts. start: the name of a kept picture, or "".
    """
    try:
        typed = [Prompt(row["text"], row["weight"]) for row in rows if str(row["text"]).strip()]
    except (TypeError, KeyError):
        raise InputError(
            "The prompts are not a list of texts and weights: reload the page."
        ) from None
    about = card(generator)
    sized = about.sizes.least < about.sizes.most
    return Settings(
        prompts=tuple(typed),
        generator=generator,
        lanes=tuple(lanes or ()),
        steps=steps,
        cutouts=cutouts,
        epsilon=epsilon(dial),
        distance=distance,
        seed=seed,
        encoder=encoder,
        height=height if sized else None,
        width=width if sized else None,
        guidance=None if about.guidance is None else guidance,
        told=TOLD[1] if told and about.reads else TOLD[0],
        start=start if about.starts else "",
        sprites=None if about.sprites is None else sprites,
    )


def fields(settings: Settings) -> list:
    """Return the form's fields, in the order of ``settings``'s arguments."""
    rows = [{"text": text, "weight": f"{weight:g}"} for text, weight in settings.prompts]
    about = card(settings.generator)
    return [
        rows,
        settings.generator,
        settings.seed,
        settings.steps,
        settings.cutouts,
        dial(settings.epsilon),
        settings.distance,
        list(settings.lanes),
        settings.encoder or about.encoder,
        settings.height or about.sizes.usual,
        settings.width or about.sizes.usual,
        about.guidance if settings.guidance is None else settings.guidance,
        settings.told != TOLD[0],
        settings.start,
        settings.sprites or about.sprites,
    ]
