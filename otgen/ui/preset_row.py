"""Prompts to begin with, and the paper's experiments, one click each."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import gradio as gr

from otgen.painters.catalogue import card
from otgen.recipe.presets import PRESETS, Preset

_CHOOSE = """
element.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-preset]");
  if (preset) trigger("click", { preset: preset.dataset.preset });
});
"""


def preset_row() -> gr.HTML:
    """Return the component; a click on a preset carries its name."""
    ours = {name: preset for name, preset in PRESETS.items() if not preset.figure}
    papers = {name: preset for name, preset in PRESETS.items() if preset.figure}
    return gr.HTML(
        _group("Why matching matters", ours) + _group("From the paper", papers),
        js_on_load=_CHOOSE,
        apply_default_css=False,
        elem_id="presets",
    )


def _group(title: str, presets: dict[str, Preset]) -> str:
    buttons = "".join(
        f'<button type="button" data-preset="{name}"><strong>{escape(preset.title)}</strong>'
        f"<span>{escape(_said(preset))}</span></button>"
        for name, preset in presets.items()
    )
    return f'<h2>{title}</h2><div class="presets">{buttons}</div>'


def _said(preset: Preset) -> str:
    if preset.figure:
        return f"{card(preset.generator).title} · {preset.figure}"
    return ", ".join(preset.prompts)


def note(values: Mapping[str, object]) -> str:
    """Say which painter a preset's prompts are for where another one is chosen, or nothing.

    values: of the form's fields, by their names (``form.fields``).
    """
    texts = tuple(row["text"] for row in values["prompts"])
    preset = next((preset for preset in PRESETS.values() if preset.prompts == texts), None)
    if preset is None or preset.generator == values["generator"]:
        return ""
    about, meant = card(values["generator"]), card(preset.generator)
    what = "This experiment of the paper is" if preset.figure else "These prompts are"
    other = about.judge not in ("", meant.judge)  # a small world, and not the one of the prompts
    words = " and knows only the words of its small world" if other else ""
    return f"{what} for {meant.title}; {about.title} paints otherwise{words}."
