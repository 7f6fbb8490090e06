"""Settings from outside, into the form: of a link, a file, or a result of the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import fields, replace

import gradio as gr

from otgen.painters.catalogue import card
from otgen.recipe.codec import Recipe, from_file
from otgen.recipe.presets import PRESETS
from otgen.recipe.prompts import InputError, shorten
from otgen.recipe.settings import Settings
from otgen.results.parents import name_of
from otgen.run.plan import plan
from otgen.service.queue import Jobs
from otgen.ui import form, scripts
from otgen.ui.actions import Action, Asked, Failing
from otgen.ui.messages import GONE, notice, trouble
from otgen.ui.onward import value_of
from otgen.ui.upload import upload_button

_VEIL = """<div class="veil" hidden><p>Drop a picture that otgen painted, or its result.json:
its settings fill the form. On the prompts, a picture becomes one of them.</p></div>"""


def restore_button() -> gr.UploadButton:
    """Return the button that takes a file of otgen's; one dropped on the page goes there."""
    gr.HTML(_VEIL, apply_default_css=False, elem_id="drop", js_on_load=scripts.DROP)
    return upload_button(
        "Drop a saved picture here, or choose one, to get its settings",
        size="sm",
        elem_id="restore",
    )


def fitted(recipe: Recipe) -> Recipe:
    """Return the recipe as the form can hold it; notes say what it can't."""
    settings, notes = recipe.settings, list(recipe.notes)
    try:
        card(settings.generator)
    except InputError as wrong:
        notes.append(f"{wrong} The painter was left as it is.")
        settings = replace(settings, generator=Settings.generator)
    held = form.settings(form.fields(settings))
    for field in fields(Settings):
        wanted, got = getattr(settings, field.name), getattr(held, field.name)
        if wanted is not None and wanted != got:
            instead = f"what you paint has {_said(got)}" if got else "it is left out"
            notes.append(f"The form can't hold {field.name} {_said(wanted)}: {instead}.")
    return recipe._replace(settings=settings, notes=tuple(notes))


def _said(value: object) -> str:
    return shorten(", ".join(map(str, value)) if isinstance(value, tuple) else value, 40)


def changed(id: str, settings: Settings) -> str:
    """Return a note if the settings of the result ``id`` give another picture today, else ""."""
    try:
        if not id or plan(settings).id == id:
            return ""
    except InputError:
        return ""
    return (
        "The result was made with other models, or by another otgen: today the same settings give "
        "another picture."
    )


class Filling:
    """Fills a page's form with settings from outside.

    message: where it says what became of them.
    """

    def __init__(self, jobs: Jobs, form: form.Form, message: gr.HTML) -> None:
        self._jobs, self._form, self._message = jobs, form, message
        self.failing = Failing(message)

    @property
    def outputs(self) -> list:
        """What it writes to."""
        return [*self._form.inputs, self._message]

    async def use_kept(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Fill the form with the settings of a result of the gallery."""

        def read() -> Recipe:
            saved = self._jobs.find(str(asked.said("run")))
            if saved is None:
                raise InputError(GONE)
            return Recipe(saved.settings, (), saved.id)

        async for shown in self._read(read, "The result's", action):
            yield shown

    async def onward(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Fill the form with what goes on from a result, whose settings are to be changed."""
        action.claim(*self.outputs)
        saved = await asyncio.to_thread(self._jobs.find, str(asked.said("run")))
        if saved is None:
            yield {self._message: trouble(GONE)}
            return
        wanted = replace(saved.settings, parent=name_of(saved), start="")
        held = fitted(Recipe(wanted, ()))
        said = "The form goes on from this result: change prompts, weights or losses, then Paint."
        yield {
            **self._form.filled(held.settings, saved.id),
            self._form["parent"]: value_of(saved),
            self._message: notice([said, *held.notes]),
        }

    async def restore(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Fill the form with the settings that an uploaded file carries."""
        (file,) = asked.values

        def read() -> Recipe:
            if file is None:
                raise InputError("The file did not arrive: try it again.")
            return from_file(file)

        async for shown in self._read(read, "The file's", action):
            yield shown

    async def use_preset(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Fill the form as the paper made the experiment that was clicked."""
        if preset := PRESETS.get(asked.said("preset")):
            action.claim(*self._form.inputs)
            yield self._form.filled(preset.settings())

    async def _read(
        self, read: Callable[[], Recipe], whose: str, action: Action
    ) -> AsyncIterator[dict]:
        try:
            recipe = await asyncio.to_thread(read)
        except InputError as wrong:
            action.claim(self._message)
            yield {self._message: trouble(str(wrong))}
            return
        async for shown in self.fill(recipe, whose, action):
            yield shown

    async def fill(self, recipe: Recipe, whose: str, action: Action) -> AsyncIterator[dict]:
        """Fill the form with settings from outside, and say what became of them."""
        action.claim(*self.outputs)
        held = fitted(recipe)
        # One answer: what is said must not come again after a click on Paint has taken it away.
        note = "" if held.notes else await asyncio.to_thread(changed, recipe.id, recipe.settings)
        if not action.holds(self._form["prompts"]):
            return
        said = [f"{whose} settings are in the form: Paint runs them.", *held.notes]
        yield {
            **self._form.filled(held.settings, recipe.id),
            self._message: notice([*said, note] if note else said),
        }
