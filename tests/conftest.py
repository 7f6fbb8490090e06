"""One example result, one server and one browser for all tests of the page.

The server is ``app.py`` in a process of its own, as a person starts it, on a store of its own with
one example. Each test gets a fresh browser context that refuses, and reports, requests that leave
the server.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

# Truths are compared in float32; the server of the page's tests paints as a person's would.
os.environ["OTGEN_PRECISION"] = "float32"

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
START = 600  # seconds that the server may take to answer; a starved machine needs minutes
PATIENCE = 60  # seconds that anything on the page may take
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
]


class Server(NamedTuple):
    """Where the page is, the folders it uses, and its process."""

    address: str
    store: Path
    examples: Path
    process: subprocess.Popen


@pytest.fixture(scope="session")
def example(tmp_path_factory) -> Path:
    """Make a short real run and save it as a shipped example; return the folder of examples."""
    from otgen.comparison import compare
    from otgen.prompts import Prompt
    from otgen.settings import Settings
    from otgen.store import save

    folder = tmp_path_factory.mktemp("examples")
    prompts = (Prompt("a fish in the ocean"), Prompt("a house", 3.0))
    save(compare(Settings(prompts=prompts, steps=2, cutouts=4, seed=7)), folder)
    return folder


@contextmanager
def serving(command: list[str], folder: Path, examples: Path, **environment: str):
    """Start a server of the page by a command, wait until it answers, and end it after all.

    Kill its process to see it die; a second one in the same folder finds the first one's store.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store, log = folder / "store", folder / "log.txt"
    store.mkdir(exist_ok=True)
    places = {
        "PORT": str(port),
        "OTGEN_STORE": str(store),
        "OTGEN_EXAMPLES": str(examples),
        "OTGEN_PRECISION": "",
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
    }
    address = f"http://127.0.0.1:{port}/"
    with log.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=os.environ | places | environment,
            cwd=store,
            stdout=output,
            stderr=output,
        )
        try:
            _wait(address, process, log)
            yield Server(address, store, examples, process)
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def server(example, tmp_path_factory) -> Iterator[Server]:
    """Start ``app.py``, on a machine without a network and without downloaded weights."""
    folder = tmp_path_factory.mktemp("server")
    alone = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf")}
    alone["OTGEN_CACHE"] = str(folder / "cache")
    with serving([str(ROOT / "app.py")], folder, example, **alone) as started:
        yield started


def _wait(address: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser():
    """Start Debian's Chromium."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, server):
    """Return a function that opens the page in a new context and waits until it can be used.

    ``visit(path="", at=another server, **context options)``; at the test's end no request may have
    left the server, and no script may have failed.
    """
    contexts, strays, errors = [], [], []
    allowed = ["data:", "blob:"]

    def route(route) -> None:
        if route.request.url.startswith(tuple(allowed)):
            return route.continue_()
        strays.append(route.request.url)
        return route.abort()

    def open_page(path: str = "", at: Server = server, **options):
        allowed.append(at.address)
        options = {"viewport": {"width": 1280, "height": 900}} | options
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        context.route("**/*", route)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(at.address + path)
        page.locator("#prompts .rows li").first.wait_for()
        page.locator("#paint").wait_for()  # “Painting…” where a link names a run in flight
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert strays == []
    assert errors == []
