"""The settings beside the prompts: the painter and its card, the seed, and what is advanced."""

from __future__ import annotations

from typing import NamedTuple

import gradio as gr

from otgen.painters.catalogue import GENERATORS, card
from otgen.recipe import shapes
from otgen.recipe.lanes import EXAMPLES, card_of, title
from otgen.recipe.rules import MOST_LANES
from otgen.recipe.settings import rule
from otgen.ui import form, scripts
from otgen.ui.actions import Actions
from otgen.ui.dial import dial
from otgen.ui.painter_card import facts
from otgen.ui.shape_field import shape_field
from otgen.ui.start_picture import start_picture


class Panel(NamedTuple):
    """The components. fields: of the form, by name, less the prompts.

    optional: what only some painters have a use for, by the settings in it. shape: of the size.
    """

    fields: dict[str, gr.blocks.Block]
    card: gr.HTML
    here: gr.HTML
    optional: dict[str, gr.blocks.BlockContext]
    shape: gr.HTML


def settings_panel(values: dict, actions: Actions) -> Panel:
    """Lay out all but the prompts."""
    generator, encoder = values["generator"], values["encoder"]
    shown = uses(generator)
    choices = [(about.title, name) for name, about in GENERATORS.items()]
    painter = gr.Dropdown(
        choices, value=generator, label="Painter", filterable=False, elem_id="painter"
    )
    about = gr.HTML(facts(generator, encoder), apply_default_css=False, elem_id="card")
    verdict = gr.HTML("", apply_default_css=False, js_on_load=scripts.INSTEAD, elem_id="here")
    with gr.Row(elem_id="seeding"):
        seed = gr.Textbox(  # an empty gr.Number becomes 0, which is a seed
            values["seed"],
            label="Seed",
            placeholder="random",
            max_lines=1,
            elem_id="seed",
            min_width=120,
        )
        randomise = gr.Button("Randomise", size="sm", elem_id="randomise", min_width=110)
    with gr.Accordion("Advanced", open=False, elem_id="advanced"):
        with gr.Row(elem_classes="pair-of"):
            steps = _number("steps", values)
            cutouts = _number("cutouts", values)
        with gr.Column(visible=shown["size"], elem_classes="one-of") as size:
            shape = shape_field(shapes.shape_of(values["width"], values["height"]))
            with gr.Row(elem_classes="pair-of"):
                width = _number("width", values)
                height = _number("height", values)
        with gr.Column(visible=shown["sprites"], elem_classes="one-of") as spriting:
            sprites = _number("sprites", values)
        with gr.Row(elem_classes="pair-of", visible=shown["truncation"]) as classing:
            truncation = _number("truncation", values)
            imagenet_class = gr.Textbox(  # an empty gr.Number becomes 0, which is a class
                values["imagenet_class"],
                label="ImageNet class",
                info="its number, 0 to 999; empty: the prompts mix classes",
                min_width=120,
                elem_id="imagenet_class",
            )
        with gr.Column(visible=shown["guidance"], elem_classes="one-of") as guiding:
            guidance = _number("guidance", values)
        with gr.Column(visible=shown["conditioning"], elem_classes="one-of") as reading:
            conditioning = gr.Checkbox(
                values["conditioning"],
                label="Let it read the prompts too",
                info="its own text network reads them, joined",
                elem_id="conditioning",
            )
        with gr.Column(visible=shown["start"], elem_classes="one-of") as starting:
            start = start_picture(values["start"], actions)
            anchor = _number("anchor", values)
        with gr.Column(visible=shown["strength"], elem_classes="one-of") as noising:
            strength = _number("strength", values)
        epsilon = dial(values["epsilon"])
        encoder = gr.Dropdown(
            [(title, name) for name, title in form.ENCODER_TITLES.items()],
            value=encoder,
            label="Encoder",
            info=rule("encoder").help,
            filterable=False,
            elem_id="encoder",
        )
        distance = _choice("distance", values)
        sampling = _choice("sampling", values)
        lanes = gr.Dropdown(
            [(title(lane), lane) for lane in EXAMPLES],
            value=values["lanes"],
            multiselect=True,
            allow_custom_value=True,
            max_choices=MOST_LANES,
            label="Losses",
            info="side by side, from the same start; type ot@0.01 for an epsilon of its own",
            elem_id="lanes",
        )
        gr.HTML(_losses(), apply_default_css=False, elem_id="losses")
    randomise.click(None, None, seed, js=scripts.RANDOMISE)
    fields = {
        "generator": painter,
        "seed": seed,
        "steps": steps,
        "cutouts": cutouts,
        "epsilon": epsilon,
        "distance": distance,
        "lanes": lanes,
        "encoder": encoder,
        "height": height,
        "width": width,
        "guidance": guidance,
        "conditioning": conditioning,
        "start": start,
        "sprites": sprites,
        "sampling": sampling,
        "truncation": truncation,
        "imagenet_class": imagenet_class,
        "strength": strength,
        "anchor": anchor,
    }
    optional = {"size": size, "guidance": guiding, "conditioning": reading, "start": starting}
    optional |= {"sprites": spriting, "truncation": classing, "strength": noising}
    return Panel(fields, about, verdict, optional, shape)


def _losses() -> str:
    """Return what each loss does, and where it comes from."""
    rows = "".join(
        f"<dt>{title(lane)} <code>{lane}</code></dt><dd>{_sentence(card_of(lane).says)} "
        f"<small>{_sentence(card_of(lane).source)}</small></dd>"
        for lane in EXAMPLES
    )
    return f"<details><summary>What each loss does</summary><dl>{rows}</dl></details>"


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."


def _number(name: str, values: dict) -> gr.Number:
    info = rule(name).help
    return gr.Number(values[name], label=name.title(), info=info, min_width=120, elem_id=name)


def _choice(name: str, values: dict) -> gr.Dropdown:
    about = rule(name)
    allowed, label = list(about.allowed), name.capitalize()
    return gr.Dropdown(allowed, value=values[name], label=label, info=about.help, elem_id=name)


def uses(generator: str) -> dict[str, bool]:
    """Return which of the optional settings mean something to a painter."""
    about = card(generator)
    return {
        "size": about.sizes.free,
        "guidance": about.guidance is not None,
        "conditioning": about.reads,
        "start": about.takes_start,
        "sprites": about.sprites is not None,
        "truncation": about.truncation is not None,
        "strength": about.strength is not None,
    }
