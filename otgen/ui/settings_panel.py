"""The settings beside the prompts: the painter and its card, the seed, and what is advanced."""

from __future__ import annotations

import gradio as gr

from otgen.generators import GENERATORS
from otgen.settings import DISTANCES
from otgen.ui import form, scripts


def settings_panel(values: list, page: gr.Blocks) -> list:
    """Lay out all but the prompts; return the fields in the order of ``form.settings``."""
    _, generator, seed, steps, cutouts, dial, distance, lanes = values
    choices = [(card.title, name) for name, card in GENERATORS.items()]
    painter = gr.Dropdown(
        choices, value=generator, label="Painter", filterable=False, elem_id="painter"
    )
    card = gr.HTML(_card(generator), apply_default_css=False, elem_id="card")
    with gr.Row(elem_id="seeding"):
        seed = gr.Number(seed, label="Seed", elem_id="seed", min_width=120)
        randomise = gr.Button("Randomise", size="sm", elem_id="randomise", min_width=110)
    with gr.Accordion("Advanced", open=False, elem_id="advanced"):
        with gr.Row(elem_classes="pair-of"):
            steps = gr.Number(
                steps, label="Steps", info="updates of the picture", min_width=120, elem_id="steps"
            )
            cutouts = gr.Number(
                cutouts,
                label="Cutouts",
                info="looks at it per step",
                min_width=120,
                elem_id="cutouts",
            )
        dial = gr.Slider(
            form.SHARPEST,
            form.DULLEST,
            dial,
            step=0.01,
            label="From sharp to Mean",
            info="epsilon: how strictly each cutout is given to one prompt",
            buttons=[],
            elem_id="dial",
        )
        gauge = gr.HTML("", elem_id="gauge", apply_default_css=False)
        distance = gr.Dropdown(
            list(DISTANCES),
            value=distance,
            label="Distance",
            info="between a cutout and a prompt",
            elem_id="distance",
        )
        lanes = gr.CheckboxGroup(
            [(title, lane) for lane, title in form.LANE_TITLES.items()],
            value=lanes,
            label="Paint under",
            info="side by side, from the same start",
            elem_id="lanes",
        )
    painter.change(
        _card, painter, card, queue=False, show_progress="hidden", api_visibility="private"
    )
    painter.input(
        _steps, painter, steps, queue=False, show_progress="hidden", api_visibility="private"
    )
    painter.change(None, painter, None, js=scripts.WORDS_OF)
    randomise.click(None, None, seed, js=scripts.RANDOMISE)
    gr.on([page.load, dial.change], None, dial, gauge, js=scripts.READ_DIAL)
    return [painter, seed, steps, cutouts, dial, distance, lanes]


def _card(generator: str) -> str:
    return f"<p>{GENERATORS[generator].summary}</p>"


def _steps(generator: str) -> int:
    return GENERATORS[generator].steps
