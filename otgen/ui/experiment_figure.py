"""The figure of an experiment as a file: ``experiments/ladder-light-wide.png?<its link>``."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from otgen.explain.plots import to_png, to_svg
from otgen.explain.plots.style import NARROW, WIDE
from otgen.recipe.codec import from_query
from otgen.recipe.experiments import Step, base
from otgen.recipe.prompts import InputError
from otgen.results.figure_text import describe
from otgen.results.store import read
from otgen.service.queue import Jobs
from otgen.service.series import SeriesOf
from otgen.ui.render import PLOTTING, made_once

_FILE = re.compile(r"(ladder|dial|seeds-\d+)-(light|dark)-(wide|narrow)\.(png|svg)")


def figure_route(jobs: Jobs) -> Route:
    """Serve the figure of an experiment, drawn of what is here: nothing is painted."""
    series_of = SeriesOf(jobs)

    def serve(request: Request) -> Response:
        named = _FILE.fullmatch(request.path_params["name"])
        recipe = from_query(dict(request.query_params)) if named and base(named[1]) else None
        if recipe is None:
            return PlainTextResponse("There is no such picture.", status_code=404)
        try:
            series = series_of.find(named[1], recipe.settings)
        except InputError as wrong:
            return PlainTextResponse(str(wrong), status_code=400)
        folders = tuple(
            (job.status.saved.folder, job.status.saved.steps) if job and job.status.saved else None
            for job in series.jobs
        )
        try:
            figure = _figure(named[1], series.steps, folders, *named.groups()[1:])
        except OSError:
            return PlainTextResponse("A run of it was deleted a moment ago.", status_code=404)
        kind = {"png": "image/png", "svg": "image/svg+xml"}[named[4]]
        return Response(figure, media_type=kind, headers={"Cache-Control": "no-cache"})

    return Route("/experiments/{name}", serve, methods=["GET", "HEAD"])


@made_once(16, PLOTTING)  # about 500 kB each
def _figure(
    kind: str,
    steps: tuple[Step, ...],
    folders: tuple[tuple[Path, int] | None, ...],
    theme: str,
    width: str,
    form: str,
) -> bytes:
    """Draw a figure; a result's steps tell a continued run from what it was.

    Raises OSError where a result is gone.
    """
    results = [one and read(one[0]) for one in folders]
    if any(one and result is None for one, result in zip(folders, results, strict=True)):
        raise FileNotFoundError
    from otgen.results.figures import FIGURES  # and matplotlib, which the page starts without

    pixels = WIDE if width == "wide" else NARROW
    figure = FIGURES[base(kind)](steps, results, dark=theme == "dark", width=pixels)
    text = describe(kind, steps, results)
    return to_png(figure, text=text) if form == "png" else to_svg(figure, text)
