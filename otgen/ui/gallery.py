"""The gallery: the results of the store, newest first, to open, take up, pin and delete."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from html import escape
from pathlib import Path

import gradio as gr
from gradio.events import Dependency

from otgen.explain.palette import PALETTE
from otgen.painters.catalogue import GENERATORS
from otgen.recipe.lanes import title
from otgen.recipe.settings import LANES
from otgen.results.library import Entry, delete, entries, listed, pin
from otgen.results.thumbnails import SEAM, SIDE
from otgen.service.queue import Jobs
from otgen.ui import scripts
from otgen.ui.actions import Act, Action, Actions, Asked
from otgen.ui.filling import Filling
from otgen.ui.handlers import Handlers
from otgen.ui.studies import study_links
from otgen.ui.watching import Parts

PAGE = 24  # results
_LAST = 10_000  # pages that can be turned to
_PAUSE = 0.1  # seconds without another letter after which the store is searched


def editable() -> bool:
    """Tell whether the page may pin and delete: its owner may, a Space's visitors may not."""
    return listed() and "SPACE_ID" not in os.environ


def gallery(
    store: Path, words: str = "", page: object = 0, in_flight: frozenset[str] = frozenset()
) -> str:
    """Return a page of the gallery as HTML. Prompts come from people: all text is escaped.

    in_flight: ids of runs that are not over.
    """
    words = str(words or "")[:200]
    page = page if isinstance(page, int) and 0 <= page <= _LAST else 0
    shown = entries(store, words, PAGE + 1, page * PAGE)
    while not shown and page:  # the last of a page was deleted
        page -= 1
        shown = entries(store, words, PAGE + 1, page * PAGE)
    links = "" if page or words.strip() else study_links(store)
    if not shown:
        said = "Nothing here has these words." if words.strip() else "What you paint is kept here."
        return f'{links}<p class="none" role="status">{said}</p>'
    cards = "".join(_card(entry, editable(), entry.saved.id in in_flight) for entry in shown[:PAGE])
    pages = _turn(page - 1, "Newer") if page else ""
    pages += _turn(page + 1, "Older") if len(shown) > PAGE else ""
    turning = f'<nav class="turn" aria-label="Pages of the gallery">{pages}</nav>' if pages else ""
    return f'{links}<div class="cards" data-page="{page}">{cards}</div>{turning}'


def _turn(page: int, way: str) -> str:
    return f'<button type="button" data-act="turn" data-page="{page}">{way}</button>'


def _card(entry: Entry, owned: bool, goes_on: bool) -> str:
    saved, settings = entry.saved, entry.saved.settings
    prompts = "".join(
        f'<span class="said" style="--dot:{colour}"><span class="dot"></span>'
        f"<bdi>{escape(prompt.text)}</bdi></span>"
        for prompt, colour in zip(settings.prompts, PALETTE, strict=False)
    )
    names = escape(", ".join(prompt.text for prompt in settings.prompts))
    known = GENERATORS.get(settings.generator)
    facts = [known.title if known else settings.generator, f"seed {settings.seed}"]
    facts += [f"not {prompt.text}" for prompt in settings.negative]
    if settings.lanes != LANES:
        facts += [title(lane) for lane in settings.lanes]
    if not saved.complete:
        ended = "diverged after" if saved.diverged else "stopped at"
        facts.append("in progress" if goes_on else f"{ended} step {saved.steps}")
    if entry.pinned:
        facts.insert(0, "pinned")
    acts = '<button type="button" data-act="use">Use these settings</button>'
    if owned:
        acts += (
            f'<button type="button" data-act="pin" aria-pressed="{str(entry.pinned).lower()}" '
            f'title="Pinned: kept even if the store is full">{"Unpin" if entry.pinned else "Pin"}'
            '</button><button type="button" data-act="ask">Delete</button>'
            '<span class="sure" hidden><span>For good?</span>'
            '<button type="button" data-act="delete">Delete it</button>'
            '<button type="button" data-act="keep">Keep it</button></span>'
        )
    return (
        f'<article class="kept" data-run="{saved.id}" aria-label="{names}">'
        f'<button class="card" type="button" data-act="open" aria-label="Open: {names}">'
        f'<img src="results/{saved.id}/thumbnail.webp?step={saved.steps}" alt="" loading="lazy" '
        f'width="{2 * SIDE + SEAM}" height="{SIDE}">'
        f'<span class="prompts-said">{prompts}</span></button>'
        f'<p class="facts">{escape(" · ".join(facts))}</p><p class="acts">{acts}</p></article>'
    )


