"""The picture to start from: uploaded, shown small, taken away; its field is the kept name."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import gradio as gr

from otgen.recipe.prompts import InputError
from otgen.results import uploads
from otgen.ui.actions import Action, Actions, Asked, Failing
from otgen.ui.messages import trouble
from otgen.ui.upload import upload_button

LARGEST = "20mb"  # of an upload

_SHOW = """
const show = () => {
  const name = /^[0-9a-f]{12}$/.test(props.value) ? props.value : "";
  element.innerHTML = !name ? "" :
    `<div class="start"><img src="starts/${name}.png" alt="The picture to start from">` +
    `<span>starts from this picture</span><button type="button">Remove</button></div>`;
  const picture = element.querySelector("img");
  if (picture) picture.onerror = () => {
    picture.hidden = true;
    element.querySelector("span").textContent = "its picture is not on this machine";
  };
};
element.addEventListener("click", (event) => {
  if (!event.target.closest("button")) return;
  props.value = "";
  show(); // watch only tells of changes from the server
});
watch("value", show);
show();
"""


def start_picture(name: str, actions: Actions) -> gr.HTML:
    """Lay out the button and the preview; return the field: the name of a kept picture, or ""."""
    upload = upload_button(
        "Start from a picture…", size="sm", file_types=["image"], elem_id="upload"
    )
    field = gr.HTML(
        name,
        html_template="<span></span>",
        js_on_load=_SHOW,
        apply_default_css=False,
        elem_id="start",
    )
    said = gr.HTML("", apply_default_css=False, elem_id="start-said")

    async def keep(asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Keep an uploaded picture and name it; one that can't be used leaves the last one."""
        action.claim(said)
        try:
            name = await asyncio.to_thread(_keep, *asked.given)
        except InputError as wrong:
            yield {said: trouble(str(wrong))}
            return
        action.claim(field)
        yield {field: name, said: ""}

    upload.upload(**actions.by_person(keep, [upload], [field, said], Failing(said)))
    return field


def _keep(file: bytes | None) -> str:
    """Keep a picture and return its name. Raises InputError."""
    if file is None:
        raise InputError("The picture did not arrive: try it again.")
    try:
        return uploads.keep(io.BytesIO(file))
    except OSError as wrong:
        reason = wrong.strerror or "no reason given"
        raise InputError(f"The picture could not be kept ({reason}): try again later.") from None
