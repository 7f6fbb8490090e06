"""What a painter allows of the settings, beyond what every painter does."""

from __future__ import annotations

import math
from collections.abc import Mapping

from otgen.painters.catalogue import GeneratorCard, Sizes, card
from otgen.recipe.prompts import InputError, number, shorten
from otgen.recipe.settings import Settings, rule


def validated(values: Mapping[str, object]) -> Settings:
    """Return the settings of the fields, by name. Raises InputError.

    Of two reasons to refuse them it gives the painter's: what the bounds that hold for all painters
    advise, the painter might refuse. What the painter alone refuses, ``plan`` does.
    """
    try:
        return Settings(**values)
    except InputError:
        suits(values)
        raise


def suits(values: Mapping[str, object]) -> GeneratorCard:
    """Reject what the painter does not use or paint; return its card. Raises InputError.

    values: of the fields, by name.
    """
    name = values["generator"]
    about = card(name)
    _check_use(name, about, values)
    for side in ("height", "width"):
        _check_side(name, about.sizes, side, values.get(side))
    return about


def _check_use(name: str, about: GeneratorCard, values: Mapping[str, object]) -> None:
    """Reject settings that the painter does not use."""
    nothing = rule("conditioning").allowed[0]
    used = {field for field, value in values.items() if value not in (None, "", nothing)}
    if "guidance" in used and about.guidance is None:
        raise InputError(f"{name} has no guidance scale: leave guidance out, or take a diffusion.")
    if "conditioning" in used and not about.reads:
        raise InputError(
            f"{name} has no text network that could read the prompts: choose “{nothing}”, or take "
            "diffusion."
        )
    if "sprites" in used and about.sprites is None:
        raise InputError(f"{name} paints no sprites: leave their number out, or take storybook.")
    for field, title in (("truncation", "truncation"), ("imagenet_class", "ImageNet class")):
        if field in used and about.truncation is None:
            raise InputError(f"{name} has no {title}: leave it out, or take a BigGAN.")
    if "start" in used and not about.takes_start:
        raise InputError(
            f"{name} can't start from a picture: leave it out, or take a VQGAN or a diffusion."
        )
    if {"start", "parent"} <= used:
        raise InputError(
            "A run starts from a picture or goes on from a result, not from both: leave one out."
        )
    _check_hold(name, about, values, {"start", "parent"} & used)


def _check_hold(
    name: str, about: GeneratorCard, values: Mapping[str, object], begun: set[str]
) -> None:
    """Reject what says how a run keeps to its start where it can't.

    begun: "start" or "parent" where there is something to keep to.
    """
    strength, anchor = values.get("strength"), values.get("anchor", 0)
    if strength not in (None, ""):
        if about.strength is None:
            raise InputError(
                f"{name} lays no noise over its start: leave strength out, or take a diffusion."
            )
        if not begun:
            raise InputError(
                f"strength is {shorten(strength, 20)}, and the run starts from noise alone: give "
                "it a picture to start from, or leave strength out."
            )
    if number(anchor) > 0:
        if not about.takes_start:
            raise InputError(
                f"{name} can't be held to a picture: leave anchor out, or take a VQGAN or a "
                "diffusion."
            )
        if not begun:
            raise InputError(
                f"anchor is {shorten(anchor, 20)}, and there is nothing to hold on to: give a "
                "picture to start from, or leave anchor out."
            )


def _check_side(name: str, sizes: Sizes, side: str, value: object) -> None:
    """Reject a side that the painter does not paint; what is no number, the setting's rule does."""
    pixels = number(value)
    if not math.isfinite(pixels) or (
        pixels % sizes.unit == 0 and sizes.least <= pixels <= sizes.most
    ):
        return
    allowed = (
        f"multiples of {sizes.unit} from {sizes.least} to {sizes.most} pixels"
        if sizes.free
        else f"{sizes.usual} pixels only"
    )
    raise InputError(
        f"{side} is {shorten(value, 20)}; {name} paints {allowed}: try {_nearest(pixels, sizes)}."
    )


def _nearest(pixels: float, sizes: Sizes) -> str:
    """Return the one or two sides that a painter has nearest to ``pixels``: "992 or 1008"."""
    below = min(max(pixels // sizes.unit * sizes.unit, sizes.least), sizes.most)
    above = min(max(below + sizes.unit * (below < pixels), sizes.least), sizes.most)
    return " or ".join(f"{side:.0f}" for side in sorted({below, above}))
