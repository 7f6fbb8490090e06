"""The painter process: it paints, dies, hangs and is stopped, and the page's side goes on."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from helpers import same, size
from PIL import Image
from run_thread import SHORT, Run, until

from otgen.results.saving import writer
from otgen.results.store import read, unfinished
from otgen.run.comparison import compare
from otgen.run.events import Ended, Failed, Preview, Step
from otgen.run.plan import plan
from otgen.service.executors import painter_process
from otgen.service.executors import process as module
from otgen.service.executors.process import Process

HELD = Path(__file__).resolve().parents[2] / "held_painter.py"
LONG = replace(SHORT, steps=2000)


@pytest.fixture(scope="module")
def hold(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("hold")


@pytest.fixture(scope="module")
def painting(hold) -> Iterator[Process]:
    """One executor, whose painters wait and crash as files in ``hold`` say."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painter_process, "COMMAND", (sys.executable, str(HELD)))
        patch.setenv("OTGEN_HOLD", str(hold))
        executor = Process()
        yield executor
        executor.close()


@pytest.fixture
def executor(painting, hold) -> Iterator[Process]:
    yield painting
    for file in hold.iterdir():
        file.unlink()


def painter(executor: Process) -> psutil.Process:
    return psutil.Process(executor._painter.process.pid)


def test_painter_paints_what_this_process_would(executor, tmp_path):
    run = Run(executor, SHORT, tmp_path)
    ended = run.ending()
    assert (ended.state, ended.steps, ended.notes) == ("done", 2, ())
    assert ended.seconds > 0
    previews = [event for event in run.seen if isinstance(event, Preview)]
    assert [size(picture) for picture in previews[-1].pictures] == [(128, 128)] * 2
    assert [sum(counts) for counts in previews[-1].counts] == [4, 4]
    here = compare(run.plan)
    assert previews[-1].losses == pytest.approx(here.record.losses[-1], abs=0)
    with Image.open(tmp_path / run.plan.id / "ot.png") as picture:
        assert same(np.asarray(picture), here.pictures[0])
    assert executor.machine().device == "cpu"
    assert executor.machine().speed > 0


def test_result_that_is_there_is_not_painted_again(executor, tmp_path):
    Run(executor, SHORT, tmp_path).ending()
    made = (tmp_path / plan(SHORT).id / "result.json").stat().st_mtime_ns
    again = Run(executor, SHORT, tmp_path)
    assert again.ending() == Ended("done", 2)
    assert again.seen == [Ended("done", 2)]
    assert (tmp_path / plan(SHORT).id / "result.json").stat().st_mtime_ns == made


def test_killed_painter_fails_its_run_in_a_sentence_and_the_next_goes_on(executor, hold, tmp_path):
    (hold / "step").write_text("3")
    chosen = replace(SHORT, steps=6)
    run = Run(executor, chosen, tmp_path)
    until(lambda: run.step == 3)
    dead = painter(executor)
    (tmp_path / f"{writer(dead.pid)}x").mkdir()  # as in the midst of a save
    dead.send_signal(signal.SIGKILL)
    failed = run.ending()
    assert failed.kind == "crash"
    assert "memory was full" in failed.error
    assert "Step 2 is kept" in failed.error
    assert not dead.is_running()
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".lock")] == [
        run.plan.id
    ]
    (hold / "step").unlink()
    again = Run(executor, chosen, tmp_path)
    assert again.ending().state == "done"
    assert next(event.step for event in again.seen if isinstance(event, Step)) == 2
    with Image.open(tmp_path / run.plan.id / "ot.png") as picture:
        assert same(np.asarray(picture), compare(run.plan).pictures[0])


def test_crash_in_native_code_is_one_sentence(executor, hold, tmp_path):
    (hold / "crash").write_text("0")
    failed = Run(executor, SHORT, tmp_path).ending()
    assert failed == Failed(
        "The painter crashed (SIGSEGV); the server's log says more. Paint again to retry.", "crash"
    )
    (hold / "crash").unlink()
    assert Run(executor, SHORT, tmp_path).ending().state == "done"


