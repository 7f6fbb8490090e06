"""Where the page listens, and the one sentence where it can't."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from conftest import ROOT
from gradio import http_server
from gradio.exceptions import ServerFailedToStartError
from starlette.applications import Starlette

from otgen.recipe.prompts import InputError
from otgen.ui.listen import listening


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    for name in ("PORT", "GRADIO_SERVER_PORT", "GRADIO_SERVER_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def taken():
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def _started(tmp_path, *flags: str, **variables: str) -> subprocess.CompletedProcess:
    """Start the page as a person does; it must end by itself."""
    return subprocess.run(
        [sys.executable, *flags, str(ROOT / "app.py")],
        env=os.environ | {"OTGEN_STORE": str(tmp_path / "store")} | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_taken_port_is_one_sentence_that_names_one_that_is_free(tmp_path, taken, monkeypatch):
    ended = _started(tmp_path, PORT=str(taken))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert f"Port {taken} is taken" in ended.stderr
    advised = ended.stderr.rpartition("PORT=")[2].strip(" .\n")
    monkeypatch.setenv("PORT", advised)
    assert listening() == ("127.0.0.1", int(advised))


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PORT": "many"}, "PORT is “many”"),
        ({"PORT": "0"}, "1 to 65535"),
        ({"PORT": "65536"}, "1 to 65535"),
        ({"PORT": "9" * 5000}, "1 to 65535"),
        ({"GRADIO_SERVER_NAME": "192.0.2.1"}, "“192.0.2.1”"),
        ({"GRADIO_SERVER_NAME": "no address"}, "try 127.0.0.1"),
        ({"GRADIO_SERVER_NAME": "[2001:db8::1]"}, "“2001:db8::1”.* try 127.0.0.1, or 0.0.0.0"),
    ],
)
def test_what_can_t_be_listened_on_is_refused(monkeypatch, variables, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=said):
        listening()


def test_port_of_the_loopback_is_free_wherever_the_page_listens(monkeypatch, taken):
    """Gradio would find no port, and say nothing of which."""
    monkeypatch.setenv("PORT", str(taken))
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.2")
    with pytest.raises(InputError, match=f"Port {taken} is taken"):
        listening()


def test_port_that_another_start_took_meanwhile_is_one_sentence(taken, jobs, monkeypatch):
    """Both looked while it was free; Gradio raises OSError where it is not."""
    from otgen.ui import page

    class Late:
        def launch(self, **options) -> None:
            raise OSError(f"Cannot find empty port in range: {taken}-{taken}")

    monkeypatch.setattr(page, "build_page", lambda jobs: Late())
    with pytest.raises(InputError, match=f"Port {taken} is taken"):
        page._serve(jobs, "127.0.0.1", taken)


@pytest.mark.filterwarnings("ignore:Exception in thread")
def test_server_that_is_slow_to_listen_is_waited_for(taken, monkeypatch):
    """Gradio's clock runs out at once; one whose port is taken still ends."""
    from otgen.ui import page

    times = SimpleNamespace(time=itertools.count(step=10).__next__, sleep=time.sleep)
    monkeypatch.setattr(http_server, "time", times)
    app, config = Starlette(), http_server.uvicorn.Config
    server = page._Patient(config(app, port=0, log_level="critical"))
    server.run_in_thread()
    assert server.started
    server.close()
    with pytest.raises(ServerFailedToStartError):
        page._Patient(config(app, port=taken, log_level="critical")).run_in_thread()


_WATCHED = """
import runpy, sys
opened = []
sys.addaudithook(lambda event, given: event == "open" and opened.append(str(given[0])))
try:
    runpy.run_path(sys.argv[1], run_name="__main__")
finally:
    print(*sys.modules, *opened, sep="\\n")
"""


def test_limit_that_is_none_ends_with_2_and_one_sentence(tmp_path):
    ended = _started(tmp_path, "-c", _WATCHED, OTGEN_STORE_LIMIT="lots")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "OTGEN_STORE_LIMIT" in ended.stderr
    # What a first run or plot needs is imported by then, so that the page is there sooner, and
    # gradio did nothing that only takes time.
    touched = {*ended.stdout.split("\n")}
    assert "gradio.routes" in touched
    assert not touched & {"torch", "jax", "matplotlib", "av", "pandas.core"}
    assert not [file for file in touched if file.endswith(".pyi")]
