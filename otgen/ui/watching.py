"""Watching a run from a page: what it shows while the run goes on and when it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

import gradio as gr

from otgen.service.job import Job, Status
from otgen.service.queue import Jobs
from otgen.ui.actions import Action, Failing
from otgen.ui.explain import explain
from otgen.ui.form import Form
from otgen.ui.live import live
from otgen.ui.messages import notice
from otgen.ui.pulse import BEAT, beat
from otgen.ui.stage import ending, of_preview, of_saved, progress, stage

LOOK = 0.25  # seconds between two looks at a run
_GOES_ON = "The run goes on, because another page asked for it too. Its link shows it."


class Parts(NamedTuple):
    """The form, and the other components that handlers write to."""

    form: Form
    message: gr.HTML
    paint: gr.Button
    stop: gr.Button
    stage: gr.HTML
    line: gr.HTML
    explain: gr.HTML
    run: gr.State
    pulse: gr.HTML

    @property
    def shown(self) -> list:
        """Everything but the form; the line, which is never shown without the rest, first."""
        line, message, *rest = self.line, self.message, self.paint, self.stop, self.stage
        return [line, message, *rest, self.explain, self.run, self.pulse]

    @property
    def everything(self) -> list:
        """The form too."""
        return [*self.shown, *self.form.inputs]


async def follow(
    jobs: Jobs, job: Job, watched: Callable[[], bool] = lambda: True
) -> AsyncIterator[Status | None]:
    """Yield a run's status when it has changed, at most every LOOK seconds, until it is over.

    Yield None where nothing has changed for BEAT seconds. Ends when it is not watched any more.
    """
    seen, said = None, 0.0
    while watched():
        status, now = jobs.status(job), time.monotonic()
        if status != seen if status.state == "queued" else status is not seen:
            seen, said = status, now
            yield status
        elif now - said >= BEAT:
            said = now
            yield None
        if status.over:
            return
        await asyncio.sleep(LOOK)


class Watching:
    """How pages watch runs; it never holds one.

    failing: what a page says where it failed. It looks again: its pulse stays.
    """

    def __init__(self, jobs: Jobs, parts: Parts) -> None:
        self._jobs, self._parts = jobs, parts
        # Run -> its latest preview and what shows it: put together once for all who watch.
        self._staged: WeakKeyDictionary[Job, tuple[tuple[bytes, ...], dict]] = WeakKeyDictionary()
        self.failing = Failing(parts.message, self._buttons)

    def _buttons(self) -> dict:
        """Return the buttons of a page that waits for nobody."""
        parts = self._parts
        return {
            parts.paint: gr.Button("Paint", interactive=True),
            parts.stop: gr.Button(visible=False),
        }

    def at_rest(self) -> dict:
        """Return the buttons and the pulse of such a page."""
        return self._buttons() | {self._parts.pulse: None}

    def say(self, action: Action, said: str) -> dict:
        """Return a message, which takes nothing else from what is on show."""
        action.claim(self._parts.message)
        return {self._parts.message: said}

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

    async def watch(self, job: Job, action: Action, page: str) -> AsyncIterator[dict]:
        """Show a run until it is over, or the page shows something else or waits no longer."""
        parts = self._parts
        waits = page in job.visitors

        def beating() -> dict:
            # All of the buttons is said at every beat: of two answers that come close together, the
            # browser may apply the second alone, and "Stopping…" of the run before would stay.
            stopping = job.stopping.is_set()
            return {
                parts.pulse: beat(action.number, run=job.id),
                parts.paint: gr.Button("Painting…", interactive=False),
                parts.stop: gr.Button(
                    "Stopping…" if stopping else "Stop",
                    visible=self._jobs.stoppable(job, page),
                    interactive=not stopping,
                ),
            }

        def left() -> bool:
            return waits and page not in job.visitors

        def watched() -> bool:
            return action.holds(parts.line) and not left()

        yield {parts.message: "", parts.run: job.id} | ({} if job.status.over else beating())
        async for status in follow(self._jobs, job, watched):
            if status is None:
                yield beating()
            elif not status.over:
                yield (
                    beating() | {parts.line: progress(job.id, status)} | self._pictures(job, status)
                )
        if left() and action.holds(parts.line):
            yield self.at_rest() | {parts.message: notice([_GOES_ON])}
        if not watched():
            return
        line = {parts.line: await asyncio.to_thread(ending, job.id, job.status)}
        # Reading and describing the evidence takes a moment.
        yield self.at_rest() | line | await asyncio.to_thread(self._pictures, job, job.status)
