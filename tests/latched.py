"""A server of the page where events come late, fail or are lost, as files in a folder say.

latch: while it is there, events of a page's load wait. passed: the number of each that has ended,
a line each. fail: the name of what fails. late: the name of what waits while it is there; awaited
is there once it does. lose: the next answer of an event under way is an error.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from served import PATIENCE, open_door
from wait import within

from otgen.service.queue import Jobs
from otgen.ui import experiments, filling, handlers, watching

_SIGNALS = Path(os.environ["OTGEN_SIGNALS"])
_FAILS = (
    (Jobs, "ask"),
    (handlers, "explain"),
    (watching, "explain"),
    (experiments, "grid"),
    (filling, "from_file"),
)
_call = gr.Blocks.call_function


async def call(self, block_fn, processed_input, iterator=None, *more, **named):
    """Call an event's function."""
    held = iterator is None and any(event == "load" for _, event in block_fn.targets)
    while held and (_SIGNALS / "latch").exists():
        await asyncio.sleep(0.02)
    if iterator is not None and (_SIGNALS / "lose").exists():
        (_SIGNALS / "lose").unlink()
        raise RuntimeError("lost")
    answer = await _call(self, block_fn, processed_input, iterator, *more, **named)
    if not answer["is_generating"] and any(event == "load" for _, event in block_fn.targets):
        with (_SIGNALS / "passed").open("a") as passed:
            passed.write(f"{block_fn._id}\n")
    return answer


def _signal(file: str) -> str:
    """Return what a file says, nothing where there is none."""
    try:
        return (_SIGNALS / file).read_text()
    except FileNotFoundError:
        return ""


def _failing(name: str, function):
    def act(*args, **named):
        if _signal("fail") == name:
            raise RuntimeError("out of luck")
        if _signal("late") == name:
            (_SIGNALS / "awaited").touch()
            within(PATIENCE, lambda: _signal("late") != name)
        return function(*args, **named)

    return act


gr.Blocks.call_function = call
for place, name in _FAILS:
    setattr(place, name, _failing(name, getattr(place, name)))

if __name__ == "__main__":
    from otgen.ui.page import serve

    open_door()
    serve()
