"""The page on a path of its own behind a reverse proxy, in a real browser.

It listens on an address of IPv6, where the machine has one.
"""

from __future__ import annotations

import socket
import threading
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from conftest import SERVED, serving
from kept import EXAMPLE
from pages import QUICK, drop, fill, paint, prompt_boxes, sizes
from playwright.sync_api import expect
from programs import program

PATH = "/otgen"
_HOPS = {"connection", "transfer-encoding", "keep-alive", "content-length", "date", "server"}


class Proxy(ThreadingHTTPServer):
    """Passes on what is asked for below PATH and streams answers.

    refused: notes of what was asked for elsewhere, or is not there.
    strips: passes on "/otgen/x" as "/x", as "proxy_pass http://127.0.0.1:7860/" of nginx does.
    """

    daemon_threads = True

    def __init__(self, behind: str, strips: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.behind, self.strips, self.refused = behind, strips, []


class _Passing(BaseHTTPRequestHandler):
    """One request; its answer ends with the connection (HTTP/1.0)."""

    server: Proxy

    def log_message(self, *_) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = self.path
        if not urlsplit(path).path.startswith(f"{PATH}/") and urlsplit(path).path != PATH:
            if path != "/favicon.ico":  # browsers ask for it by themselves
                self.server.refused.append(path)
            return self.send_error(404)
        if self.server.strips:
            path = "/" + path.removeprefix(PATH).removeprefix("/")
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        there = HTTPConnection(self.server.behind, timeout=120)
        there.request(self.command, path, body, dict(self.headers))
        answer = there.getresponse()
        if answer.status >= 400:
            self.server.refused.append(f"{path}: {answer.status}")
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOPS:
                self.send_header(name, value)
        self.end_headers()
        try:
            while part := answer.read1(65536):
                self.wfile.write(part)
                self.wfile.flush()
        except (ConnectionError, HTTPException):  # the browser, or the server, left
            pass
        finally:
            there.close()

    do_POST = do_HEAD = do_GET


def _address() -> str:
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return "127.0.0.1"
    return "::1"


@pytest.fixture(scope="module")
def below(example, tmp_path_factory):
    """Start a server that knows its path."""
    folder = tmp_path_factory.mktemp("below")
    variables = {"GRADIO_ROOT_PATH": PATH, "GRADIO_SERVER_NAME": _address()}
    with serving(SERVED, folder, example, **variables) as server:
        yield server


@pytest.fixture(params=[True, False], ids=["stripped", "kept"])
def proxy(request, below):
    proxy = Proxy(urlsplit(below.address).netloc, request.param)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    yield proxy
    proxy.shutdown()
    thread.join()
    proxy.server_close()
    assert proxy.refused == []


def test_page_works_below_a_path(visit, below, proxy):
    root = f"http://127.0.0.1:{proxy.server_port}"
    at = below._replace(address=f"{root}/")
    permissions = ["clipboard-read", "clipboard-write"]
    page = visit(PATH.strip("/"), at=at, permissions=permissions)
    # Each paints its own.
    fill(page, "a cat", "a castle", steps=3, seed=10 + proxy.strips, painter=QUICK)
    paint(page)
    expect(page.locator("#line")).to_contain_text("Painted", timeout=120_000)
    assert sizes(page) == [128, 128]
    file = page.locator("#line .download").first.evaluate("(link) => link.href")
    assert file.startswith(f"{root}{PATH}/results/")
    assert page.context.request.get(file).ok
    page.get_by_role("button", name="Copy link", exact=True).click()
    expect(page.locator(".copied")).to_contain_text("copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{root}{PATH}/?run=")
    drop(page, (EXAMPLE / "ot.png").read_bytes(), "a.png")
    expect(page.locator("#message")).to_contain_text("The file's settings are in the form")
    opened = visit(link.removeprefix(at.address), at=at)  # with the slash that was missing
    expect(opened.locator("#line")).to_contain_text("Painted")
    expect(prompt_boxes(opened).first).to_have_value("a cat")
    picture = opened.locator('meta[property="og:image"]').get_attribute("content")
    assert picture.startswith(f"{root}{PATH}/results/")
    assert opened.context.request.get(picture).ok


def test_programs_find_the_endpoints_below_a_path(proxy):
    client = program(f"http://127.0.0.1:{proxy.server_port}{PATH}/")
    try:
        assert isinstance(client.predict(api_name="/list"), list)
    finally:
        client.close()
