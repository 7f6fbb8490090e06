"""The files of results as the browser sees them: ``results/<id>/<file>``, bytes as stored."""

from __future__ import annotations

import asyncio
import io
import re
import unicodedata
from collections.abc import AsyncIterator, Iterator, Mapping
from urllib.parse import quote

import numpy as np
from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from otgen.recipe.lanes import slug
from otgen.recipe.prompts import InputError
from otgen.results.archive import bundle
from otgen.results.result import PARENT, Saved, uploaded
from otgen.results.thumbnails import card, thumbnail
from otgen.service.queue import Jobs
from otgen.service.redrawing import Unavailable
from otgen.ui.anew import anew
from otgen.ui.render import Rendered, rendered

_RANGE = re.compile(r"bytes=([0-9]{0,12})-([0-9]{0,12})")

_PLAIN = "-plain"
_SMALL = {"thumbnail.webp": (thumbnail, "image/webp"), "card.jpg": (card, "image/jpeg")}


def route(jobs: Jobs) -> Route:
    """Serve any result's pictures, recipe, zip and what is drawn of it; no path of the host."""
    one = asyncio.Lock()  # plots of a zip are drawn one at a time, however many ask for one

    def serve(request: Request) -> Response:
        before = None
        while (saved := jobs.find(request.path_params["id"])) and saved != before:
            try:
                return _served(saved, request, one)
            except OSError:  # it is deleted at this moment, or a better one is there
                before = saved
        return _nothing()

    return Route("/results/{id}/{name}", serve, methods=["GET", "HEAD"])


def _served(saved: Saved, request: Request, one: asyncio.Lock) -> Response:
    """Answer with a file of a result. Raises OSError where it is gone."""
    name = request.path_params["name"]
    if name == filename(saved, "otgen", "zip"):
        return _zip(saved, name, request.method, one)
    try:
        file = _file(saved, name, request.query_params)
    except InputError as wrong:
        return PlainTextResponse(str(wrong), status_code=409)
    except Unavailable as wrong:
        return PlainTextResponse(str(wrong), status_code=503, headers={"Retry-After": "60"})
    if file is None:
        return _nothing()
    # An address that names the steps means these bytes for good, or until otgen draws better.
    lasting = request.query_params.get("step") == str(saved.steps)
    headers = {"Cache-Control": "max-age=600" if lasting else "no-cache"}
    return _answer(file, headers, request.headers.get("range", ""))


def _file(saved: Saved, name: str, query: Mapping[str, str]) -> Rendered | None:
    """Return a file of a result that anybody may have. Raises OSError where it is gone."""
    stored = {f"{slug(lane)}.png": "image/png" for lane in saved.settings.lanes}
    stored["result.json"] = "application/json"
    stored |= {name: "image/png" for _, name in uploaded(saved.settings) if name != PARENT}
    if name in stored:
        # Read at once: a file that is sent piece by piece could be deleted in between.
        return Rendered((saved.folder / name).read_bytes(), stored[name])
    if name in {plain(lane) for lane in saved.settings.lanes}:
        return _without_recipe((saved.folder / name.replace(_PLAIN, "")).read_bytes())
    if name in _SMALL:
        make, kind = _SMALL[name]
        data = make(saved)
        return Rendered(data, kind) if data is not None else None
    return anew(saved, name) or rendered(saved, name, query)


def plain(lane: str) -> str:
    """Return the name of a lane's picture alone: its file says nothing of how it was made."""
    return f"{slug(lane)}{_PLAIN}.png"


def _without_recipe(data: bytes) -> Rendered:
    """Return a picture's pixels in a file of their own."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        Image.fromarray(np.asarray(picture.convert("RGB"))).save(out, "PNG")
    return Rendered(out.getvalue(), "image/png")


def _answer(file: Rendered, headers: dict[str, str], wanted: str) -> Response:
    """Answer with a file, or with the one part that is wanted: some players take only parts."""
    headers, size = headers | {"Accept-Ranges": "bytes"}, len(file.data)
    asked = _RANGE.fullmatch(wanted)
    if not asked or not any(asked.groups()):
        return Response(file.data, media_type=file.kind, headers=headers)
    first, last = asked.groups()
    begin = int(first) if first else max(0, size - int(last))
    end = min(int(last) + 1, size) if first and last else size
    if begin >= end:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    return Response(file.data[begin:end], 206, media_type=file.kind, headers=headers)


def _nothing() -> Response:
    return PlainTextResponse("There is no such result.", status_code=404)


def _zip(saved: Saved, name: str, method: str, one: asyncio.Lock) -> Response:
    """Answer with a result's zip, made while it is sent. Raises OSError where it is gone."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if method == "HEAD":
        return Response(media_type="application/zip", headers=headers)
    parts = bundle(saved, name.removesuffix(".zip"))
    first = next(parts)
    return StreamingResponse(
        _rest(first, parts, one), media_type="application/zip", headers=headers
    )


async def _rest(first: bytes, parts: Iterator[bytes], one: asyncio.Lock) -> AsyncIterator[bytes]:
    """Yield a zip whose first part is made already; a slow reader blocks nobody."""
    part = first
    while part is not None:
        yield part
        async with one:
            part = await asyncio.to_thread(next, parts, None)


def address(saved: Saved, lane: str) -> str:
    """Return a picture's address, relative to the page; a continued run has another one."""
    return f"results/{quote(saved.id)}/{slug(lane)}.png?step={saved.steps}"


def filename(saved: Saved, what: str, kind: str = "png") -> str:
    """Return a name for a downloaded file: plain ASCII, the prompts first."""
    text = " ".join(prompt.text for prompt in saved.settings.prompts)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or saved.id
    return f"{words}-{slug(what)}-seed-{saved.settings.seed}.{kind}"
