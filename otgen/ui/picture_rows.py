"""Pictures as prompts: chosen or dropped on the rows, kept, and shown small in a row each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from otgen.recipe.prompts import MOST_PROMPTS, InputError, pictured
from otgen.ui.actions import Action, Actions, Asked, Failing
from otgen.ui.messages import trouble
from otgen.ui.start_picture import kept
from otgen.ui.upload import PICTURES, upload_button

# The rows' own script adds to them: what is typed meanwhile stays.
_HAND_OVER = """
watch("value", () => {
  const rows = document.querySelector("#prompts .rows");
  rows.dispatchEvent(new CustomEvent("taken", { detail: props.value.rows }));
});
"""


def picture_rows(rows: gr.HTML, said: gr.HTML, actions: Actions) -> None:
    """Lay out the button that takes pictures for the rows; the rows' own script presses it."""
    with gr.Column(elem_id="pictures"):
        upload = upload_button("Pictures", file_count="multiple", file_types=PICTURES)
        taken = gr.HTML({}, html_template="<span></span>", js_on_load=_HAND_OVER)

    async def add(asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Keep pictures, and hand their rows over; one that can't be used is left out."""
        action.claim(said)
        action.read([rows])
        files, typed = asked.values
        if wrong := _too_many(files, typed):
            yield {said: trouble(wrong)}
            return
        made, wrong = [], ""
        for file in files:
            try:
                name, small = await asyncio.to_thread(kept, file)
                made.append({"text": pictured(name), "shown": small})
            except InputError as refused:
                wrong = wrong or str(refused)
        action.add(taken)
        # The number tells a picture that is given twice from an answer that came before.
        yield {
            taken: {"rows": made, "action": action.number},
            said: trouble(wrong) if wrong else "",
        }

    upload.upload(**actions.by_person(add, [upload, rows], [taken, said], Failing(said)))


def _too_many(files: list, rows: list[dict]) -> str:
    """Return a sentence where there is no room for so many pictures beside what is typed."""
    prompts = [
        row
        for row in rows
        if str(row["text"]).strip() and not str(row["weight"]).strip().startswith(("-", "−"))
    ]
    if len(prompts) + len(files) <= MOST_PROMPTS:
        return ""
    return (
        f"With {'this picture' if len(files) == 1 else f'these {len(files)} pictures'} there are "
        f"{len(prompts) + len(files)} prompts; at most {MOST_PROMPTS} are allowed: remove some."
    )
