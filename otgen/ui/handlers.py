"""What the page does when somebody acts: async generators that only watch a run, never hold it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

import gradio as gr

from otgen.recipe.codec import from_query
from otgen.recipe.prompts import InputError
from otgen.recipe.settings import Settings
from otgen.results.result import Saved
from otgen.service.job import Job, Status
from otgen.service.queue import Jobs, QueueFull
from otgen.ui.actions import Action, Asked, Failing
from otgen.ui.asking import ask
from otgen.ui.explain import explain
from otgen.ui.filling import Filling, changed
from otgen.ui.form import Form
from otgen.ui.live import live
from otgen.ui.messages import GONE, notice, trouble
from otgen.ui.pulse import BEAT, beat
from otgen.ui.stage import Scene, ending, how, of_preview, of_saved, progress, result_line, stage

LOOK = 0.25  # seconds between two looks at a run
_log = logging.getLogger(__name__)


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


def _gone(who: str, run: object) -> str:
    """Return what the page says of a run that is not here; the log says who asked for which."""
    _log.info("%s asked for run %r, which is not here", who, run)
    return trouble(GONE)


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


class Handlers:
    """The page's actions on one set of runs: what ``Actions`` runs."""

    def __init__(self, jobs: Jobs, parts: Parts, filling: Filling) -> None:
        self._jobs, self._parts, self._filling = jobs, parts, filling
        # Run -> its latest preview and what shows it: put together once for all who watch.
        self._staged: WeakKeyDictionary[Job, tuple[tuple[bytes, ...], dict]] = WeakKeyDictionary()
        # A page that failed while it watched looks again: its pulse stays.
        self.failing = Failing(parts.message, self._buttons)

    def _buttons(self) -> dict:
        """Return the buttons of a page that waits for nobody."""
        parts = self._parts
        return {
            parts.paint: gr.Button("Paint", interactive=True),
            parts.stop: gr.Button(visible=False),
        }

    def _at_rest(self) -> dict:
        return self._buttons() | {self._parts.pulse: None}

    def _say(self, action: Action, said: str) -> dict:
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

    async def _watch(self, job: Job, action: Action) -> AsyncIterator[dict]:
        parts = self._parts

        def beating() -> dict:
            # All of the buttons is said at every beat: of two answers that come close together, the
            # browser may apply the second alone, and "Stopping…" of the run before would stay.
            stopping = job.stopping.is_set()
            return {
                parts.pulse: beat(action.number, run=job.id),
                parts.paint: gr.Button("Painting…", interactive=False),
                parts.stop: gr.Button(
                    "Stopping…" if stopping else "Stop", visible=True, interactive=not stopping
                ),
            }

        def watched() -> bool:
            return action.holds(parts.line)

        yield {parts.message: "", parts.run: job.id} | ({} if job.status.over else beating())
        async for status in follow(self._jobs, job, watched):
            if status is None:
                yield beating()
            elif not status.over:
                yield (
                    beating() | {parts.line: progress(job.id, status)} | self._pictures(job, status)
                )
        if not watched():
            return
        line = {parts.line: ending(job.id, job.status)}
        # Reading and describing the evidence takes a moment.
        yield self._at_rest() | line | await asyncio.to_thread(self._pictures, job, job.status)

    async def paint(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Ask for the form's run and watch it."""
        action.read(self._parts.form.inputs)
        async for shown in self._run(lambda: self._parts.form.settings(asked.given), action):
            yield shown

    async def go_on(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Ask for the run of a partial result again, whatever the form holds, and watch it."""
        async for shown in self._run(lambda: self._left(self._named(asked)), action):
            yield shown

    def _left(self, found: Saved | None) -> Settings:
        """Return the settings of a run that can go on here under its id. Raises InputError."""
        if found is None:
            raise InputError(GONE)
        if note := changed(found.id, found.settings):
            raise InputError(f"It can't go on. {note}")
        return found.settings

    async def _run(self, asked: Callable[[], Settings], action: Action) -> AsyncIterator[dict]:
        """Ask for a run and watch it. Bad input changes nothing but the message."""
        try:
            job = await ask(self._jobs, asked)
        except (InputError, QueueFull) as wrong:
            yield self._say(action, trouble(str(wrong)))
            return
        action.claim(*self._parts.shown)
        async for shown in self._watch(job, action):
            yield shown

    def stop(self, run: str) -> gr.Button:
        """Stop the run that this page watches."""
        self._jobs.stop(run)
        return gr.Button("Stopping…", interactive=False)

    async def watch_again(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Watch a run that the page lost sight of, unless it shows something else by now."""
        if not action.claim(*self._parts.shown):
            return
        job = await asyncio.to_thread(self._jobs.get, str(asked.said("run")))
        if job is None:
            message = _gone("a page that lost its run", asked.said("run"))
            yield self._at_rest() | {self._parts.message: message}
            return
        async for shown in self._watch(job, action):
            yield shown

    async def open_example(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show an example and fill the form with its settings."""
        run = asked.said("run")
        found = next((example for example in self._jobs.examples if example.id == run), None)
        async for shown in self._open(found, lambda _: "An example", action):
            yield shown

    async def open_kept(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show a result of the gallery and fill the form with its settings."""
        async for shown in self._open(self._named(asked), how, action):
            yield shown

    def _named(self, asked: Asked) -> Saved | None:
        return self._jobs.find(str(asked.said("run")))

    async def _open(
        self, saved: Saved | None, title: Callable[[Saved], str], action: Action
    ) -> AsyncIterator[dict]:
        parts = self._parts
        if saved is None:
            yield self._say(action, _gone("a card of a result", None))
            return
        action.claim(*parts.everything)
        explained = await asyncio.to_thread(explain, saved)
        if not action.holds(parts.line):  # the form is filled with what is shown, or left
            return
        yield self._at_rest() | {
            **parts.form.filled(saved.settings, saved.id),
            parts.message: "",
            parts.stage: stage(of_saved(saved)),
            parts.line: result_line(saved, title(saved)),
            parts.explain: explained,
            parts.run: saved.id,
        }
        note = await asyncio.to_thread(changed, saved.id, saved.settings)
        if note:
            yield {parts.message: notice([note])}

    async def open_page(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show what the page's address names: a run, live or over, or the settings of a recipe."""
        run, message = asked.query.get("run", ""), self._parts.message
        job = await asyncio.to_thread(self._jobs.get, run) if run else None
        if job:
            parts, now = self._parts, job.status
            if not action.claim(*parts.everything):
                return
            filled = parts.form.filled(job.settings, job.id)
            bare = now.saved is None and now.pictures is None
            # The example that the page came with is not what its address names.
            empty = {parts.stage: stage(Scene(job.settings)), parts.explain: ""} if bare else {}
            yield filled | empty
            async for shown in self._watch(job, action):
                yield shown
            note = await asyncio.to_thread(changed, job.id, job.settings)
            if note and job.status.saved:
                yield {message: notice([note])}
        elif recipe := from_query(asked.query):
            async for shown in self._filling.fill(recipe, "The link's", action):
                yield shown
        elif run:
            yield self._say(action, _gone("an address", run))
