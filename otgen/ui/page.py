"""The page's layout, and the server behind it."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import gradio as gr
from gradio import http_server
from gradio.events import Dependency
from gradio.exceptions import ServerFailedToStartError
from starlette.middleware import Middleware

from otgen.models.catalogue import asset
from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings
from otgen.results.library import ROOM, listed, room
from otgen.results.store import place
from otgen.service import executors
from otgen.service.admission import LONGEST_QUEUE
from otgen.service.queue import Jobs
from otgen.ui import form, look, scripts
from otgen.ui.actions import PRIVATE, Actions
from otgen.ui.endpoint import add_endpoints
from otgen.ui.examples import example_cards
from otgen.ui.experiment_figure import figure_route
from otgen.ui.experiments import Experiments
from otgen.ui.explain import explanation
from otgen.ui.files import route
from otgen.ui.filling import Filling, restore_button
from otgen.ui.gallery import add_gallery
from otgen.ui.handlers import Handlers
from otgen.ui.listen import LOOPBACK, listening, refusal
from otgen.ui.mcp import answer_with_pictures
from otgen.ui.onward import parent_field
from otgen.ui.painter_choice import wire
from otgen.ui.picture_rows import picture_rows
from otgen.ui.preset_row import preset_row
from otgen.ui.preview import TITLE, Preview
from otgen.ui.prompt_rows import prompt_rows
from otgen.ui.pulse import pulse
from otgen.ui.settings_panel import settings_panel
from otgen.ui.sharing import home
from otgen.ui.stage import empty, of_saved, result_line, stage
from otgen.ui.start_picture import LARGEST
from otgen.ui.studies import study_route
from otgen.ui.watching import Parts

_START = Settings(prompts=(Prompt("a cat"), Prompt("a castle")))
# What the address holds of a recipe's link; it goes when a run is shown.
_OF_RECIPES = [*(field.name for field in fields(Settings)), "version", "experiment"]
# Seconds between Gradio's looks for an event. Its own, 1 ms, cost a page that nobody uses 4 % of a
# core for ever.
_REST = 0.01

_HEADER = """
<header><div><h1>otgen</h1><p>several prompts, one picture</p></div>
<nav>@links<details><summary>How it works</summary><div>
<p>The picture is looked at through many small <em>cutouts</em>. Each is compared with every prompt,
and the painter moves the picture so that the comparison gets better, step by step.</p>
<p>The usual way takes the <em>mean</em>: every cutout is pulled towards every prompt at once, and
the easiest prompt tends to win. <em>Optimal transport</em> matches cutouts with prompts, so that
each prompt gets the share you ask for. Both pictures start alike: only the matching differs.</p>
</div></details></nav></header>
"""
_TO_GALLERY = '<button type="button" data-go="gallery">Gallery</button>'


def build_page(jobs: Jobs) -> gr.Blocks:
    """Return the page on these runs; the first example, where there is one, is on show."""
    first = jobs.examples[0] if jobs.examples else None
    values = form.fields(first.settings if first else _START)
    with gr.Blocks(title=TITLE, delete_cache=(3600, 86400)) as page:
        actions = Actions()
        gr.HTML(
            _HEADER.replace("@links", _TO_GALLERY if listed() else ""),
            apply_default_css=False,
            elem_id="top",
            js_on_load=scripts.GO,
        )
        with gr.Row(elem_id="studio"):
            with gr.Column(elem_id="side"):
                with gr.Column(elem_id="compose"):
                    rows = prompt_rows(values["prompts"], values["generator"], values["encoder"])
                    parent = parent_field(values["parent"])
                    paint = gr.Button("Paint", variant="primary", elem_id="paint")
                    message = gr.HTML(
                        "", apply_default_css=False, elem_id="message", js_on_load=scripts.SPENT
                    )
                    restore = restore_button()
                picture_rows(rows, message, actions)
                with gr.Column(elem_id="settings"):
                    panel = settings_panel(values, actions)
                    presets = preset_row()
            with gr.Column(elem_id="main"):
                with gr.Column(elem_id="result"):
                    shown = gr.HTML(
                        stage(of_saved(first)) if first else empty(),
                        apply_default_css=False,
                        elem_id="stage",
                        js_on_load=scripts.ANEW,
                    )
                    with gr.Row(elem_id="below"):
                        line = gr.HTML(
                            result_line(first, "An example") if first else _invitation(),
                            apply_default_css=False,
                            elem_id="line",
                            js_on_load=scripts.FOLLOW_RUN
                            + scripts.CONTINUE
                            + scripts.ONWARD
                            + scripts.COPY,
                            home=home(),
                            recipe=_OF_RECIPES,
                        )
                        stop = gr.Button("Stop", variant="stop", visible=False, elem_id="stop")
                    explain = explanation(first)
                experiments = Experiments(jobs)
                cards = example_cards(jobs.examples)
        the_form = form.Form({"prompts": rows, **panel.fields, "parent": parent})
        parts = Parts(
            form=the_form,
            message=message,
            paint=paint,
            stop=stop,
            stage=shown,
            line=line,
            explain=explain,
            run=gr.State(""),
            pulse=pulse("pulse"),
        )
        add_endpoints(jobs)  # first: the page's own handlers would take their names
        filling = Filling(jobs, the_form, message)
        handlers = Handlers(jobs, parts, filling)
        watching = _wire(actions, handlers, parts, cards, page)
        painted = watching[0]
        wire(actions, panel, the_form, jobs, painted)
        for fills, act, inputs in (
            (presets.click, filling.use_preset, []),
            (restore.upload, filling.restore, [restore]),
            (line.onward, filling.onward, []),
        ):
            fills(**actions.by_person(act, inputs, filling.outputs, filling.failing))
        experiments.wire(actions, the_form, page, painted)
        if listed():
            add_gallery(jobs, actions, handlers, filling, parts, page, watching)
    # Not by page.queue(), which would build all routes of the server once more.
    page._queue.max_size, page._queue.sleep_when_free = 4 * LONGEST_QUEUE, _REST
    return page


def _invitation() -> str:
    said = "<strong>Ready</strong><span>Write your prompts, then Paint.</span>"
    return f'<div class="line"><p>{said}</p></div>'


def _wire(
    actions: Actions, handlers: Handlers, parts: Parts, cards: gr.HTML, page: gr.Blocks
) -> list[Dependency]:
    """Let the page act; return what watches a run, the form's first.

    Of one event, the browser ends the first before it begins the second: scripts come first.
    """
    everything, shown, failing = parts.everything, parts.shown, handlers.failing
    opened = page.load(**actions.by_load(handlers.open_page, everything, failing))
    parts.paint.click(None, None, None, js=scripts.SHOW_STAGE)
    asked = actions.by_person(handlers.paint, parts.form.inputs, shown, failing)
    painted = gr.on([parts.paint.click, parts.form["prompts"].submit], **asked)
    resumed = parts.line.resume(**actions.by_person(handlers.go_on, [], shown, failing))
    watched = parts.pulse.lost(**actions.resumed(handlers.watch_again, shown, failing))
    parts.stop.click(handlers.stop, parts.run, parts.stop, queue=False, **PRIVATE)
    cards.click(**actions.by_person(handlers.open_example, [], everything, failing))
    return [painted, opened, resumed, watched]


class _Patient(http_server.Server):
    """Gradio's gives up after 5 s and says that no port is free: a busy machine needs longer."""

    def run_in_thread(self) -> None:
        """Listen. Raises ServerFailedToStartError where that ends in vain."""
        try:
            super().run_in_thread()
        except ServerFailedToStartError:
            while not self.started:
                if not self.thread.is_alive():
                    raise
                time.sleep(_REST)


