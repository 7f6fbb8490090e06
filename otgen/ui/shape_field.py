"""The shape of a picture as a choice of drawn outlines; its field is a shape's name, or ""."""

from __future__ import annotations

import math

import gradio as gr

from otgen.recipe.shapes import SHAPES, title

_SIDE = 19  # pixels of the square's outline; all have its area

# A person's choice is an event of its own: what marks the shape of typed sides changes no side.
_CHOOSE = """
element.innerHTML = `@choices`;
const show = () => element.querySelectorAll("input").forEach((choice) => {
  choice.checked = choice.value === props.value;
});
element.addEventListener("change", (event) => {
  props.value = event.target.value;
  trigger("choose", { shape: event.target.value });
});
watch("value", show);
show();
"""


def _choice(shape: str) -> str:
    longer = math.sqrt(SHAPES[shape])
    outline = f"width:{_SIDE * longer:.0f}px;height:{_SIDE / longer:.0f}px"
    return (
        f'<label><input type="radio" name="shape" value="{shape}"><i style="{outline}"></i>'
        f"<span>{title(shape).capitalize()}</span></label>"
    )


def shape_field(shape: str) -> gr.HTML:
    """Return the field; the event ``choose`` says which ``shape`` a person chose."""
    choices = "".join(map(_choice, SHAPES))
    field = f"<fieldset><legend>Shape</legend><div>{choices}</div></fieldset>"
    return gr.HTML(
        shape,
        html_template="<span></span>",
        js_on_load=_CHOOSE.replace("@choices", field),
        apply_default_css=False,
        elem_id="shape",
    )
