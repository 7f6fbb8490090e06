"""The settings beside the prompts: the painter and its card, the seed, and what is advanced."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import NamedTuple

import gradio as gr

from otgen.painters.catalogue import GENERATORS, card
from otgen.recipe import shapes
from otgen.recipe.lanes import EXAMPLES, card_of, title
from otgen.recipe.prompts import InputError, number
from otgen.recipe.rules import MOST_LANES
from otgen.recipe.settings import Settings, rule
from otgen.service.availability import Verdict
from otgen.service.queue import Jobs
from otgen.ui import form, scripts
from otgen.ui.actions import Action, Actions, Asked
from otgen.ui.dial import dial
from otgen.ui.form import Form
from otgen.ui.painter_card import CHECKING, facts, here
from otgen.ui.preset_row import note
from otgen.ui.shape_field import shape_field
from otgen.ui.start_picture import start_picture

_PATIENCE = 0.3  # seconds that a look at this machine may take before the page says that it looks
# Whether a painter can paint here does not depend on the prompts.
_NEUTRAL = {"prompts": [{"text": "a cat", "weight": 1}]}


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
    shown = _use(generator)
    choices = [(about.title, name) for name, about in GENERATORS.items()]
    painter = gr.Dropdown(
        choices, value=generator, label="Painter", filterable=False, elem_id="painter"
    )
    facts = gr.HTML(_facts(generator, encoder), apply_default_css=False, elem_id="card")
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
    return Panel(fields, facts, verdict, optional, shape)


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


def _use(generator: str) -> dict[str, bool]:
    """Return which of the optional settings mean something to a painter."""
    about = card(generator)
    return {
        "size": about.sizes.free,
        "guidance": about.guidance is not None,
        "conditioning": about.reads,
        "start": about.starts,
        "sprites": about.sprites is not None,
        "truncation": about.truncation is not None,
        "strength": about.strength is not None,
    }


def _facts(generator: str, encoder: str) -> str:
    return facts(generator, encoder)


def _suit(generator: str) -> dict[str, object]:
    """Return what suits a painter, by the names of the fields that hold it."""
    about = card(generator)
    return {
        "steps": about.steps,
        "encoder": about.encoder,
        "height": about.sizes.usual,
        "width": about.sizes.usual,
        "guidance": about.guidance,
        "sprites": about.sprites,
        "truncation": about.truncation,
        "strength": about.strength,
    }


def _side(given: object) -> float:
    """Return a side that is being typed as a number, 0 where it is none."""
    pixels = number(given)
    return pixels if pixels > 0 and math.isfinite(pixels) else 0.0


_SUITED = tuple(_suit(Settings.generator))


class _Following:
    """What the panel does when a painter is chosen or the form changes."""

    def __init__(self, panel: Panel, form: Form, jobs: Jobs) -> None:
        self._panel, self._form, self._jobs = panel, form, jobs
        self.suited = [form[name] for name in _SUITED]
        self.shown = [panel.card, *panel.optional.values()]

    async def show(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show a painter's card and those of the optional settings that it has a use for."""
        action.claim(*self.shown)
        seen = [gr.update(visible=means) for means in _use(asked.given[0]).values()]
        yield dict(zip(self.shown, [_facts(*asked.given), *seen], strict=True))

    async def suit(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Fill in what suits the painter that was chosen."""
        action.claim(*self._form.inputs)
        yield self._suited(*asked.given)

    def _suited(self, generator: str) -> dict:
        return {self._form[name]: value for name, value in _suit(generator).items()}

    async def size(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Fill in the painter's nearest size of the shape that was chosen, about as large."""
        generator, *sides = asked.given
        ratio = shapes.SHAPES.get(asked.said("shape"))
        if ratio:
            fields = [self._form["width"], self._form["height"]]
            action.claim(*fields)
            found = card(generator).sizes.shaped(ratio, math.prod(map(_side, sides)))
            yield dict(zip(fields, found, strict=True))

    async def shape(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Mark the shape that the size has."""
        action.claim(self._panel.shape)
        yield {self._panel.shape: shapes.shape_of(*map(_side, asked.given))}

    async def instead(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Take the painter that was offered, and what suits it."""
        name = asked.said("painter")
        if name in GENERATORS:
            action.claim(*self._form.inputs)
            yield {self._form["generator"]: name} | self._suited(name)

    async def look(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Say whether the run can be had here; what is not yet right is told of at Paint."""
        here_of = self._panel.here
        action.claim(here_of)
        values = self._form.values(asked.given)
        try:
            settings = form.settings(values | _NEUTRAL)
        except InputError:
            yield {here_of: ""}
            return
        found = asyncio.create_task(asyncio.to_thread(self._verdict, settings))
        if not (await asyncio.wait({found}, timeout=_PATIENCE))[0]:
            yield {here_of: CHECKING}
        verdict = await found
        yield {here_of: here(verdict, note(values)) if verdict else ""}

    def _verdict(self, settings: Settings) -> Verdict | None:
        try:
            return self._jobs.verdict(settings)
        except InputError:
            return None


def wire(
    actions: Actions, panel: Panel, form: Form, jobs: Jobs, painted: gr.events.Dependency
) -> None:
    """Let the panel follow the painter, and say what this machine can do.

    Args:
        painted: the event of a run; once it is over, weights may be here and the pace known.
    """
    painter, encoder = form["generator"], form["encoder"]
    follow = _Following(panel, form, jobs)
    shown = actions.by_person(follow.show, [painter, encoder], follow.shown)
    gr.on([painter.change, encoder.change], **shown)
    painter.input(**actions.by_person(follow.suit, [painter], follow.suited))
    sides = [form["width"], form["height"]]
    panel.shape.choose(**actions.by_person(follow.size, [painter, *sides], sides))
    gr.on([side.change for side in sides], **actions.by_person(follow.shape, sides, [panel.shape]))
    gr.on([painter.change, encoder.change], None, [painter, encoder], None, js=scripts.WORDS_OF)
    asks = ("generator", "steps", "cutouts", "lanes", "encoder", "height", "width")
    look = actions.by_person(follow.look, form.inputs, [panel.here])
    gr.on([form[name].change for name in asks], **look)
    painted.then(**look)
    panel.here.click(**actions.by_person(follow.instead, [], [painter, *follow.suited]))
