"""The form as data: what its fields hold, and the settings that they mean."""

from __future__ import annotations

import math

from otgen.generators import card
from otgen.lanes import TITLES as LANE_TITLES  # noqa: F401 (the boxes of the form)
from otgen.prompts import InputError, Prompt, number, shorten
from otgen.settings import LANES, Settings

SHARPEST, DULLEST = -2.0, 3.0  # the ends of the dial from sharp to Mean: log10 of epsilon


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
) -> Settings:
    """Return what the form asks for, unchecked; rows without text are left out. Raises InputError.

    Args:
        rows: a list of {"text": ..., "weight": ...}, as typed.
    """
    try:
        typed = [Prompt(row["text"], row["weight"]) for row in rows if str(row["text"]).strip()]
    except (TypeError, KeyError):
        raise InputError(
            "The prompts are not a list of texts and weights: reload the page."
        ) from None
    card(generator)
    return Settings(
        prompts=tuple(typed),
        generator=generator,
        lanes=tuple(lane for lane in LANES if lane in lanes),
        steps=steps,
        cutouts=cutouts,
        epsilon=epsilon(dial),
        distance=distance,
        seed=seed,
    )


def fields(settings: Settings) -> list:
    """Return the form's fields, in the order of ``settings``'s arguments."""
    rows = [{"text": text, "weight": f"{weight:g}"} for text, weight in settings.prompts]
    return [
        rows,
        settings.generator,
        settings.seed,
        settings.steps,
        settings.cutouts,
        dial(settings.epsilon),
        settings.distance,
        _boxes(settings.lanes),
    ]


def _boxes(lanes: tuple[str, ...]) -> list[str]:
    """Return the lanes that the form ticks; all where it has no box for one of them."""
    return list(lanes if set(lanes) <= set(LANES) else LANES)
