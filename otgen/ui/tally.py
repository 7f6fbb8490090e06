"""What is counted under a picture, as HTML: cutouts by nearest prompt, in place, and not wanted."""

from __future__ import annotations

from html import escape

import numpy as np

from otgen.explain.palette import PALETTE
from otgen.recipe.lanes import card_of
from otgen.recipe.settings import Settings


def bar(counts: tuple[int, ...], prompts: list[str], asked: tuple[float, ...]) -> str:
    """Return the bar of cutouts by nearest prompt; a mark shows where each share asked for ends."""
    if not counts:
        return '<div class="tally">&nbsp;</div><div class="bar"></div>'
    named = ", ".join(f"{text} {count}" for text, count in zip(prompts, counts, strict=True))
    wanted = ", ".join(f"{share:.0%}" for share in asked)
    parts = "".join(
        f'<span class="part" style="--dot:{colour};flex-grow:{count}" '
        f'title="{escape(text)}: {count}"></span>'
        for text, count, colour in zip(prompts, counts, PALETTE, strict=False)
    )
    marks = "".join(
        f'<span class="mark" style="left:{100 * at:.2f}%"></span>' for at in np.cumsum(asked)[:-1]
    )
    numbers = '<span class="over"> / </span>'.join(
        f'<b style="--dot:{colour}">{count}</b>'
        for count, colour in zip(counts, PALETTE, strict=False)
    )
    label = f"Of {sum(counts)} cutouts, nearest to each prompt: {named}. Asked for: {wanted}."
    return (
        f'<div class="tally"><span class="numbers">{numbers}</span>'
        f'<span class="of">of {sum(counts)} cutouts</span></div>'
        f'<div class="bar" role="img" aria-label="{escape(label)}">{parts}{marks}</div>'
    )


def placed(made: dict, settings: Settings, lane: str) -> str:
    """Return how far a finished picture's cutouts of prompts with a place lie in it."""
    said = ", ".join(
        f"<bdi>{escape(prompt.text)}</bdi> {part:.0%}"
        if part is not None
        else f"<bdi>{escape(prompt.text)}</bdi> not to be seen"
        for prompt, part in zip(settings.prompts, made.get("placed", ()), strict=False)
        if prompt.place
    )
    # Of one prompt, all cutouts are the nearest ones, wherever a plan sends it.
    free = not card_of(lane).heeds or len(settings.prompts) == 1
    place = "In place (this loss ignores places)" if free else "In place"
    return f'<p class="avoided">{place}: {said}</p>' if said else ""


def avoided(made: dict, negative: list[str]) -> str:
    """Return how many cutouts of a finished picture show what is avoided."""
    said = ", ".join(
        f"<bdi>{escape(text)}</bdi> in {count}"
        for text, count in zip(negative, made.get("avoided", ()), strict=False)
    )
    return (
        f'<p class="avoided">Not wanted: {said} of {sum(made["counts"])} cutouts</p>'
        if said
        else ""
    )
