"""The paper's experiments, one click each."""

from __future__ import annotations

from html import escape

import gradio as gr

from otgen.generators import card
from otgen.presets import PRESETS

_CHOOSE = """
element.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-preset]");
  if (preset) trigger("click", { preset: preset.dataset.preset });
});
"""


def preset_row() -> gr.HTML:
    """Return the component; a click on a preset carries its name."""
    buttons = "".join(
        f'<button type="button" data-preset="{name}"><strong>{escape(preset.title)}</strong>'
        f"<span>{escape(card(preset.generator).title)} · {escape(preset.figure)}</span></button>"
        for name, preset in PRESETS.items()
    )
    return gr.HTML(
        f'<h2>From the paper</h2><div class="presets">{buttons}</div>',
        js_on_load=_CHOOSE,
        apply_default_css=False,
        elem_id="presets",
    )
