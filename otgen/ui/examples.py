"""The shipped examples as cards that open at once."""

from __future__ import annotations

from html import escape

import gradio as gr

from otgen.explain.palette import PALETTE
from otgen.results.result import Saved
from otgen.ui.files import address

_OPEN = """
element.addEventListener("click", (event) => {
  const card = event.target.closest(".card");
  if (card) trigger("click", { run: card.dataset.run });
});
"""


def example_cards(examples: tuple[Saved, ...]) -> gr.HTML:
    """Return the component; a click on a card carries its run's id."""
    cards = "".join(map(_card, examples))
    html = f'<h2>Examples</h2><div class="cards">{cards}</div>' if examples else ""
    return gr.HTML(
        html, js_on_load=_OPEN, apply_default_css=False, elem_id="examples", visible=bool(examples)
    )


def _card(example: Saved) -> str:
    pictures = "".join(
        f'<img src="{address(example, lane)}" alt="">' for lane in example.settings.lanes
    )
    prompts = "".join(
        f'<span class="said" style="--dot:{colour}"><span class="dot"></span>'
        f"<bdi>{escape(prompt.text)}</bdi></span>"
        for prompt, colour in zip(example.settings.prompts, PALETTE, strict=False)
    )
    return (
        f'<button class="card" type="button" data-run="{escape(example.id)}">'
        f'<span class="pair">{pictures}</span><span class="prompts-said">{prompts}</span></button>'
    )
