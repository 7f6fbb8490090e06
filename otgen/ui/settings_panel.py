"""The settings beside the prompts: the painter and its card, the seed, and what is advanced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import NamedTuple

import gradio as gr

from otgen.painters.catalogue import GENERATORS, card
from otgen.recipe.lanes import TITLES
from otgen.recipe.presets import note
from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import DISTANCES, MOST_LANES, Settings, validated
from otgen.service.queue import Jobs
from otgen.ui import form, scripts
from otgen.ui.actions import Asked, Turn, Turns
from otgen.ui.painter_card import LOOKING, facts, here
from otgen.ui.start_picture import start_picture

_PATIENCE = 0.3  # seconds that a look at this machine may take before the page says that it looks
_NEUTRAL = (Prompt("a cat"),)  # whether a painter can paint here does not hang on the prompts


class Panel(NamedTuple):
    """The components; fields are in the order of ``form.settings``, less the prompts.

    optional: what only some painters have a use for.
    """

    fields: list
    card: gr.HTML
    here: gr.HTML
    optional: dict[str, gr.blocks.BlockContext]


def settings_panel(values: list, turns: Turns) -> Panel:
    """Lay out all but the prompts."""
    _, generator, seed, steps, cutouts, dial, distance, lanes, *more = values
    encoder, height, width, guidance, told, start, sprites = more
    shown = _use(generator)
    choices = [(about.title, name) for name, about in GENERATORS.items()]
    painter = gr.Dropdown(
        choices, value=generator, label="Painter", filterable=False, elem_id="painter"
    )
    told_of = gr.HTML(_facts(generator, encoder), apply_default_css=False, elem_id="card")
    verdict = gr.HTML("", apply_default_css=False, js_on_load=scripts.INSTEAD, elem_id="here")
    with gr.Row(elem_id="seeding"):
        seed = gr.Number(seed, label="Seed", elem_id="seed", min_width=120)
        randomise = gr.Button("Randomise", size="sm", elem_id="randomise", min_width=110)
    with gr.Accordion("Advanced", open=False, elem_id="advanced"):
        with gr.Row(elem_classes="pair-of"):
            steps = _number(steps, "Steps", "updates of the picture")
            cutouts = _number(cutouts, "Cutouts", "looks at it per step")
        with gr.Row(elem_classes="pair-of", visible=shown["size"]) as size:
            width = _number(width, "Width", "pixels")
            height = _number(height, "Height", "pixels")
        with gr.Column(visible=shown["sprites"], elem_classes="one-of") as spriting:
            sprites = _number(sprites, "Sprites", "things in the picture, at most")
        with gr.Column(visible=shown["guidance"], elem_classes="one-of") as guiding:
            guidance = _number(guidance, "Guidance", "how hard the prompts steer; 0: not at all")
        with gr.Column(visible=shown["told"], elem_classes="one-of") as telling:
            told = gr.Checkbox(
                told,
                label="Tell it the prompts too",
                info="its own network reads them, joined",
                elem_id="told",
            )
        with gr.Column(visible=shown["start"], elem_classes="one-of") as starting:
            start = start_picture(start, turns)
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
        gauge = gr.HTML(
            dial.value, html_template=scripts.GAUGE, elem_id="gauge", apply_default_css=False
        )
        encoder = gr.Dropdown(
            [(title, name) for name, title in form.ENCODER_TITLES.items()],
            value=encoder,
            label="Looks through",
            info="the encoder that compares cutouts and prompts",
            filterable=False,
            elem_id="encoder",
        )
        distance = gr.Dropdown(
            list(DISTANCES),
            value=distance,
            label="Distance",
            info="between a cutout and a prompt",
            elem_id="distance",
        )
        lanes = gr.Dropdown(
            [(title, lane) for lane, title in TITLES.items()],
            value=lanes,
            multiselect=True,
            allow_custom_value=True,
            max_choices=MOST_LANES,
            label="Paint under",
            info="side by side, from the same start; type ot@0.01 for an epsilon of its own",
            elem_id="lanes",
        )
    randomise.click(None, None, seed, js=scripts.RANDOMISE)
    dial.change(None, dial, gauge, js="(dial) => dial")
    fields = [painter, seed, steps, cutouts, dial, distance, lanes]
    fields += [encoder, height, width, guidance, told, start, sprites]
    optional = {"size": size, "guidance": guiding, "told": telling, "start": starting}
    optional |= {"sprites": spriting}
    return Panel(fields, told_of, verdict, optional)


def _number(value: float | None, label: str, info: str) -> gr.Number:
    return gr.Number(value, label=label, info=info, min_width=120, elem_id=label.lower())


def _use(generator: str) -> dict[str, bool]:
    """Return which of the optional settings mean something to a painter."""
    about = card(generator)
    return {
        "size": about.sizes.least < about.sizes.most,
        "guidance": about.guidance is not None,
        "told": about.reads,
        "start": about.starts,
        "sprites": about.sprites is not None,
    }


def _facts(generator: str, encoder: str) -> str:
    return facts(Settings(_NEUTRAL, generator, encoder=encoder))


def _suit(generator: str) -> list:
    """Return what suits a painter: steps, encoder, height, width, guidance, sprites."""
    about = card(generator)
    usual = about.sizes.usual
    return [about.steps, about.encoder, usual, usual, about.guidance, about.sprites]


class _Following:
    """What the panel does when a painter is chosen or the form changes."""

    def __init__(self, panel: Panel, fields: list, jobs: Jobs) -> None:
        self._panel, self._fields, self._jobs = panel, fields, jobs
        self.painter, _, steps, *_, encoder, height, width, guidance, _, _, sprites = panel.fields
        self.suited = [steps, encoder, height, width, guidance, sprites]
        self.shown = [panel.card, *panel.optional.values()]

    async def show(self, asked: Asked, turn: Turn) -> AsyncIterator[dict]:
        """Show a painter's card and those of the optional settings that it has a use for."""
        turn.claim(*self.shown)
        seen = [gr.update(visible=means) for means in _use(asked.given[0]).values()]
        yield dict(zip(self.shown, [_facts(*asked.given), *seen], strict=True))

    async def suit(self, asked: Asked, turn: Turn) -> AsyncIterator[dict]:
        """Fill in what suits the painter that was chosen."""
        turn.claim(*self._fields)
        yield dict(zip(self.suited, _suit(*asked.given), strict=True))

    async def instead(self, asked: Asked, turn: Turn) -> AsyncIterator[dict]:
        """Take the painter that was offered, and what suits it."""
        name = asked.said("painter")
        if name in GENERATORS:
            turn.claim(*self._fields)
            parts = [self.painter, *self.suited]
            yield dict(zip(parts, [name, *_suit(name)], strict=True))

    async def look(self, asked: Asked, turn: Turn) -> AsyncIterator[dict]:
        """Say whether the run can be had here; what is not yet right is told of at Paint."""
        here_of = self._panel.here
        turn.claim(here_of)
        try:
            settings = form.settings(*asked.given)
            neutral = validated(replace(settings, prompts=_NEUTRAL))
        except InputError:
            yield {here_of: ""}
            return
        found = asyncio.create_task(asyncio.to_thread(self._jobs.verdict, neutral))
        if not (await asyncio.wait({found}, timeout=_PATIENCE))[0]:
            yield {here_of: LOOKING}
        yield {here_of: here(await found, note(settings))}


def wire(
    turns: Turns, panel: Panel, fields: list, jobs: Jobs, painted: gr.events.Dependency
) -> None:
    """Let the panel follow the painter, and say what this machine can do.

    Args:
        fields: all of the form, in the order of ``form.settings``. painted: the event of a run;
            once it is over, weights may be here and the pace known.
    """
    painter, _, steps, cutouts, _, _, lanes, encoder, height, width, *_ = panel.fields
    follow = _Following(panel, fields, jobs)
    shown = turns.action(follow.show, [painter, encoder], follow.shown)
    gr.on([painter.change, encoder.change], **shown)
    painter.input(**turns.action(follow.suit, [painter], follow.suited))
    gr.on([painter.change, encoder.change], None, [painter, encoder], None, js=scripts.WORDS_OF)
    asks = [part.change for part in (painter, steps, cutouts, lanes, encoder, height, width)]
    look = turns.action(follow.look, fields, [panel.here])
    gr.on(asks, **look)
    painted.then(**look)
    panel.here.click(**turns.action(follow.instead, [], [painter, *follow.suited]))
