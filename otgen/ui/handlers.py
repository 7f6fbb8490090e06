"""What the page does when somebody acts: async generators that only watch a run, never hold it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from html import escape
from typing import NamedTuple
from weakref import WeakKeyDictionary

import gradio as gr
import numpy as np

from otgen.job import Job, Status
from otgen.jobs import Jobs, QueueFull
from otgen.prompts import InputError
from otgen.saved import Saved
from otgen.ui import form
from otgen.ui.explain import explain
from otgen.ui.live import live
from otgen.ui.stage import ending, of_preview, of_saved, progress, result_line, stage

LOOK = 0.25  # seconds between two looks at a run


class Parts(NamedTuple):
    """The components that handlers write to; fields are in the order of ``form.settings``."""

    fields: list
    message: gr.HTML
    paint: gr.Button
    stop: gr.Button
    stage: gr.HTML
    line: gr.HTML
    explain: gr.HTML
    run: gr.State

    @property
    def shown(self) -> list:
        """Everything but the form."""
        return [self.message, self.paint, self.stop, self.stage, self.line, self.explain, self.run]


def trouble(sentence: str) -> str:
    """Return a message for a person, as HTML."""
    return (
        f'<p class="trouble" role="alert" tabindex="0">{escape(sentence)}</p>' if sentence else ""
    )


async def follow(jobs: Jobs, job: Job) -> AsyncIterator[Status]:
    """Yield a run's status when it has changed, at most every LOOK seconds, until it is over."""
    seen = None
    while True:
        status = jobs.status(job)
        if status != seen if status.state == "queued" else status is not seen:
            seen = status
            yield status
        if status.over:
            return
        await asyncio.sleep(LOOK)


class Handlers:
    """The page's actions on one set of runs."""

    def __init__(self, jobs: Jobs, parts: Parts) -> None:
        self._jobs, self._parts = jobs, parts
        # Run -> its latest preview and what shows it: encoded once for all who watch.
        self._staged: WeakKeyDictionary[Job, tuple[np.ndarray, dict]] = WeakKeyDictionary()

    def _at_rest(self) -> dict:
        """Return the buttons of a page that waits for nobody."""
        parts = self._parts
        return {
            parts.paint: gr.Button("Paint", interactive=True),
            parts.stop: gr.Button(visible=False),
        }

    def _pictures(self, job: Job, status: Status) -> dict:
        """Return the stage and what explains it.

        Nothing while there is no picture, so that the last one stays.
        """
        parts, saved = self._parts, status.saved
        if saved:
            return {parts.stage: stage(of_saved(saved)), parts.explain: explain(saved)}
        if status.pictures is None:
            return {}
        preview, shown = self._staged.get(job, (None, {}))
        if preview is not status.pictures:
            shown = {parts.stage: stage(of_preview(job, status)), parts.explain: live(job, status)}
            self._staged[job] = (status.pictures, shown)
        return shown

    async def _watch(self, job: Job) -> AsyncIterator[dict]:
        parts = self._parts
        yield {
            parts.message: "",
            parts.run: job.id,
            parts.paint: gr.Button("Painting…", interactive=False),
            parts.stop: gr.Button("Stop", visible=True, interactive=True),
        }
        async for status in follow(self._jobs, job):
            if status.over:
                break
            yield {parts.line: progress(job.id, status)} | self._pictures(job, status)
        line = {parts.line: ending(job.id, status)}
        # Reading and describing the evidence takes a moment.
        yield self._at_rest() | line | await asyncio.to_thread(self._pictures, job, status)

    async def paint(self, *fields) -> AsyncIterator[dict]:
        """Ask for a run and watch it. Bad input changes nothing but the message."""
        parts = self._parts
        try:
            job = await asyncio.to_thread(lambda: self._jobs.ask(form.settings(*fields)))
        except (InputError, QueueFull) as wrong:
            yield self._at_rest() | {parts.message: trouble(str(wrong))}
            return
        async for shown in self._watch(job):
            yield shown

    def stop(self, run: str) -> gr.Button:
        """Stop the run that this page watches."""
        self._jobs.stop(run)
        return gr.Button("Stopping…", interactive=False)

    def open_example(self, event: gr.EventData) -> dict:
        """Show an example and fill the form with its settings."""
        run = getattr(event, "run", None)
        found = next((example for example in self._jobs.examples if example.id == run), None)
        return self._show(found) if found else {}

    def _show(self, saved: Saved) -> dict:
        parts = self._parts
        return self._at_rest() | {
            **dict(zip(parts.fields, form.fields(saved.settings), strict=True)),
            parts.message: "",
            parts.stage: stage(of_saved(saved)),
            parts.line: result_line(saved, "An example"),
            parts.explain: explain(saved),
            parts.run: saved.id,
        }

    async def open_page(self, request: gr.Request) -> AsyncIterator[dict]:
        """Show the run that the page's address names: live, or its result."""
        run = request.query_params.get("run", "")
        if not run:
            yield {self._parts.message: ""}
            return
        job = await asyncio.to_thread(self._jobs.get, run)
        if job is None:
            yield {
                self._parts.message: trouble(
                    "This link's run is not here: it was removed, or made elsewhere."
                )
            }
            return
        yield dict(zip(self._parts.fields, form.fields(job.settings), strict=True))
        async for shown in self._watch(job):
            yield shown
