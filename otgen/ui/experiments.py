"""Experiments on the page: two buttons, a grid that grows as runs end, a link that opens it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import gradio as gr

from otgen.experiments import EXPERIMENTS
from otgen.job import Status
from otgen.jobs import Jobs, QueueFull
from otgen.prompts import InputError
from otgen.recipes import from_query
from otgen.series import Series, SeriesOf
from otgen.ui import form
from otgen.ui.experiment_grid import grid, offer, trouble
from otgen.ui.turns import AT_ONCE, Turn, Turns

LOOK = 0.5  # seconds between two looks at an experiment
_PAUSE = 0.2  # seconds without a change after which costs are told: they are read from the store

_BUTTONS = {
    "ladder": (
        "Climb the ladder",
        "Each prompt alone, then one added at a time, under both losses.",
    ),
    "dial": (
        "Turn the dial",
        "Five pictures from the same start, from sharp matching to the mean.",
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
        self._turns = Turns()
        self._fields: list = []
        with gr.Column(elem_id="experiments"):
            gr.HTML("<h2>Experiments</h2>", apply_default_css=False, elem_classes="title")
            with gr.Row(elem_classes="offers"):
                offers = {kind: _offer(*said) for kind, said in _BUTTONS.items()}
            self._buttons = {kind: button for kind, (button, _) in offers.items()}
            self._costs = [cost for _, cost in offers.values()]
            self._stop = gr.Button(
                "Stop the experiment", variant="stop", visible=False, elem_id="stop-experiment"
            )
            self._grid = gr.HTML(
                "", apply_default_css=False, elem_id="experiment", js_on_load=_FOLLOW
            )
        self._shown = gr.State(("", ()))

    def wire(self, fields: list, page: gr.Blocks, painted: gr.events.Dependency) -> None:
        """Let the buttons run experiments on the form's prompts, and links open them.

        Args:
            painted: the event of a run; once it is over, the pace is known.
        """
        private = {"show_progress": "hidden", "api_visibility": "private"}
        long = private | AT_ONCE | {"concurrency_limit": None}
        outputs = [self._grid, self._stop, self._shown]
        self._fields = fields
        running = [page.load(self._open, None, [*fields, *outputs], **long)]
        for kind, button in self._buttons.items():
            run = self._turns.taking(partial(self._run, kind))
            running.append(button.click(run, fields, outputs, **long))
        self._stop.click(self._end, self._shown, self._stop, queue=False, **private)
        rows, painter, _, steps, cutouts, *_ = fields
        changes = [part.change for part in (rows, painter, steps, cutouts)]
        cost = Turns().taking(self._cost)
        gr.on([page.load, *changes], cost, fields, self._costs, **long)
        for event in (painted, *running):
            event.then(cost, fields, self._costs, **long)

    async def _watch(self, series: Series, turn: Turn) -> AsyncIterator[dict]:
        yield {
            self._shown: (series.kind, series.ids),
            self._stop: gr.Button("Stop the experiment", visible=not series.over, interactive=True),
        }
        seen = None
        while not turn.over:
            over = series.over
            statuses = [job and self._jobs.status(job) for job in series.jobs]
            if over or seen is None or not all(map(_alike, statuses, seen)):
                seen = statuses
                # In one answer: a button that goes later could take away that of the next one.
                ended = {self._stop: gr.Button(visible=False)} if over else {}
                yield {self._grid: grid(series, statuses)} | ended
            if over:
                return
            await asyncio.sleep(LOOK)

    async def _run(self, kind: str, fields: tuple, turn: Turn) -> AsyncIterator[dict]:
        """Ask for an experiment on the form's prompts and watch it."""
        try:
            settings = form.settings(*fields)
            series = await asyncio.to_thread(self._series.ask, kind, settings)
        except (InputError, QueueFull) as wrong:
            yield {self._grid: trouble(str(wrong))}
            return
        async for shown in self._watch(series, turn):
            yield shown

    async def _cost(self, fields: tuple, turn: Turn) -> AsyncIterator[list[str]]:
        """Say about how long each experiment takes; nothing where the form is not yet right."""
        await asyncio.sleep(_PAUSE)
        if turn.over:
            return

        def say(kind: str) -> str:
            try:
                return offer(self._series.find(kind, form.settings(*fields)), self._jobs.pace)
            except InputError:
                return ""

        found = [await asyncio.to_thread(say, kind) for kind in self._buttons]
        yield [f"<p>{said}&nbsp;</p>" for said in found]

    def _end(self, shown: tuple[str, tuple[str, ...]]) -> gr.Button:
        kind, ids = shown
        self._series.stop(kind, tuple(ids))
        return gr.Button("Stopping…", interactive=False)

    async def _open(self, request: gr.Request) -> AsyncIterator[dict]:
        named = partial(self._of_address, dict(request.query_params))
        async for shown in self._turns.take(request, named):
            yield shown

    async def _of_address(self, parameters: dict[str, str], turn: Turn) -> AsyncIterator[dict]:
        """Show the experiment that the page's address names, with what is here of it."""
        kind = parameters.get("experiment")
        recipe = from_query(parameters) if kind in EXPERIMENTS else None
        if recipe is None:
            yield {self._stop: gr.Button(visible=False)}
            return
        try:
            series = await asyncio.to_thread(self._series.find, kind, recipe.settings)
        except InputError as wrong:
            yield {self._grid: trouble(" ".join([*recipe.notes, str(wrong)]))}
            return
        if "run" not in parameters:
            yield dict(zip(self._fields, form.fields(series.settings), strict=True))
        async for shown in self._watch(series, turn):
            yield shown


def _offer(title: str, said: str) -> tuple[gr.Button, gr.HTML]:
    """Return an experiment's button, and what says how long it takes."""
    with gr.Column(elem_classes="offer", min_width=220):
        button = gr.Button(title, elem_classes="try")
        gr.HTML(f"<p>{said}</p>", apply_default_css=False)
        cost = gr.HTML("<p>&nbsp;</p>", apply_default_css=False, elem_classes="cost")
    return button, cost


def _alike(new: Status | None, old: Status | None) -> bool:
    """Tell whether a run looks the same; one that queues is made anew at every look."""
    return new is old or bool(new and old and new.state == old.state == "queued")
