"""The picture to start from: uploaded, shown small, taken away; its field is the kept name."""

from __future__ import annotations

import asyncio
import io

import gradio as gr

from otgen import starts
from otgen.prompts import InputError
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


def start_picture(name: str) -> gr.HTML:
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
    upload.upload(_keep, upload, [field, said], show_progress="hidden", api_visibility="private")
    return field


async def _keep(file: bytes | None) -> tuple:
    """Keep an uploaded picture and name it; one that can't be used leaves the last one."""
    if file is None:
        return gr.skip(), trouble("The picture did not arrive: try it again.")
    try:
        return await asyncio.to_thread(starts.keep, io.BytesIO(file)), ""
    except InputError as wrong:
        return gr.skip(), trouble(str(wrong))
    except OSError as wrong:
        reason = wrong.strerror or "no reason given"
        return gr.skip(), trouble(f"The picture could not be kept ({reason}): try again later.")
