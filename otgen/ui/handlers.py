"""What the page does when somebody acts: async generators that only watch a run, never hold it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import NamedTuple
from weakref import WeakKeyDictionary

import gradio as gr
import numpy as np

from otgen.job import Job, Status
from otgen.jobs import Jobs, QueueFull
from otgen.prompts import InputError
from otgen.recipes import from_query
from otgen.saved import Saved
from otgen.settings import Settings
from otgen.ui import form
from otgen.ui.explain import explain
from otgen.ui.filling import Filling, changed
from otgen.ui.live import live
from otgen.ui.messages import GONE, told, trouble
from otgen.ui.stage import Scene, ending, how, of_preview, of_saved, progress, result_line, stage
from otgen.ui.turns import Turn, Turns

# Of every event of the page: none is an endpoint for programs, each runs beside the others.
PRIVATE = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
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


async def follow(jobs: Jobs, job: Job, turn: Turn | None = None) -> AsyncIterator[Status]:
    """Yield a run's status when it has changed, at most every LOOK seconds, until it is over.

    Ends with the turn, where there is one.
    """
    seen = None
    while turn is None or not turn.over:
        status = jobs.status(job)
        if status != seen if status.state == "queued" else status is not seen:
            seen = status
            yield status
        if status.over:
            return
        await asyncio.sleep(LOOK)


class Handlers:
    """The page's actions on one set of runs."""

    def __init__(self, jobs: Jobs, parts: Parts, filling: Filling) -> None:
        self._jobs, self._parts, self._filling = jobs, parts, filling
        # Run -> its latest preview and what shows it: encoded once for all who watch.
        self._staged: WeakKeyDictionary[Job, tuple[np.ndarray, dict]] = WeakKeyDictionary()
        self._turns = Turns()

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

    async def _watch(self, job: Job, turn: Turn) -> AsyncIterator[dict]:
        parts = self._parts
        busy = {
            parts.paint: gr.Button("Painting…", interactive=False),
            parts.stop: gr.Button("Stop", visible=True, interactive=True),
        }
        yield {parts.message: "", parts.run: job.id} | ({} if job.status.over else busy)
        async for status in follow(self._jobs, job, turn):
            if status.over:
                break
            yield {parts.line: progress(job.id, status)} | self._pictures(job, status)
        if turn.over:
            return
        line = {parts.line: ending(job.id, status)}
        # Reading and describing the evidence takes a moment.
        yield self._at_rest() | line | await asyncio.to_thread(self._pictures, job, status)

    async def paint(self, request: gr.Request, *fields) -> AsyncIterator[dict]:
        """Ask for the form's run and watch it."""
        asked = partial(self._run, lambda: form.settings(*fields))
        async for shown in self._turns.take(request, asked):
            yield shown

    async def go_on(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[dict]:
        """Ask for the run of a partial result again, whatever the form holds, and watch it."""
        asked = partial(self._run, lambda: self._left(self._named(event)))
        async for shown in self._turns.take(request, asked):
            yield shown

    def _left(self, found: Saved | None) -> Settings:
        """Return the settings of a run that can go on here under its id. Raises InputError."""
        if found is None:
            raise InputError(GONE)
        if note := changed(found.id, found.settings):
            raise InputError(f"It can't go on. {note}")
        return found.settings

    async def _run(self, asked: Callable[[], Settings], turn: Turn) -> AsyncIterator[dict]:
        """Ask for a run and watch it. Bad input changes nothing but the message."""
        parts = self._parts
        try:
            job = await asyncio.to_thread(lambda: self._jobs.ask(asked()))
        except (InputError, QueueFull) as wrong:
            yield self._at_rest() | {parts.message: trouble(str(wrong))}
            return
        async for shown in self._watch(job, turn):
            yield shown

    def stop(self, run: str) -> gr.Button:
        """Stop the run that this page watches."""
        self._jobs.stop(run)
        return gr.Button("Stopping…", interactive=False)

    async def open_example(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[dict]:
        """Show an example and fill the form with its settings."""
        run = getattr(event, "run", None)
        found = next((example for example in self._jobs.examples if example.id == run), None)
        if found is None:
            yield {self._parts.message: trouble(GONE)}
            return
        async for shown in self._turns.take(request, partial(self._open, found, "An example")):
            yield shown

    async def open_kept(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[dict]:
        """Show a result of the gallery and fill the form with its settings."""
        found = self._named(event)
        if found is None:
            yield {self._parts.message: trouble(GONE)}
            return
        async for shown in self._turns.take(request, partial(self._open, found, how(found))):
            yield shown

    def _named(self, event: gr.EventData) -> Saved | None:
        return self._jobs.find(str(getattr(event, "run", "")))

    async def _open(self, saved: Saved, title: str, _turn: Turn) -> AsyncIterator[dict]:
        parts = self._parts
        yield self._at_rest() | {
            **dict(zip(parts.fields, form.fields(saved.settings), strict=True)),
            parts.message: "",
            parts.stage: stage(of_saved(saved)),
            parts.line: result_line(saved, title),
            parts.explain: await asyncio.to_thread(explain, saved),
            parts.run: saved.id,
        }
        note = await asyncio.to_thread(changed, saved.id, saved.settings)
        if note:
            yield {parts.message: told([note])}

    async def open_page(self, request: gr.Request) -> AsyncIterator[dict]:
        """Show what the page's address names: a run, live or over, or the settings of a recipe."""
        named = partial(self._of_address, dict(request.query_params))
        async for shown in self._turns.take(request, named):
            yield shown

    async def _of_address(self, asked: dict[str, str], turn: Turn) -> AsyncIterator[dict]:
        run, message = asked.get("run", ""), self._parts.message
        job = await asyncio.to_thread(self._jobs.get, run) if run else None
        if job:
            parts, now = self._parts, job.status
            filled = dict(zip(parts.fields, form.fields(job.settings), strict=True))
            bare = now.saved is None and now.pictures is None
            # The example that the page came with is not what its address names.
            empty = {parts.stage: stage(Scene(job.settings)), parts.explain: ""} if bare else {}
            yield filled | empty
            async for shown in self._watch(job, turn):
                yield shown
            note = await asyncio.to_thread(changed, job.id, job.settings)
            if note and job.status.saved:
                yield {message: told([note])}
        elif recipe := from_query(asked):
            async for shown in self._filling.fill(recipe, "The link's"):
                yield shown
        else:  # what was said meanwhile, of a file say, stays
            yield {message: trouble(GONE) if run else gr.skip()}
