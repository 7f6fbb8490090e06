"""Pictures as prompts: chosen or dropped on the rows, kept, and shown small in a row each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from otgen.recipe.prompts import InputError, pictured
from otgen.ui.actions import Action, Actions, Asked, Failing
from otgen.ui.messages import trouble
from otgen.ui.start_picture import kept
from otgen.ui.upload import upload_button


def picture_rows(rows: gr.HTML, said: gr.HTML, actions: Actions) -> None:
    """Lay out the button that takes pictures for the rows; the rows' own script presses it."""
    with gr.Column(elem_id="pictures"):
        upload = upload_button("Picture", file_types=["image"])

    async def add(asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Keep a picture, and add its row; one that can't be used leaves the rows."""
        action.claim(said)
        file, typed = asked.given
        try:
            name, small = await asyncio.to_thread(kept, file)
        except InputError as wrong:
            yield {said: trouble(str(wrong))}
            return
        action.claim(rows)
        blank = [row for row in typed if str(row["text"]).strip()]
        row = {"text": pictured(name), "weight": "1", "place": "", "shown": small}
        yield {rows: [*blank, row], said: ""}

    upload.upload(**actions.by_person(add, [upload, rows], [rows, said], Failing(said)))
