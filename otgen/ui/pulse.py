"""A page that lost sight of its run looks again: a beat that it misses, and an event that asks.

Gradio reloads a page whose connection breaks, and its address then names the run. But an event that
was cancelled, or that failed or was closed on the server, ends without a word to the page.
"""

from __future__ import annotations

import time

import gradio as gr

BEAT = 2.0  # seconds between two beats of what is watched
MISSED = 3  # beats that a page misses before it asks
TRIES = 5  # times that it asks before it gives up; it waits twice as long each time

# The value is {action, at, ...} while something is watched: what "lost" brings to the server. A
# page at rest has none and sets no clock.
_GUARD = """
let due;
const wait = (milliseconds, tries) => {
  clearTimeout(due);
  // A page at rest has "" for a value, and a text has a method "at".
  if (typeof props.value?.at !== "number" || !tries) return;
  due = setTimeout(() => {
    trigger("lost", props.value);
    wait(2 * milliseconds, tries - 1);
  }, milliseconds);
};
const beat = () => wait(props.patience, props.tries);
watch("value", beat);
beat();
"""


def pulse(name: str) -> gr.HTML:
    """Return the invisible component that triggers ``lost``."""
    return gr.HTML(
        None,
        html_template="<i hidden></i>",
        js_on_load=_GUARD,
        apply_default_css=False,
        elem_id=name,
        elem_classes="pulse",
        patience=1000 * MISSED * BEAT,
        tries=TRIES,
    )


def beat(action: int, **what: str) -> dict:
    """Return the value of a beat. action: the action's number. what: names what is watched."""
    return {"action": action, "at": time.monotonic(), **what}