def serve() -> None:
    """Serve the page until the process ends; with status 2 and one sentence where it can't.

    Environment: PORT (7860) and GRADIO_SERVER_NAME (127.0.0.1), where it listens; GRADIO_ROOT_PATH,
    its path behind a proxy; OTGEN_STORE, where results go (``store.place``); OTGEN_STORE_LIMIT, the
    room they may take (5 GB); OTGEN_EXAMPLES, a folder of results to show first (assets/examples);
    OTGEN_EXECUTOR, what paints (``executors.chosen``).
    """
    try:
        limit = room(os.environ.get("OTGEN_STORE_LIMIT") or ROOM)
        host, port = listening()
        executor = executors.chosen()
        examples = Path(os.environ.get("OTGEN_EXAMPLES", asset("examples"))).resolve()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
        # However the server ends, what is in flight is kept.
        with closing(Jobs(place().resolve(), executor, examples, limit)) as jobs:
            _serve(jobs, host, port)
    except InputError as wrong:
        print(wrong, file=sys.stderr)
        raise SystemExit(2) from None


def _serve(jobs: Jobs, host: str, port: int) -> None:
    page = build_page(jobs)
    http_server.Server = _Patient
    http_server.LOCALHOST_NAME = LOOPBACK  # where it looks by IPv4 whether the port is free
    try:
        page.launch(
            server_name=host,
            server_port=port,
            max_file_size=LARGEST,
            app_kwargs={
                "routes": [route(jobs), figure_route(jobs), study_route(jobs.store)],
                "middleware": [Middleware(Preview, jobs=jobs)],
            },
            theme=look.theme(),
            css_paths=look.CSS,
            footer_links=["api"],
            ssr_mode=False,
            prevent_thread_lock=True,
        )
    except OSError:
        if said := refusal(host, port):  # another server was faster since it was looked at
            raise InputError(said) from None
        raise
    # A page that is open holds a connection for as long as it is: Ctrl-C would wait 5 s for it.
    page.server.config.timeout_graceful_shutdown = 1  # seconds
    answer_with_pictures(page, jobs)
    jobs.warm()
    page.block_thread()
