"""The prompt rows and the words to click: one component of ``[{"text", "weight"}]`` as typed."""

from __future__ import annotations

from html import escape
from pathlib import Path

import gradio as gr

from otgen.palette import PALETTE
from otgen.prompts import MOST_PROMPTS
from otgen.world.vocabulary import BACKGROUNDS, OBJECTS, STYLES, object_phrase

_HINTS = ("a cat", "a castle", "a tree at sunset", "the ocean")


def prompt_rows(rows: list[dict[str, str]]) -> gr.HTML:
    """Return the component, filled with rows."""
    return gr.HTML(
        rows,
        html_template=_template(),
        js_on_load=Path(__file__).with_name("prompts.js").read_text(),
        apply_default_css=False,
        elem_id="prompts",
        palette=PALETTE,
        most=MOST_PROMPTS,
        hints=_HINTS,
        styles=[phrase for phrases in STYLES.values() for phrase in phrases],
    )


def _template() -> str:
    """Return the frame that the script fills; gradio evaluates it, so no prompt enters."""
    things = [
        _chip("thing", name, object_phrase(name), f"and {object_phrase(name)}") for name in OBJECTS
    ]
    places = [_chip("place", name, alone, behind) for name, (alone, behind) in BACKGROUNDS.items()]
    styles = [_chip("style", name, phrases[0], "") for name, phrases in STYLES.items()]
    groups = (("Things", things), ("Places", places), ("Styles", styles))
    words = "".join(
        f'<div class="words-of" role="group" aria-label="{title}">'
        f'<span class="kind">{title}</span>{"".join(chips)}</div>'
        for title, chips in groups
    )
    return (
        '<div class="head"><h2 id="prompts-title">Prompts</h2>'
        '<span title="How much a prompt should get, next to the others">share</span></div>'
        '<ol class="rows" aria-labelledby="prompts-title"></ol>'
        '<button class="add" type="button">+ Add a prompt</button>'
        f'<div class="words" role="group" aria-label="Words that the painter knows">{words}</div>'
    )


def _chip(kind: str, name: str, alone: str, behind: str) -> str:
    return (
        f'<button class="chip" type="button" data-kind="{kind}" data-alone="{escape(alone)}" '
        f'data-behind="{escape(behind)}">{escape(name)}</button>'
    )
