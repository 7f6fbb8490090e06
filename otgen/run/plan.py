"""What is known of a run before it is run: whether it can be, what it needs, its size and id."""

from __future__ import annotations

from dataclasses import replace

from otgen.models import catalogue
from otgen.painters.catalogue import card
from otgen.recipe.prompts import InputError
from otgen.recipe.settings import TOLD, Settings, validated
from otgen.run.pool import encoder_of


def encoder_name(settings: Settings) -> str:
    """Return the encoder of a run."""
    return settings.encoder or card(settings.generator).encoder


def size(settings: Settings) -> tuple[int, int]:
    """Return the height and width of a run's picture, pixels."""
    usual = card(settings.generator).sizes.usual
    return settings.height or usual, settings.width or usual


def canonical(settings: Settings) -> Settings:
    """Return the settings less what the generator would choose anyway: a recipe has one id."""
    about = card(settings.generator)
    usual = {
        "encoder": about.encoder,
        "height": about.sizes.usual,
        "width": about.sizes.usual,
        "guidance": about.guidance,
        "sprites": about.sprites,
    }
    return replace(
        settings,
        **{name: None for name, value in usual.items() if getattr(settings, name) == value},
    )


def checked(settings: Settings) -> Settings:
    """Check settings against everything that is known before a run.

    Nothing is downloaded. Raises InputError.
    """
    settings = validated(settings)
    about = card(settings.generator)
    _check_size(settings)
    if settings.guidance is not None and about.guidance is None:
        raise InputError(
            f"{settings.generator} has no guidance scale: leave guidance out, or take a diffusion."
        )
    if settings.told != TOLD[0] and not about.reads:
        raise InputError(
            f"{settings.generator} can't be told the prompts: choose “{TOLD[0]}”, "
            "or take diffusion."
        )
    if settings.sprites is not None and about.sprites is None:
        raise InputError(
            f"{settings.generator} paints no sprites: leave their number out, or take storybook."
        )
    if settings.start and not about.starts:
        raise InputError(
            f"{settings.generator} can't start from a picture: leave it out, or take a VQGAN."
        )
    if encoder_name(settings) not in catalogue.TABLE:
        encoder_of(encoder_name(settings)).check_words([text for text, _ in settings.prompts])
    return canonical(settings)


def _check_size(settings: Settings) -> None:
    sizes = card(settings.generator).sizes
    for name, pixels in zip(("height", "width"), size(settings), strict=True):
        if pixels % sizes.unit or not sizes.least <= pixels <= sizes.most:
            allowed = (
                f"multiples of {sizes.unit} from {sizes.least} to {sizes.most} pixels"
                if sizes.least < sizes.most
                else f"{sizes.usual} pixels only"
            )
            raise InputError(
                f"{name} is {pixels}; {settings.generator} paints {allowed}: try {sizes.usual}."
            )


def needed(settings: Settings) -> tuple[str, ...]:
    """Return the models that a run needs: its generator's and its encoder."""
    return (*card(settings.generator).weights, encoder_name(settings))


def run_id(settings: Settings) -> str:
    """Return the id that a run of these settings has, before it is run."""
    return canonical(settings).id(catalogue.revisions(*needed(settings)))
