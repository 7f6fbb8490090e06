"""The files of results as the browser sees them: ``results/<id>/<file>``, bytes as stored."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from otgen import starts
from otgen.jobs import Jobs
from otgen.lanes import slug
from otgen.saved import ID, Saved
from otgen.ui.why import plot


def route(jobs: Jobs) -> Route:
    """Serve any result's pictures, plots and recipe; nothing else, and no path of the host."""

    def serve(request: Request) -> Response:
        found, name = jobs.find(request.path_params["id"]), request.path_params["name"]
        drawn = plot(found, name) if found else None
        if drawn is not None:
            return Response(drawn, media_type="image/png", headers={"Cache-Control": "no-cache"})
        if found is None or name not in _stored(found) or not (found.folder / name).is_file():
            return PlainTextResponse("There is no such result.", status_code=404)
        return FileResponse(found.folder / name, headers={"Cache-Control": "no-cache"})

    return Route("/results/{id}/{name}", serve, methods=["GET", "HEAD"])


def _stored(saved: Saved) -> tuple[str, ...]:
    """Return the files of a result that anybody may have."""
    return (*(f"{slug(lane)}.png" for lane in saved.settings.lanes), "result.json")


def start_route() -> Route:
    """Serve the kept pictures that runs start from, by their names."""

    def serve(request: Request) -> Response:
        name = request.path_params["name"]
        kept = starts.file(name) if ID.fullmatch(name) else None
        if kept is None or not kept.is_file():
            return PlainTextResponse("There is no such picture.", status_code=404)
        return FileResponse(kept, media_type="image/png")

    return Route("/starts/{name}.png", serve, methods=["GET", "HEAD"])


def address(saved: Saved, lane: str) -> str:
    """Return a picture's address, relative to the page; a continued run has another one."""
    return f"results/{quote(saved.id)}/{slug(lane)}.png?step={saved.steps}"


def filename(saved: Saved, lane: str) -> str:
    """Return a name for a downloaded picture: plain ASCII, the prompts first."""
    text = " ".join(text for text, _ in saved.settings.prompts)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or saved.id
    return f"{words}-{slug(lane)}-seed-{saved.settings.seed}.png"
