"""What to do with a result: go on with it, copy its link or its recipe's, download its files."""

from __future__ import annotations

import os
from html import escape
from urllib.parse import quote

from otgen.painters.catalogue import LARGE
from otgen.recipe.codec import to_query
from otgen.recipe.lanes import slug, title
from otgen.results.parents import able
from otgen.results.result import Saved
from otgen.results.store import UNFINISHED
from otgen.ui.anew import addresses
from otgen.ui.files import address, filename, plain


def home() -> str:
    """Return the page's public address on a Space; "" where it is the browser's own."""
    space = os.environ.get("SPACE_ID")
    return f"https://huggingface.co/spaces/{quote(space)}" if space else ""


def sharing(saved: Saved) -> str:
    """Return the bar of a result as HTML; ``scripts.COPY`` and ``CONTINUE`` make it act."""
    whole = filename(saved, "otgen", "zip")
    pictures = "".join(
        f'<a class="download" href="{address(saved, lane)}" download="{filename(saved, lane)}">'
        f'<span aria-hidden="true">↓</span> '
        f"{title(lane)}<span class='visually-hidden'>, download the PNG</span></a>"
        for lane in saved.settings.lanes
    )
    alone = ", ".join(
        f'<a href="results/{saved.id}/{plain(lane)}" download="otgen-{slug(lane)}.png">'
        f"{title(lane)}</a>"
        for lane in saved.settings.lanes
    )
    said, button = _going_on(saved)
    if able(saved):
        button += (
            f'<button type="button" class="onward" data-run="{saved.id}" title="Other prompts, '
            'weights or losses: a new result that starts from these pictures">'
            "Go on from here</button>"
        )
    return (
        f'{said}<div class="downloads">{button}'
        f'<button type="button" class="copy" data-query="run={saved.id}" '
        'title="A link that opens this result">Copy link</button>'
        f'<a class="download all" href="results/{saved.id}/{whole}" download="{whole}" '
        'title="One zip: pictures, plots, time-lapse and result.json">'
        '<span aria-hidden="true">↓</span> Download all</a>'
        f"{pictures}"
        f'<button type="button" class="copy plain" data-query="{escape(to_query(saved.settings))}" '
        'title="A link that fills the form with these settings, wherever otgen runs">'
        "Copy recipe link</button></div>"
        '<p class="note copied" role="status">Every PNG carries its prompts, seed and settings, '
        "and nothing about you: drop it on this page to get them back.</p>"
        f'<p class="note plain">PNG without them: {alone}.</p>'
        '<input class="link" type="text" readonly hidden aria-label="The link">'
    )


def redrawable(saved: Saved) -> tuple[str, ...]:
    """Return HTML of each lane: links to its picture larger and as SVG, ``scripts.ANEW`` acts.

    Empty where the painter draws none anew, or the run is not complete.
    """
    large, svg = addresses(saved, "large"), addresses(saved, "svg")
    return tuple(
        '<p class="anew">'
        + _anew(large[lane], filename(saved, f"{lane}-large"), f"PNG, {LARGE} ×", lane)
        + _anew(svg[lane], filename(saved, lane, "svg"), "SVG", lane)
        + '<span class="said" role="status"></span></p>'
        for lane in large
    )


def _anew(href: str, name: str, text: str, lane: str) -> str:
    return (
        f'<a class="download" href="{href}" download="{name}"><span aria-hidden="true">↓</span> '
        f"{text}<span class='visually-hidden'>, {title(lane)}, drawn anew</span></a>"
    )


def _going_on(saved: Saved) -> tuple[str, str]:
    """Return what Continue does with a partial result, and its button; "" if it is complete."""
    if saved.over or not (saved.folder / UNFINISHED).is_file():
        return "", ""
    return (
        f'<p class="note">Continue resumes at step {saved.steps} and ends with the same picture '
        "as without the stop.</p>",
        f'<button type="button" class="go-on" data-run="{saved.id}">Continue</button>',
    )