def test_painter_that_dies_at_rest_is_replaced_unnoticed(executor, tmp_path):
    Run(executor, SHORT, tmp_path).ending()
    painter(executor).kill()
    assert Run(executor, replace(SHORT, seed=8), tmp_path).ending().state == "done"


def test_painter_that_dies_with_an_order_it_has_not_taken_up_is_replaced(executor, tmp_path):
    Run(executor, SHORT, tmp_path).ending()
    first = painter(executor)
    first.suspend()  # it reads nothing
    run = Run(executor, replace(SHORT, seed=9), tmp_path)
    until(lambda: executor._order)
    first.kill()
    assert run.ending().state == "done"
    assert painter(executor).pid != first.pid


def test_silent_painter_is_ended(executor, hold, tmp_path, monkeypatch):
    (hold / "step").write_text("1")
    run = Run(executor, LONG, tmp_path)
    until(lambda: run.step == 1)
    monkeypatch.setattr(module, "SILENCE", 0.2)
    silent = painter(executor)
    silent.suspend()
    (hold / "step").unlink()
    # The wait for its next word began with the longer patience.
    executor._painter.said.put(module.Seen(executor._order.ticket, Step(1, None, None)))
    failed = run.ending()
    assert failed.kind == "crash"
    assert "said nothing" in failed.error
    assert not silent.is_running()
    monkeypatch.undo()
    assert Run(executor, SHORT, tmp_path).ending().state == "done"


def test_stop_keeps_the_step_and_the_painter(executor, tmp_path):
    run = Run(executor, LONG, tmp_path)
    until(lambda: run.step >= 1)
    before = painter(executor).pid
    run.stop()
    ended = run.ending()
    assert ended.state == "stopped"
    assert read(tmp_path / run.plan.id).steps == ended.steps > 0
    assert unfinished(read(tmp_path / run.plan.id)) is not None
    assert painter(executor).pid == before


def test_stop_ends_a_run_that_loads(executor, hold, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STOP", 0.1)
    (hold / "loading").touch()
    run = Run(executor, LONG, tmp_path)
    until(lambda: executor._order and executor._order.begun)
    run.stop()
    assert run.ending() == Ended("stopped", 0)
    (hold / "loading").unlink()
    assert Run(executor, SHORT, tmp_path).ending().state == "done"


def test_stop_ends_a_run_behind_the_warm_up_at_once(executor, hold, tmp_path):
    noted = []
    (hold / "loading").touch()
    executor.warm(plan(SHORT), lambda *seen: noted.append(seen))
    run = Run(executor, LONG, tmp_path)
    until(lambda: executor._order)
    before = painter(executor).pid
    run.stop()
    assert run.ending() == Ended("stopped", 0)
    assert noted == []
    (hold / "loading").unlink()
    assert Run(executor, SHORT, tmp_path).ending().state == "done"
    assert painter(executor).pid == before
    ((seconds, steps),) = noted
    assert seconds > 0
    assert steps == 2
    assert not (tmp_path / run.plan.id).exists()


def test_bad_input_and_divergence_are_told_apart(executor, tmp_path):
    missing = Run(executor, replace(SHORT, start="0" * 12), tmp_path)
    assert missing.ending().kind == "input"
    assert "upload it again" in missing.ending().error


def test_command_that_can_not_be_started_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(painter_process, "COMMAND", (str(tmp_path / "nothing"),))
    failed = Run(Process(), SHORT, tmp_path).ending()
    assert failed == Failed(
        "The painter could not be started (No such file or directory): try again.", "crash"
    )


def test_closing_keeps_the_run_in_flight_and_ends_the_painter(hold, tmp_path):
    executor = Process()
    run = Run(executor, LONG, tmp_path)
    until(lambda: run.step >= 1)
    last = painter(executor)
    run.stopping.set()
    executor.close()
    assert run.ending().state == "stopped"
    assert not last.is_running()
    assert read(tmp_path / run.plan.id).steps > 0
    assert Run(executor, SHORT, tmp_path).ending() == Ended("stopped", 0)  # nothing starts again
    assert os.listdir(tmp_path / run.plan.id)
