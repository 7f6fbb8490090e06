"""One example result, one server and one browser for all tests of the page.

The server is ``app.py`` in a process of its own, as a person starts it, on a store of its own with
one example. Each test gets a fresh browser context that refuses, and reports, requests that leave
the server; and each finds the server at rest and its store as it was, however the one before ended.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from filelock import FileLock

from otgen.run.plan import plan

if TYPE_CHECKING:  # where the page alone is tested, torch is left out
    from otgen.service.queue import Jobs

# Truths are compared in float32; the server of the page's tests paints as a person's would.
os.environ["OTGEN_PRECISION"] = "float32"

ROOT = Path(__file__).resolve().parents[1]
# All processes of the tests share what jax compiles, whatever folder a test gives otgen's cache.
_COMPILED = {
    "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache" / "compiled"),
    "JAX_COMPILATION_CACHE_MAX_SIZE": "200000000",  # with a bound jax locks it
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
for _name, _value in _COMPILED.items():
    os.environ.setdefault(_name, _value)
# Chromium without a window is the same engine for a fifth less of a CPU.
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or "chromium"
SERVED = [str(ROOT / "tests" / "served.py")]  # app.py, with a door for the tests
START = 600  # seconds that the server may take to answer; a starved machine needs minutes
PATIENCE = 60  # seconds that anything on the page may take
# Each process of the tests begins at another one.
_PORTS = iter(range(10_000 + os.getpid() * 20 % 20_000, 32_000))
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # nothing else can be reached
    # Two hidden pages of the address bar in every window, which nobody sees. The flag replaces
    # Playwright's own, so what that would spare a test is named again.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,LensOverlay,MediaRouter,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,PaintHolding,"
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,ThirdPartyStoragePartitioning,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose",
]


# What `make test-fast` leaves out: tests of the served page, and files, or tests of one, that paint
# or wait for long.
_SERVED = {"browser", "example"}  # every server of the page has the example
_LONG = {
    *("api/notebook", "cli/main", "cli/study", "executors/process", "executors/ray_cluster"),
    *("executors/zerogpu", "models/biggan", "models/downloads", "painters/full"),
    *("painters/contract::test_loss_falls", "recipe/experiments", "results/losses"),
    *("run/comparison", "run/onward", "service/queue", "service/series", "service/unlucky"),
    *("tests/installed", "tests/publish", "tests/requirements", "tests/setup"),
    *("transport/compiled", "ui/listen"),
    "models/towers::test_a_painter_that_ships_loads_nothing_of_transformers_and_diffusers",
    "results/store::test_what_is_written_is_utf_8_in_any_locale",
}


def _place(path: Path) -> str:
    """Return where a file of tests stands: "run/comparison"."""
    return f"{path.parent.name}/{path.stem.removeprefix('test_')}"


def pytest_collection_modifyitems(items) -> None:
    """Mark the tests that take long."""
    for item in items:
        place = _place(item.path)
        long = {place, f"{place}::{item.originalname}"} & _LONG
        if _SERVED & set(item.fixturenames) or long:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show what the shared server logged where a test of it fails."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(server, Server):
        log = server.store.parent / "log.txt"
        report.sections.append(("the server's log, its end", log.read_text()[-4000:]))
    return report


class Server(NamedTuple):
    """Where the page is, the folders it uses, and its process."""

    address: str
    store: Path
    examples: Path
    process: subprocess.Popen
    door: int  # as in served.py

    def rest(self) -> None:
        """End what is in flight and wait until it is over; the page did as ``served`` says."""
        with socket.create_connection(("127.0.0.1", self.door), START) as door:
            assert door.recv(1000) == b"at rest"


def _free_port() -> int:
    """Return a port that nobody has, below those that outgoing connections are given."""
    for port in _PORTS:
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="session")
def example(tmp_path_factory) -> Path:
    """Make a short real run and save it as a shipped example; return the folder of examples.

    All processes of the tests have the same: the first makes it, and the others wait.
    """
    of_all = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        of_all = of_all.parent
    folder = of_all / "examples"
    with FileLock(of_all / "examples.lock"):
        if not folder.exists():
            _make_example(folder, tmp_path_factory.mktemp("store"))
    return folder


def _make_example(folder: Path, store: Path) -> None:
    from otgen.recipe.prompts import Prompt
    from otgen.recipe.settings import Settings
    from otgen.results.saving import save
    from otgen.run.comparison import compare

    prompts = (Prompt("a fish in the ocean"), Prompt("a house", 3.0))
    # One sprite: it fills the form, and of what sprites try on each costs every run a third more.
    save(compare(plan(Settings(prompts=prompts, steps=2, cutouts=4, seed=7, sprites=1))), store)
    (made,) = store.glob("*/result.json")
    made.parent.rename(store / "made")  # away from the store's locks
    whole = store / "examples"
    whole.mkdir()
    (store / "made").rename(whole / made.parent.name)
    whole.rename(folder)


@contextmanager
def serving(command: list[str], folder: Path, examples: Path, **environment: str):
    """Start a server of the page by a command, wait until it answers, and end it after all.

    Kill its process to see it die; a second one in the same folder finds the first one's store.
    """
    port, door = _free_port(), _free_port()
    store, log = folder / "store", folder / "log.txt"
    store.mkdir(exist_ok=True)
    places = {
        "PORT": str(port),
        "OTGEN_TESTS_DOOR": str(door),
        "OTGEN_STORE": str(store),
        "OTGEN_EXAMPLES": str(examples),
        "OTGEN_PRECISION": "",
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
    }
    host = environment.get("GRADIO_SERVER_NAME", "127.0.0.1")
    address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
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
            yield Server(address, store, examples, process, door)
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def server(example, tmp_path_factory) -> Iterator[Server]:
    """Start ``app.py``, on a machine without a network and without downloaded weights."""
    folder = tmp_path_factory.mktemp("server")
    alone = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf")}
    alone["OTGEN_CACHE"] = str(folder / "cache")
    with serving(SERVED, folder, example, **alone) as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory) -> None:
    """Leave the user's cache alone: its uploads count in a store's room, and others write there."""
    os.environ["OTGEN_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def apart(request) -> Iterator[None]:
    """Leave the shared server as a test found it: end its runs, take away its results.

    What a module's tests share is there before the first of them begins, and stays.
    """
    if "server" not in request.fixturenames:
        yield
        return
    server = request.getfixturevalue("server")
    before = set(server.store.iterdir())
    yield
    server.rest()
    for path in set(server.store.iterdir()) - before:
        shutil.rmtree(path)


@pytest.fixture
def jobs_in() -> Iterator[Callable[..., Jobs]]:
    """Return a function that makes runs on a store, ``Jobs``; they end with the test.

    They are painted in this process, unless it is given another executor.
    """
    from otgen.service.executors import Inline
    from otgen.service.queue import Jobs

    made = []

    def make(store, executor=None, **named) -> Jobs:
        made.append(Jobs(store, executor or Inline(), **named))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


@pytest.fixture
def jobs(jobs_in, tmp_path) -> Jobs:
    """Runs on an empty store."""
    return jobs_in(tmp_path / "store")


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
        program = shutil.which(CHROMIUM)
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def ask(browser, server):
    """Return a function that asks the server for a path, as the browser would without a page."""
    context = browser.new_context()
    yield lambda path, **options: context.request.get(server.address + path, **options)
    context.close()


class Windows:
    """Pages without anything on them, each in a browser context that nobody else has.

    They are used again: to load the page anew takes half of what it takes in a new context.
    """

    def __init__(self, browser) -> None:
        self._browser, self._free = browser, {}

    def take(self, **options):
        """Return a page of a context with these options."""
        if free := self._of(options):
            return free.pop()
        context = self._browser.new_context(**options)
        context.set_default_timeout(PATIENCE * 1000)
        return context.new_page()

    def give_back(self, page, **options) -> None:
        """Make a page what it was; one that a test has closed is gone, with its context."""
        if page.is_closed():
            page.context.close()
            return
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
        page.goto("about:blank")
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.context.clear_cookies()
        page.set_viewport_size(options["viewport"])
        self._of(options).append(page)

    def _of(self, options: dict) -> list:
        """Return the free pages of contexts with these options."""
        return self._free.setdefault(repr(sorted(options.items())), [])


@pytest.fixture(scope="session")
def windows(browser):
    """Return the browser's pages."""
    return Windows(browser)


