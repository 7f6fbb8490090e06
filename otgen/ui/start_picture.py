"""The picture to start from: uploaded, shown small, taken away; its field is the kept name.

No address serves a picture by its name. Who uploads one gets it back small, as a data address
behind the name; who opens a result gets the address of the result's own copy.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import gradio as gr
from PIL import Image

from otgen.recipe.prompts import InputError
from otgen.results import uploads
from otgen.ui.actions import Action, Actions, Asked, Failing
from otgen.ui.messages import trouble
from otgen.ui.scripts import REMOVABLE
from otgen.ui.stage import data_address
from otgen.ui.upload import PICTURES, upload_button

LARGEST = "20mb"  # of an upload
_SHOWN = 256  # pixels of the small picture's longer side, at most

_SHOW = """
const show = () => {
  const [name, source] = String(props.value || "").split(" ");
  if (!/^[0-9a-f]{12}$/.test(name)) {
    element.innerHTML = "";
    return;
  }
  element.innerHTML = '<div class="start"><img alt="The picture to start from">' +
    '<span>starts from this picture</span><button type="button">Remove</button></div>';
  const picture = element.querySelector("img");
  const hide = () => {
    picture.hidden = true;
    element.querySelector("span").textContent = "starts from an uploaded picture";
  };
  picture.onerror = hide;
  if (source) picture.src = source;
  else hide();
};
"""


def start_picture(name: str, actions: Actions) -> gr.HTML:
    """Lay out the button and the preview; return the field: the name of a kept picture, or ""."""
    upload = upload_button(
        "Start from a picture…", size="sm", file_types=PICTURES, elem_id="upload"
    )
    field = gr.HTML(
        name,
        html_template="<span></span>",
        js_on_load=_SHOW + REMOVABLE,
        apply_default_css=False,
        elem_id="start",
    )
    said = gr.HTML("", apply_default_css=False, elem_id="start-said")

    async def keep(asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Keep an uploaded picture and name it; one that can't be used leaves the last one."""
        action.claim(said)
        try:
            name, small = await asyncio.to_thread(kept, *asked.values)
        except InputError as wrong:
            yield {said: trouble(str(wrong))}
            return
        action.claim(field)
        yield {field: f"{name} {small}", said: ""}

    upload.upload(**actions.by_person(keep, [upload], [field, said], Failing(said)))
    return field


def kept(file: bytes | None) -> tuple[str, str]:
    """Keep a picture; return its name, and what shows it small. Raises InputError."""
    if file is None:
        raise InputError("The picture did not arrive: try it again.")
    try:
        name = uploads.keep(io.BytesIO(file))
        with Image.open(uploads.file(name)) as picture:
            picture.thumbnail((_SHOWN, _SHOWN))
            small = io.BytesIO()
            picture.save(small, "WEBP", quality=90)
        return name, data_address(small.getvalue())
    except OSError as wrong:
        reason = wrong.strerror or "no reason given"
        raise InputError(f"The picture could not be kept ({reason}): try again later.") from None
