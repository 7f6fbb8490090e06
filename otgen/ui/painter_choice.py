"""What the settings beside the prompts do when a painter is chosen or the form changes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator

import gradio as gr

from otgen.painters.catalogue import GENERATORS, card
from otgen.recipe import shapes
from otgen.recipe.prompts import InputError, number
from otgen.recipe.settings import Settings
from otgen.service.availability import Verdict
from otgen.service.queue import Jobs
from otgen.ui import form, scripts
from otgen.ui.actions import Action, Actions, Asked
from otgen.ui.form import Form
from otgen.ui.painter_card import CHECKING, facts, here
from otgen.ui.preset_row import note
from otgen.ui.settings_panel import Panel, uses

_PATIENCE = 0.3  # seconds that a look at this machine may take before the page says that it looks
# Whether a painter can paint here does not depend on the prompts.
_NEUTRAL = {"prompts": [{"text": "a cat", "weight": 1}]}


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


def _side(value: object) -> float:
    """Return a side that is being typed as a number, 0 where it is none."""
    pixels = number(value)
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
        seen = [gr.update(visible=means) for means in uses(asked.values[0]).values()]
        yield dict(zip(self.shown, [facts(*asked.values), *seen], strict=True))

    async def suit(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Fill in what suits the painter that was chosen."""
        action.claim(*self._form.inputs)
        yield self._suited(*asked.values)

    def _suited(self, generator: str) -> dict:
        return {self._form[name]: value for name, value in _suit(generator).items()}

    async def size(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Fill in the painter's nearest size of the shape that was chosen, about as large."""
        generator, *sides = asked.values
        ratio = shapes.SHAPES.get(asked.said("shape"))
        if ratio:
            fields = [self._form["width"], self._form["height"]]
            action.claim(*fields)
            shaped = card(generator).sizes.shaped(ratio, math.prod(map(_side, sides)))
            yield dict(zip(fields, shaped, strict=True))

    async def shape(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Mark the shape that the size has."""
        action.claim(self._panel.shape)
        yield {self._panel.shape: shapes.shape_of(*map(_side, asked.values))}

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
        values = self._form.values(asked.values)
        try:
            settings = form.settings(values | _NEUTRAL)
        except InputError:
            yield {here_of: ""}
            return
        task = asyncio.create_task(asyncio.to_thread(self._verdict, settings))
        if not (await asyncio.wait({task}, timeout=_PATIENCE))[0]:
            yield {here_of: CHECKING}
        verdict = await task
        yield {here_of: here(verdict, note(values)) if verdict else ""}

    def _verdict(self, settings: Settings) -> Verdict | None:
        try:
            return self._jobs.cost.verdict(settings)
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
