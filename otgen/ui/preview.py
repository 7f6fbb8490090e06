"""What a link to the page shows where it is pasted: title, description and picture (Open Graph).

Gradio writes these tags for the whole app, with pictures of its own site, before any script of ours
runs; those who draw previews run no script. So the page is rewritten on its way out, which also
lets it hide what it would show before the run that its address names.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import re
from collections import OrderedDict
from functools import lru_cache
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
_REMEMBERED = 16  # pages, 260 kB each, and as many compressed ones
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")  # of Accept-Encoding
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9a-fA-F:]{2,45}\](:\d{1,5})?")


class Preview:
    """The ASGI application with our tags in its page, compressed where the client accepts it.

    Gradio makes its page anew for every visitor, though what it holds is settled at the launch:
    the pages of the last few addresses are remembered.
    """

    def __init__(self, app: ASGIApp, jobs: Jobs) -> None:
        self._app, self._jobs = app, jobs
        self._made: OrderedDict[tuple, tuple[Message, bytes]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; all but the page itself passes through as it is."""
        page = scope["type"] == "http" and scope["method"] == "GET" and _is_page(scope)
        if not page:
            return await self._app(scope, receive, send)
        start, html = await self._page(scope, receive)
        if _is_html(start):
            start = start | {"headers": list(start["headers"])}
            headers = MutableHeaders(raw=start["headers"])
            tags = await asyncio.to_thread(self._tags, scope)
            html = html.replace(b"<head>", b"<head>" + tags.encode(), 1)
            headers.add_vary_header("Accept-Encoding")
            if _GZIP.search(Headers(scope=scope).get("accept-encoding", "")):
                html = await asyncio.to_thread(_compressed, html)
                headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(html))
        await send(start)
        await send({"type": "http.response.body", "body": html})

    async def _page(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        """Return the start of Gradio's answer and its whole body, without Gradio's tags."""
        asked = _asked(scope)
        if asked in self._made:
            self._made.move_to_end(asked)
            return self._made[asked]
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, collect)
        if not _is_html(start):
            return start, bytes(body)
        made = start, _THEIRS.sub(b"", bytes(body))
        if asked and start["status"] == 200:
            self._made[asked] = made
            if len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        return made

    def _tags(self, scope: Scope) -> str:
        run = parse_qs(scope["query_string"].decode("latin-1")).get("run", [""])[0]
        shown = self._jobs.find(run)
        said = tags(shown, shown or next(iter(self._jobs.examples), None), origin(scope))
        if root := scope.get("root_path", "").rstrip("/"):
            # Below a sub-path, the page's addresses hold without a slash at its end too.
            said = f'<base href="{escape(root)}/">{said}'
        return said + _OPENING if run and self._jobs.get(run) else said


def origin(scope: Scope) -> str:
    """Return the address that the page is asked for at, "" if the request names none."""
    host = os.environ.get("SPACE_HOST", "").split(",")[0]
    if host:
        return f"https://{host}/"
    whole = scope.get("root_path", "")
    if re.match("https?://", whole):  # GRADIO_ROOT_PATH may be one
        return f"{whole.rstrip('/')}/"
    headers = Headers(scope=scope)
    asked = headers.get("x-forwarded-host", headers.get("host", "")).split(",")[0].strip()
    secure = headers.get("x-forwarded-proto", scope["scheme"]).split(",")[0].strip() == "https"
    root = quote(whole.strip("/"))
    base = f"{'https' if secure else 'http'}://{asked}/{root + '/' if root else ''}"
    return base if _HOST.fullmatch(asked) else ""


def _is_page(scope: Scope) -> bool:
    """Tell whether the page itself is asked for; a proxy may keep the sub-path or strip it."""
    return scope["path"].removeprefix(scope.get("root_path", "").rstrip("/")) in ("/", "")


def _is_html(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")


def _asked(scope: Scope) -> tuple | None:
    """Return all of a request that Gradio's page depends on; None for one that is not remembered.

    It writes the page's own address into the page, and reads two parameters.
    """
    if {"deep_link", "page"} & parse_qs(scope["query_string"].decode("latin-1")).keys():
        return None
    headers = Headers(scope=scope)
    read = ("host", "x-forwarded-host", "x-forwarded-proto", "x-gradio-server")
    key = (scope["scheme"], scope["path"], scope.get("root_path", ""), scope.get("server"))
    return (*key, *(headers.get(name) for name in read))


@lru_cache(maxsize=_REMEMBERED)
def _compressed(html: bytes) -> bytes:
    return gzip.compress(html, 6, mtime=0)


def tags(shown: Saved | None, pictured: Saved | None, origin: str) -> str:
    """Return the tags of a page. Prompts come from people: all text is escaped.

    Args:
        shown: the result that the address names. pictured: whose pictures stand for the page.
    """
    name, about = TITLE, _ABOUT
    if shown:
        name = f"{', '.join(prompt.text for prompt in shown.settings.prompts)[:200]} · otgen"
        under = " and ".join(title(lane) for lane in shown.settings.lanes)
        away = "".join(f", without {prompt.text}" for prompt in shown.settings.negative)[:200]
        about = f"Painted under {under}{away}: {shown.steps} steps, seed {shown.settings.seed}."
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
        alt = ", ".join(prompt.text for prompt in pictured.settings.prompts)[:400]
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
