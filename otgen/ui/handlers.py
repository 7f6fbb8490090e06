"""What the page does when somebody acts: async generators that ``Actions`` runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial

import gradio as gr

from otgen.recipe.codec import from_query
from otgen.recipe.prompts import InputError
from otgen.recipe.settings import Settings
from otgen.results.result import Saved
from otgen.service.admission import QueueFull
from otgen.service.queue import Jobs
from otgen.ui.actions import Action, Asked
from otgen.ui.asking import ask
from otgen.ui.explain import explain
from otgen.ui.filling import Filling, changed
from otgen.ui.messages import GONE, notice, trouble
from otgen.ui.stage import Scene, how, of_saved, result_line, stage
from otgen.ui.watching import Parts, Watching

_log = logging.getLogger(__name__)


def _gone(who: str, run: object) -> str:
    """Return the page's sentence for a run that is not here, and log who asked for it."""
    _log.info("%s asked for run %r, which is not here", who, run)
    return trouble(GONE)


class Handlers:
    """The page's actions on one set of runs."""

    def __init__(self, jobs: Jobs, parts: Parts, filling: Filling) -> None:
        self._jobs, self._parts, self._filling = jobs, parts, filling
        self._watching = Watching(jobs, parts)
        self.failing = self._watching.failing

    async def paint(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Ask for the form's run and watch it."""
        action.read(self._parts.form.inputs)
        settings = partial(self._parts.form.settings, asked.values)
        async for shown in self._run(settings, action, asked.page):
            yield shown

    async def go_on(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Ask for the run of a partial result again, whatever the form holds, and watch it."""
        async for shown in self._run(lambda: self._left(self._named(asked)), action, asked.page):
            yield shown

    def _left(self, saved: Saved | None) -> Settings:
        """Return the settings of a run that can go on here under its id. Raises InputError."""
        if saved is None:
            raise InputError(GONE)
        if note := changed(saved.id, saved.settings):
            raise InputError(f"It can't go on. {note}")
        return saved.settings

    async def _run(
        self, settings: Callable[[], Settings], action: Action, page: str
    ) -> AsyncIterator[dict]:
        """Ask for a run and watch it. Bad input changes nothing but the message."""
        try:
            job = await ask(self._jobs, settings, page)
        except (InputError, QueueFull) as wrong:
            yield self._watching.say(action, trouble(str(wrong)))
            return
        action.claim(*self._parts.shown)
        async for shown in self._watching.watch(job, action, page):
            yield shown

    def stop(self, run: str, request: gr.Request) -> gr.Button:
        """Stop the run that this page watches, or only its watching: others may wait for it."""
        ends = self._jobs.stop(run, str(request.session_hash))
        return gr.Button("Stopping…" if ends else "Stop", interactive=False)

    async def watch_again(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Watch a run that the page lost sight of, unless it shows something else by now."""
        if not action.claim(*self._parts.shown):
            return
        job = await asyncio.to_thread(self._jobs.get, str(asked.said("run")))
        if job is None:
            message = _gone("a page that lost its run", asked.said("run"))
            yield self._watching.at_rest() | {self._parts.message: message}
            return
        async for shown in self._watching.watch(job, action, asked.page):
            yield shown

    async def open_example(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show an example and fill the form with its settings."""
        run = asked.said("run")
        saved = next((example for example in self._jobs.examples if example.id == run), None)
        async for shown in self._open(saved, lambda _: "An example", action):
            yield shown

    async def open_kept(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show a result of the gallery and fill the form with its settings."""
        saved = await asyncio.to_thread(self._named, asked)
        async for shown in self._open(saved, how, action):
            yield shown

    def _named(self, asked: Asked) -> Saved | None:
        return self._jobs.find(str(asked.said("run")))

    async def _open(
        self, saved: Saved | None, title: Callable[[Saved], str], action: Action
    ) -> AsyncIterator[dict]:
        parts = self._parts
        if saved is None:
            yield self._watching.say(action, _gone("a card of a result", None))
            return
        action.claim(*parts.everything)
        line = await asyncio.to_thread(result_line, saved, title(saved))
        explained = await asyncio.to_thread(explain, saved)
        if not action.holds(parts.line):  # the form is filled with what is shown, or left
            return
        yield self._watching.at_rest() | {
            **parts.form.filled(saved.settings, saved.id),
            parts.message: "",
            parts.stage: stage(of_saved(saved)),
            parts.line: line,
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
            async for shown in self._watching.watch(job, action, asked.page):
                yield shown
            note = await asyncio.to_thread(changed, job.id, job.settings)
            if note and job.status.saved:
                yield {message: notice([note])}
        elif recipe := from_query(asked.query):
            async for shown in self._filling.fill(recipe, "The link's", action):
                yield shown
        elif run:
            yield self._watching.say(action, _gone("an address", run))
