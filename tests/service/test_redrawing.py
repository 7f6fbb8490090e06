"""Pictures drawn anew in a process of their own."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from otgen.recipe.prompts import InputError
from otgen.service import redrawing
from otgen.service.redrawing import Unavailable, redraw

_RUN = subprocess.run


def _as(monkeypatch, code: str) -> None:
    """Let a process run other code in the place of what draws."""

    def other(command, **named):
        return _RUN((sys.executable, "-c", code, *command[3:]), **named)

    monkeypatch.setattr(redrawing.subprocess, "run", other)


def test_what_is_drawn_is_returned_and_drawn_once(monkeypatch, tmp_path):
    _as(monkeypatch, "import os, sys; print(sys.argv[1:], os.getpid())")
    first = redraw(tmp_path, "ot", "svg")
    assert first.startswith(f"['{tmp_path}', 'ot', 'svg']".encode())
    assert redraw(tmp_path, "ot", "svg") == first
    assert redraw(tmp_path, "mean", "svg") != first


def test_refusal_is_the_sentence_without_warnings_before_it(monkeypatch, tmp_path):
    _as(monkeypatch, "import sys; sys.exit(print('warning\\nNo SVG.', file=sys.stderr) or 2)")
    with pytest.raises(InputError, match=r"^No SVG\.$"):
        redraw(tmp_path, "ot", "svg")


@pytest.mark.parametrize("code", ["1 / 0", "import os; os.kill(os.getpid(), 9)"])
def test_death_is_one_sentence_and_the_next_is_drawn(monkeypatch, tmp_path, code):
    _as(monkeypatch, code)
    with pytest.raises(Unavailable, match="could not be drawn"):
        redraw(tmp_path, "ot", "svg")
    _as(monkeypatch, "print('drawn')")
    assert redraw(tmp_path, "ot", "svg") == b"drawn\n"


def test_slow_one_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(redrawing, "LONGEST", 0.5)
    _as(monkeypatch, "import time; time.sleep(60)")
    with pytest.raises(Unavailable, match="in time"):
        redraw(tmp_path, "ot", "svg")


def test_no_more_than_a_few_wait(monkeypatch, tmp_path):
    drawing, go_on = threading.Semaphore(0), threading.Event()

    def slow(folder, lane, kind):
        drawing.release()
        go_on.wait(60)
        return b"drawn"

    monkeypatch.setattr(redrawing, "_redrawn", slow)
    threads = [
        threading.Thread(target=redraw, args=(tmp_path, "ot", "svg"))
        for _ in range(1 + redrawing.WAITING)
    ]
    for thread in threads:
        thread.start()
    drawing.acquire(timeout=60)
    while redrawing._places._value:  # until the last of them waits
        pass
    with pytest.raises(Unavailable, match="try again in a minute"):
        redraw(tmp_path, "ot", "svg")
    go_on.set()
    for thread in threads:
        thread.join()
    assert redraw(tmp_path, "ot", "svg") == b"drawn"