@contextmanager
def visiting(windows: Windows, server: Server):
    """Give a function as ``visit`` describes; at the end its pages are closed and judged."""
    opened, asked, errors = [], [], []
    allowed = ["data:", "blob:", "about:"]

    # Listened to only: what the browser asks a test first it neither keeps nor gets at once.
    def ask(request) -> None:
        asked.append(request.url)

    def fail(error) -> None:
        errors.append(str(error))

    def open_page(path: str = "", at: Server = server, altered: bool = False, **options):
        allowed.append(at.address)
        options = {"viewport": {"width": 1280, "height": 900}} | options
        page = windows.take(**options)
        opened.append((page, altered, options))
        page.context.on("request", ask)
        page.on("pageerror", fail)
        page.goto(at.address + path)
        page.locator("#prompts .rows li").first.wait_for()
        page.locator("#paint").wait_for()  # “Painting…” where a link names a run in flight
        return page

    yield open_page
    for page, altered, options in opened:
        if altered:
            page.context.close()
            continue
        page.context.remove_listener("request", ask)
        page.remove_listener("pageerror", fail)
        windows.give_back(page, **options)
    assert [url for url in asked if not url.startswith(tuple(allowed))] == []
    assert errors == []


@pytest.fixture
def visit(windows, server):
    """Return a function that opens the page in a context of its own and waits until it can be used.

    ``visit(path="", at=another server, altered=False, **context options)``; at the test's end no
    request may have left the server, and no script may have failed. A test that gives a page
    scripts or routes, which stay, says that it is ``altered``.
    """
    with visiting(windows, server) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def shared_page(windows, server):
    """Return a function that gives the page of a colour scheme, the same to all tests of a module.

    To open it costs as much as most of what is looked at there. A test leaves it as another may
    find it, or makes it what it needs.
    """
    with visiting(windows, server) as open_page:
        yield cache(lambda color_scheme="light": open_page(color_scheme=color_scheme))
