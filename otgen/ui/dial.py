"""The dial from sharp to Mean. Its field is epsilon, exactly, also between stops of the dial."""

from __future__ import annotations

import gradio as gr

from otgen.recipe.settings import rule

# Gradio gives the fields of a part that opens their first values once more, one or two frames after
# they are there. What a person moved before that would go back, so the dial waits.
SETTLED = 4  # frames

# The dial stands at log10 of epsilon. Only a person who moves it changes epsilon, to two digits.
_FOLLOW = """
element.innerHTML = `<label for="dial-range">From sharp to Mean</label>
  <p class="info">epsilon: how strictly each cutout is given to one prompt</p>
  <input id="dial-range" type="range" step="0.01" disabled>
  <p id="gauge" class="gauge"><span></span><span></span></p>`;
const range = element.querySelector("input");
const [number, word] = element.querySelectorAll(".gauge span");
[range.min, range.max] = @bounds.map(Math.log10);
const say = () => {
  const epsilon = Number(props.value), at = Math.log10(epsilon);
  number.textContent = `ε ${epsilon}`;
  word.textContent = at <= -1.5 ? "sharp" : at < 0 ? "crisp" : at < 1.5 ? "soft"
    : "in effect the Mean";
  range.setAttribute("aria-valuetext", `epsilon ${epsilon}, ${word.textContent}`);
};
const show = () => {
  range.value = Math.log10(Number(props.value)); // the nearest stop
  say();
};
range.addEventListener("input", () => {
  props.value = Number((10 ** range.value).toPrecision(2));
  say();
});
watch("value", show);
show();
const settle = (frames) => {
  if (frames) requestAnimationFrame(() => settle(frames - 1));
  else range.disabled = false;
};
settle(@frames);
"""


def dial(epsilon: float) -> gr.HTML:
    """Return the field."""
    bounds = [rule("epsilon").lowest, rule("epsilon").highest]
    return gr.HTML(
        epsilon,
        html_template="<span></span>",
        # Into the script: in a part of the page that opens later, Gradio forgets other props.
        js_on_load=_FOLLOW.replace("@bounds", str(bounds)).replace("@frames", str(SETTLED)),
        apply_default_css=False,
        elem_id="dial",
    )
