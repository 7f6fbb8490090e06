"""Experiments on the page: a button each, a grid that grows as runs end, a link that opens it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from urllib.parse import parse_qsl

import gradio as gr

from otgen.recipe.codec import from_query
from otgen.recipe.experiments import SEEDS, base, of_seeds
from otgen.recipe.prompts import InputError
from otgen.recipe.settings import Settings
from otgen.service.admission import QueueFull
from otgen.service.job import Status
from otgen.service.queue import Jobs
from otgen.service.series import Series, SeriesOf
from otgen.ui.actions import PRIVATE, Action, Actions, Asked, Failing
from otgen.ui.experiment_grid import grid, offer, query
from otgen.ui.form import Form
from otgen.ui.messages import trouble
from otgen.ui.pulse import BEAT, beat, pulse

LOOK = 0.5  # seconds between two looks at an experiment
_PAUSE = 0.2  # seconds without a change before costs are shown: they are read from the store

_BUTTONS = {
    "ladder": (
        "Paint prompts one by one",
        "Each prompt alone, then one added at a time, under both losses.",
    ),
    "dial": (
        "Paint from sharp to Mean",
        "Five pictures from the same start, from sharp matching to the mean.",
    ),
    "seeds": (
        "Paint several seeds",
        "The same prompts from other starts, and how far the losses' numbers spread.",
    ),
}

# The address names the experiment on show, so that it can be reloaded or passed on.
_FOLLOW = """
let shown = "";
const follow = () => {
  const query = element.querySelector(".experiment")?.dataset.query;
  if (!query || query === shown) return;
  shown = query;
  const here = new URL(window.location.href);
  const theme = here.searchParams.get("__theme");
  here.search = query;
  if (theme) here.searchParams.set("__theme", theme);
  window.history.replaceState(null, "", here);
};
watch("value", follow);
"""


class Experiments:
    """The section of the page, and what its buttons do."""

    def __init__(self, jobs: Jobs) -> None:
        """Lay the section out, in the Blocks that are being built."""
        self._jobs, self._series = jobs, SeriesOf(jobs)
        self._form = Form({})
        with gr.Column(elem_id="experiments"):
            gr.HTML("<h2>Experiments</h2>", apply_default_css=False, elem_classes="title")
            with gr.Row(elem_classes="offers"):
                offers = {sort: _offer(*said) for sort, said in _BUTTONS.items()}
            self._buttons = {sort: button for sort, (button, _, _) in offers.items()}
            self._costs = [cost for _, cost, _ in offers.values()]
            with offers["seeds"][2]:
                self._many = gr.Number(SEEDS, label="Seeds to paint", elem_id="many-seeds")
            self._message = gr.HTML("", apply_default_css=False, elem_id="experiment-message")
            self._stop = gr.Button(
                "Stop the experiment", variant="stop", visible=False, elem_id="stop-experiment"
            )
            self._grid = gr.HTML(
                "", apply_default_css=False, elem_id="experiment", js_on_load=_FOLLOW
            )
        self._shown = gr.State(("", ()))
        self._pulse = pulse("experiment-pulse")
        self._parts = [self._grid, self._message, self._stop, self._shown, self._pulse]

    def wire(
        self, actions: Actions, form: Form, page: gr.Blocks, painted: gr.events.Dependency
    ) -> None:
        """Let the buttons run experiments on the form's prompts, and links open them.

        Args:
            painted: the event of a run; once it is over, the pace is known.
        """
        self._form, fields = form, [*form.inputs, self._many]
        failing = Failing(self._message, lambda: {self._stop: gr.Button(visible=False)})
        opened = actions.by_load(self._open, [*fields, *self._parts], failing)
        running = [page.load(**opened)]
        for sort, button in self._buttons.items():
            run = actions.by_person(partial(self._run, sort), fields, self._parts, failing)
            running.append(button.click(**run))
        running.append(self._pulse.lost(**actions.resumed(self._watch_again, self._parts, failing)))
        self._stop.click(self._end, self._shown, self._stop, queue=False, **PRIVATE)
        priced = ("prompts", "generator", "steps", "cutouts", "lanes", "seed", "epsilon")
        changes = [form[name].change for name in priced]
        changes.append(self._many.change)
        cost = actions.by_person(self._cost, fields, self._costs)
        gr.on([page.load, *changes], **cost)
        for event in (painted, *running):
            event.then(**cost)

    async def _watch(self, series: Series, action: Action) -> AsyncIterator[dict]:
        yield {
            self._message: "",
            self._shown: (series.kind, series.ids),
            self._stop: _stop_button(series),
        }
        seen, said = None, 0.0
        while action.holds(self._grid):
            over, now = series.over, time.monotonic()
            statuses = [job and self._jobs.status(job) for job in series.jobs]
            if over or seen is None or not all(map(_alike, statuses, seen)):
                seen, said = statuses, now
                # In one answer: a button that goes later could take away that of the next one.
                ended = {self._stop: gr.Button(visible=False), self._pulse: None}
                shown = ended if over else self._beating(series, action)
                yield {self._grid: grid(series, statuses)} | shown
            elif now - said >= BEAT:
                said = now
                yield self._beating(series, action)
            if over:
                return
            await asyncio.sleep(LOOK)

    def _beating(self, series: Series, action: Action) -> dict:
        # All of Stop is said at every beat: of two answers that come close together, the browser
        # may apply the second alone, and "Stopping…" of the time before would stay.
        pulse = beat(action.number, query=query(series))
        return {self._pulse: pulse, self._stop: _stop_button(series)}

    async def _run(self, sort: str, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Ask for an experiment on the form's prompts and watch it."""
        action.read(self._form.inputs)
        try:
            kind, settings = self._asked(sort, asked)
            series = await asyncio.to_thread(self._series.ask, kind, settings)
        except (InputError, QueueFull) as wrong:
            yield self._say(action, str(wrong))
            return
        action.claim(*self._parts)
        async for shown in self._watch(series, action):
            yield shown

    def _asked(self, sort: str, asked: Asked) -> tuple[str, Settings]:
        """Return an experiment's kind, and what it is asked for on. Raises InputError."""
        *inputs, many = asked.values
        return of_seeds(many) if sort == "seeds" else sort, self._form.settings(inputs)

    def _say(self, action: Action, said: str) -> dict:
        """Return what is wrong; the experiment on show stays."""
        action.claim(self._message)
        return {self._message: trouble(said)}

    async def _cost(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Say about how long each experiment takes; nothing where the form is not yet right."""
        action.claim(*self._costs)
        await asyncio.sleep(_PAUSE)
        if not action.holds(self._costs[0]):
            return

        def say(sort: str) -> str:
            try:
                series = self._series.find(*self._asked(sort, asked))
                return offer(series, self._jobs.cost.pace)
            except InputError:
                return ""

        costs = [await asyncio.to_thread(say, sort) for sort in self._buttons]
        yield {cost: f"<p>{said}&nbsp;</p>" for cost, said in zip(self._costs, costs, strict=True)}

    def _end(self, shown: tuple[str, tuple[str, ...]]) -> gr.Button:
        kind, ids = shown
        self._series.stop(kind, tuple(ids))
        return gr.Button("Stopping…", interactive=False)

    async def _open(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show the experiment that the page's address names, with what is here of it."""
        async for shown in self._of_query(asked.query, action, fill="run" not in asked.query):
            yield shown

    async def _watch_again(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Watch an experiment that the page lost sight of, unless it shows another by now."""
        lost = dict(parse_qsl(str(asked.said("query"))))
        async for shown in self._of_query(lost, action, fill=False):
            yield shown

    async def _of_query(
        self, parameters: dict[str, str], action: Action, fill: bool
    ) -> AsyncIterator[dict]:
        kind = parameters.get("experiment", "")
        recipe = from_query(parameters) if base(kind) else None
        if recipe is None:
            return
        try:
            series = await asyncio.to_thread(self._series.find, kind, recipe.settings)
        except InputError as wrong:
            yield self._say(action, " ".join([*recipe.notes, str(wrong)]))
            return
        if not action.claim(*self._parts):
            return
        if fill:
            action.claim(*self._form.inputs, self._many)
            many = {self._many: len(series.steps)} if base(kind) == "seeds" else {}
            yield self._form.filled(series.settings) | many
        async for shown in self._watch(series, action):
            yield shown


def _stop_button(series: Series) -> gr.Button:
    """Return Stop as an experiment's state asks for it."""
    stopping = series.stopping.is_set()
    said = "Stopping…" if stopping else "Stop the experiment"
    return gr.Button(said, visible=not series.over, interactive=not stopping)


def _offer(title: str, said: str) -> tuple[gr.Button, gr.HTML, gr.Column]:
    """Return an experiment's button, what says how long it takes, and the column of both."""
    with gr.Column(elem_classes="offer", min_width=220) as column:
        button = gr.Button(title, elem_classes="try")
        gr.HTML(f"<p>{said}</p>", apply_default_css=False)
        cost = gr.HTML("<p>&nbsp;</p>", apply_default_css=False, elem_classes="cost")
    return button, cost, column


def _alike(new: Status | None, old: Status | None) -> bool:
    """Tell whether a run looks the same; one that queues is made anew at every look."""
    return new is old or bool(new and old and new.state == old.state == "queued")