class _Shelf:
    """Shows the gallery again after an event, whose input is the words of the search."""

    def __init__(self, jobs: Jobs, shelf: gr.HTML) -> None:
        self._jobs, self.shelf = jobs, shelf
        self.page = gr.State(0)
        self.outputs = [self.shelf, self.page]

    async def _show(self, words: str, page: object, action: Action) -> AsyncIterator[dict]:
        action.claim(*self.outputs)
        store, in_flight = self._jobs.store, self._jobs.in_flight()
        html = await asyncio.to_thread(gallery, store, words, page, in_flight)
        yield {self.shelf: html, self.page: page}

    async def first(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show the first page: when the page is loaded, and when other words are searched for."""
        action.claim(*self.outputs)
        await asyncio.sleep(_PAUSE)
        if action.holds(self.shelf):
            async for shown in self._show("".join(asked.values), 0, action):
                yield shown

    async def anew(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show the same page as before, unless a person is about to see another."""
        words, page = asked.values
        if action.free(self.shelf):
            async for shown in self._show(words, page, action):
                yield shown

    async def turn(self, asked: Asked, action: Action) -> AsyncIterator[dict]:
        """Show another page."""
        async for shown in self._show(*asked.values, asked.said("page"), action):
            yield shown

    def changing(self, change: Callable[[str], object]) -> Act:
        """Return what changes the named result and shows what is left."""

        async def act(asked: Asked, action: Action) -> AsyncIterator[dict]:
            try:
                await asyncio.to_thread(change, str(asked.said("run")))
            except OSError as wrong:
                reason = wrong.strerror or "no reason given"
                raise gr.Error(
                    f"The result is as it was ({reason}).", print_exception=False
                ) from None
            async for shown in self.turn(asked, action):
                yield shown

        return act


def add_gallery(
    jobs: Jobs,
    actions: Actions,
    handlers: Handlers,
    filling: Filling,
    parts: Parts,
    page: gr.Blocks,
    watching: list[Dependency],
) -> None:
    """Add the gallery to the Blocks that are being built; it is read anew when a run is over."""
    with gr.Column(elem_id="gallery"):
        with gr.Row(elem_id="gallery-head"):
            gr.HTML("<h2>Gallery</h2>", apply_default_css=False, js_on_load=None)
            search = gr.Textbox(
                label="Search the prompts",
                show_label=False,
                container=False,
                placeholder="Search the prompts",
                max_lines=1,
                elem_id="search",
            )
        shelf = gr.HTML("", apply_default_css=False, elem_id="shelf", js_on_load=scripts.GALLERY)
    shown, store = _Shelf(jobs, shelf), jobs.store
    page.load(**actions.by_load(shown.first, shown.outputs))
    # Not “input”: what is pasted or filled in by the browser makes none.
    search.change(**actions.by_person(shown.first, [search], shown.outputs))
    anew = actions.by_person(shown.anew, [search, shown.page], shown.outputs)
    for ended in watching:
        ended.then(**anew)
    shelf.turn(**actions.by_person(shown.turn, [search], shown.outputs))
    shelf.open(**actions.by_person(handlers.open_kept, [], parts.everything, handlers.failing))
    shelf.use(**actions.by_person(filling.use_kept, [], filling.outputs, filling.failing))
    if editable():  # else there is no event to call
        changes = {
            shelf.pin: lambda run: pin(store, run, True),
            shelf.unpin: lambda run: pin(store, run, False),
            shelf.delete: lambda run: delete(store, run),
        }
        for event, change in changes.items():
            event(**actions.by_person(shown.changing(change), [search], shown.outputs))
