"""What a link to the page shows where it is pasted: title, description and picture (Open Graph).

Gradio writes these tags for the whole app, with pictures of its own site, before any script of ours
runs; those who draw previews run no script. So the page is rewritten on its way out, which also
lets it hide what it would show before the run that its address names.
"""

from __future__ import annotations

import asyncio
import os
import re
from html import escape
from urllib.parse import parse_qs, quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from otgen.recipe.lanes import title
from otgen.results.result import Saved
from otgen.results.thumbnails import CARD
from otgen.service.queue import Jobs

TITLE = "otgen: several prompts, one picture"
_ABOUT = (
    "Paint one picture from several prompts by optimal transport, "
    "beside the same run under the mean of distances."
)
_THEIRS = re.compile(rb'\s*<meta\s+(?:property|name)="(?:og|twitter):[^>]*>')
# The page comes with an example; where its address names a run, that waits unseen for the run's
# first sign, when ``scripts.FOLLOW_RUN`` removes this.
_OPENING = (
    '<style id="opening">#stage .frame img, #stage .counted, #stage .legend, #line, #explain, '
    "#prompts .rows, #settings { visibility: hidden; }</style>"
)
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9a-fA-F:]{2,45}\](:\d{1,5})?")


class Preview:
    """The ASGI application with our tags in its page."""

    def __init__(self, app: ASGIApp, jobs: Jobs) -> None:
        self._app, self._jobs = app, jobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; all but the page itself passes through as it is."""
        page = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in ("/", "")
        if not page:
            return await self._app(scope, receive, send)
        start: Message = {}
        body = bytearray()

        async def rewrite(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            html = bytes(body)
            headers = MutableHeaders(raw=start["headers"])
            if headers.get("content-type", "").startswith("text/html"):
                tags = await asyncio.to_thread(self._tags, scope)
                html = _THEIRS.sub(b"", html).replace(b"<head>", b"<head>" + tags.encode(), 1)
                headers["content-length"] = str(len(html))
            await send(start)
            await send({"type": "http.response.body", "body": html})

        await self._app(scope, receive, rewrite)

    def _tags(self, scope: Scope) -> str:
        run = parse_qs(scope["query_string"].decode("latin-1")).get("run", [""])[0]
        shown = self._jobs.find(run)
        said = tags(shown, shown or next(iter(self._jobs.examples), None), origin(scope))
        return said + _OPENING if run and self._jobs.get(run) else said


def origin(scope: Scope) -> str:
    """Return the address that the page is asked for at, "" where the request tells none."""
    host = os.environ.get("SPACE_HOST", "").split(",")[0]
    if host:
        return f"https://{host}/"
    headers = Headers(scope=scope)
    asked = headers.get("host", "")
    secure = headers.get("x-forwarded-proto", scope["scheme"]).split(",")[0].strip() == "https"
    root = quote(scope.get("root_path", "").strip("/"))
    base = f"{'https' if secure else 'http'}://{asked}/{root + '/' if root else ''}"
    return base if _HOST.fullmatch(asked) else ""


def tags(shown: Saved | None, pictured: Saved | None, origin: str) -> str:
    """Return the tags of a page. Prompts come from people: all text is escaped.

    Args:
        shown: the result that the address names. pictured: whose pictures stand for the page.
    """
    name, about = TITLE, _ABOUT
    if shown:
        name = f"{', '.join(text for text, _ in shown.settings.prompts)[:200]} · otgen"
        under = " and ".join(title(lane) for lane in shown.settings.lanes)
        about = f"Painted under {under}: {shown.steps} steps, seed {shown.settings.seed}."
    said = {
        "og:type": "website",
        "og:site_name": "otgen",
        "og:title": name,
        "og:description": about,
        "twitter:card": "summary_large_image",
        "twitter:title": name,
        "twitter:description": about,
    }
    if origin:
        said["og:url"] = f"{origin}?run={shown.id}" if shown else origin
    if origin and pictured:
        picture = f"{origin}results/{quote(pictured.id)}/card.jpg?step={pictured.steps}"
        alt = ", ".join(text for text, _ in pictured.settings.prompts)[:400]
        said |= {
            "og:image": picture,
            "og:image:type": "image/jpeg",
            "og:image:width": str(CARD[0]),
            "og:image:height": str(CARD[1]),
            "og:image:alt": alt,
            "twitter:image": picture,
            "twitter:image:alt": alt,
        }
    metas = "".join(
        f'<meta {"property" if key.startswith("og:") else "name"}="{key}" content="{escape(text)}">'
        for key, text in said.items()
    )
    return (
        f'<title>{escape(name)}</title><meta name="description" content="{escape(about)}">{metas}'
    )
