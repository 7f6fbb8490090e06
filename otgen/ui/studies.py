"""The reports of studies: ``studies/<name>``, and links to them above the gallery."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from otgen.results.library import listed
from otgen.study.kept import report_of, studies

# A file of the store may have been written by anybody: nothing in it is run, sent or fetched.
_INERT = {
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def study_route(store: Path) -> Route:
    """Serve the reports of a store's studies, where visitors may see the list of its results."""

    def serve(request: Request) -> Response:
        report = report_of(store, request.path_params["name"]) if listed() else None
        if report is None:
            return PlainTextResponse("There is no such study.", status_code=404)
        return Response(report, media_type="text/html", headers=_INERT)

    return Route("/studies/{name}", serve, methods=["GET", "HEAD"])


def study_links(store: Path) -> str:
    """Return links to the reports as HTML, "" where there are none. Names are plain."""
    links = ", ".join(
        f'<a href="studies/{name}" target="_blank" rel="noopener">{name}</a>'
        for name in studies(store)
    )
    return f'<p class="studies">Studies: {links}</p>' if links else ""
