"""The result that the form goes on from: shown small above Paint, and taken away.

Its field holds the setting ``parent``, and behind a blank the lanes of that result, of which one
may be chosen for all.
"""

from __future__ import annotations

import gradio as gr

from otgen.recipe.lanes import EXAMPLES, title
from otgen.results.parents import name_of
from otgen.results.result import Saved
from otgen.ui.scripts import REMOVABLE

_SHOW = """
const show = () => {
  const [parent, lanes] = String(props.value || "").split(" ");
  const named = /^([0-9a-f]{12})@([0-9]+)(?:[/](.+))?$/.exec(parent);
  if (!named) {
    element.innerHTML = "";
    return;
  }
  const [, run, step, lane] = named;
  element.innerHTML = '<div class="start"><img alt="The result to go on from"><span>goes on from ' +
    '<a>this result</a>, step <b></b></span><button type="button">Remove</button></div>';
  const picture = element.querySelector("img");
  picture.onerror = () => { picture.hidden = true; };
  picture.src = `results/${run}/thumbnail.webp`;
  element.querySelector("a").href = `?run=${run}`;
  element.querySelector("b").textContent = step;
  const known = lanes ? lanes.split(",") : lane ? [lane] : [];
  if (known.length < 2 && !lane) return;
  const choice = document.createElement("select");
  choice.ariaLabel = "From which picture";
  choice.append(new Option("each loss from its own", ""));
  for (const one of known) choice.append(new Option(`all from ${props.titles[one] || one}`, one));
  choice.value = lane || "";
  choice.addEventListener("change", () => {
    props.value = [`${run}@${step}${choice.value && "/"}${choice.value}`, ...(lanes ? [lanes] : [])]
      .join(" ");
  });
  element.querySelector(".start").append(choice);
};
"""


def parent_field(parent: str) -> gr.HTML:
    """Lay out the field."""
    return gr.HTML(
        parent,
        html_template="<span></span>",
        js_on_load=_SHOW + REMOVABLE,
        apply_default_css=False,
        elem_id="parent",
        titles={lane: title(lane) for lane in EXAMPLES},
    )


def value_of(saved: Saved) -> str:
    """Return the field's value for a result to go on from."""
    return f"{name_of(saved)} {','.join(saved.settings.lanes)}"
