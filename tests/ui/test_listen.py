"""Where the page listens, and the one sentence where it can't."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from conftest import ROOT

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
        ({"GRADIO_SERVER_NAME": "::1"}, "“::1”.* is an IPv4 address .* try 127.0.0.1, or 0.0.0.0"),
        ({"GRADIO_SERVER_NAME": "::"}, "is an IPv4 address"),
    ],
)
def test_what_can_t_be_listened_on_is_refused(monkeypatch, variables, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=said):
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
