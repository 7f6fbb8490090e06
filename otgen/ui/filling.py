"""Settings from outside, into the form: of a link, a file, or a result of the store."""

from __future__ import annotations

from dataclasses import fields, replace

import gradio as gr

from otgen.engine import engine
from otgen.generators import card
from otgen.prompts import InputError, shorten
from otgen.recipes import Recipe
from otgen.settings import Settings, validated
from otgen.ui import form, scripts
from otgen.ui.upload import upload_button

_VEIL = """<div class="veil" hidden><p>Drop a picture that otgen painted, or its result.json:
its settings fill the form.</p></div>"""


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
        settings = replace(settings, generator=Settings(()).generator)
    held = validated(form.settings(*form.fields(settings)))
    for field in fields(Settings):
        wanted, got = getattr(settings, field.name), getattr(held, field.name)
        if wanted is not None and wanted != got:
            instead = f"what you paint has {_said(got)}" if got else "it is left out"
            notes.append(f"The form can't hold {field.name} {_said(wanted)}: {instead}.")
    return recipe._replace(settings=settings, notes=tuple(notes))


def _said(value: object) -> str:
    return shorten(", ".join(map(str, value)) if isinstance(value, tuple) else value, 40)


def changed(id: str, settings: Settings) -> str:
    """Say that a run of these settings, made as ``id``, would be another one today; "" if not.

    Loads torch at its first use.
    """
    engine()  # which loads what this needs, one thread at a time
    from otgen.beforehand import run_id

    try:
        if not id or run_id(settings) == id:
            return ""
    except InputError:
        return ""
    return (
        "It was painted with other models, or by another otgen: the same settings give another "
        "picture today."
    )
