"""Bad luck and crowds: killed servers, full disks, clocks set back, many pages and many runs."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from conftest import ROOT, SERVED, serving
from helpers import finished, same, settings, size
from kept import names
from PIL import Image
from programs import program
from wait import within

from otgen.results import library
from otgen.results.saving import save
from otgen.results.store import UNFINISHED, read, record, unfinished
from otgen.run.comparison import compare
from otgen.run.plan import plan
from otgen.service.admission import LONGEST_QUEUE
from otgen.service.queue import REMEMBERED
from otgen.ui.watching import follow

TINY = settings(steps=1, cutouts=2, lanes=("ot",))
PATIENCE = 180  # seconds, on a busy machine
until = partial(within, PATIENCE)


@pytest.fixture(scope="module")
def result():
    return compare(plan(TINY))


@contextmanager
def full_disk(room: int):
    """Let no file grow beyond ``room`` bytes: writes then fail half-way, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def memory() -> float:
    """Return what this process holds, MB."""
    return psutil.Process().memory_info().rss / 1e6


@pytest.mark.parametrize("room", [0, 1_000, 40_000])  # no file, a cut picture, cut arrays
def test_full_disk_leaves_nothing_half(result, tmp_path, room):
    with full_disk(room), pytest.raises(OSError, match="large"):
        save(result, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_ends_a_run_with_a_sentence_and_the_next_one_is_saved(jobs):
    with full_disk(1_000):
        job = jobs.ask(TINY)
        until(lambda: job.status.over)
    assert job.status.state == "failed"
    assert "could not be saved" in job.status.error
    assert [size(picture) for picture in job.status.pictures] == [(128, 128)]
    assert list(jobs.store.iterdir()) == []
    again = jobs.ask(TINY)
    until(lambda: again.status.over)
    assert again.status.state == "done"


def test_read_only_store_is_read_and_ends_runs_with_a_sentence(result, jobs, monkeypatch):
    save(result, jobs.store)

    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    for name in ("mkdir", "rename", "replace", "touch", "unlink"):
        monkeypatch.setattr(Path, name, refused)
    monkeypatch.setattr("tempfile.mkdtemp", refused)
    job = jobs.ask(replace(TINY, seed=4))
    until(lambda: job.status.over)
    assert job.status.error.startswith("The pictures are made but could not be saved (Read-only")
    assert jobs.get(result.id).status.state == "done"
    assert [entry.saved.id for entry in library.entries(jobs.store)] == [result.id]
    assert library.prune(jobs.store, 0) == []
    with pytest.raises(OSError, match="Read-only"):
        library.delete(jobs.store, result.id)


def test_clock_set_back_loses_nothing_that_is_new_or_in_use(result, tmp_path):
    """What was written before the clock was set back lies in the future."""
    tomorrow = time.time() + 86400
    old = save(result._replace(id="0" * 12), tmp_path)
    (tmp_path / ".writing-x").mkdir()
    for path in (old, tmp_path / ".writing-x"):
        os.utime(path, (tomorrow, tomorrow))
    new = save(result, tmp_path)
    assert library.prune(tmp_path, 1, keep=new.name) == [old.name]
    library.sweep(tmp_path)
    assert names(tmp_path) == [".writing-x", new.name]


def test_result_deleted_while_it_is_read_is_whole_or_gone(result, tmp_path):
    folder, seen, ended = save(result, tmp_path), set(), threading.Event()
    looked = threading.Event()

    def come_and_go():
        while not ended.is_set():
            library.delete(tmp_path, result.id)
            save(result, tmp_path)
            looked.wait(1)  # it is made for longer than it is there
            looked.clear()

    def both_were_seen() -> bool:
        saved = read(folder)
        evidence = record(saved) if saved else None
        seen.update({saved is not None, evidence is not None})
        looked.set()
        assert evidence is None or same(evidence.losses, result.record.losses)
        return seen == {True, False}

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        within(PATIENCE, both_were_seen)
    finally:
        ended.set()
        thread.join()
    assert record(read(folder)) is not None


def test_fifty_pages_watch_one_run_and_twenty_more_wait_their_turn(jobs, monkeypatch):
    at_once, most = [], []

    def counted(*arguments, **named):
        at_once.append(None)
        most.append(len(at_once))
        try:
            return compare(*arguments, **named)
        finally:
            at_once.pop()

    monkeypatch.setattr("otgen.run.painting.compare", counted)
    watched = jobs.ask(settings(steps=2000, cutouts=2, lanes=("ot",)))
    until(lambda: watched.status.state == "running")
    queued = [jobs.ask(replace(TINY, seed=seed)) for seed in range(LONGEST_QUEUE)]
    assert [jobs.status(job).place for job in queued] == list(range(1, LONGEST_QUEUE + 1))
    before = memory()

    async def page(enough: asyncio.Semaphore) -> list:
        seen = []
        async for status in follow(jobs, watched):
            seen.append(status)
            if len(seen) == 3:
                enough.release()
        return seen

    async def pages() -> list:
        enough = asyncio.Semaphore(0)
        watching = asyncio.gather(*(page(enough) for _ in range(50)))
        for _ in range(50):
            await asyncio.wait_for(enough.acquire(), PATIENCE)
        jobs.stop(watched.id)
        return await watching

    for seen in finished(pages()):
        assert len(seen) > 3
        assert seen[-1].saved.id == watched.id
    within(600, lambda: all(job.status.over for job in queued))
    until(lambda: not jobs._jobs)  # nothing of them stays in memory
    assert {job.status.state for job in queued} == {"done"}
    assert max(most) == 1  # one run at a time holds the device
    after = memory()
    print(f"\nmemory of 50 pages and 21 runs: {before:.0f} MB before, {after:.0f} MB after")
    assert after - before < 300  # MB; allocators keep some


def test_two_hundred_cancelled_runs_leave_nothing_behind(jobs_in, tmp_path):
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    jobs = jobs_in(tmp_path)
    before = memory()
    blocker = jobs.ask(replace(TINY, steps=2000))
    until(lambda: blocker.status.state == "running")
    for seed in range(190):  # before they begin
        jobs.stop(jobs.ask(replace(TINY, seed=seed)).id)
    assert not jobs._queue
    assert len(jobs._jobs) <= REMEMBERED + 2
    running = [blocker]
    for seed in range(200, 210):  # while they paint
        running.append(jobs.ask(replace(TINY, seed=seed, steps=2000)))
        jobs.stop(running[-2].id)
        until(lambda job=running[-1]: job.status.state == "running")
    jobs.stop(running[-1].id)
    until(lambda: all(job.status.over for job in running))
    after = memory()
    jobs.close()
    assert names(tmp_path) == sorted(job.id for job in running)
    assert all(unfinished(read(tmp_path / job.id)) for job in running)
    assert threading.active_count() <= threads
    assert len(os.listdir("/proc/self/fd")) <= files + 1
    print(f"\nmemory of 200 cancelled runs: {before:.0f} MB before, {after:.0f} MB after")
    assert after - before < 300


# The page, whose painter keeps every step and waits at the one that a file names.
HELD = """
import sys
from otgen.service.executors import painter_process
from otgen.service.queue import Jobs
from otgen.ui.page import serve

Jobs.warm = lambda jobs: None
painter_process.COMMAND = (sys.executable, {painter!r})
serve()
"""


def test_killed_server_comes_back_with_all_results_and_goes_on(example, tmp_path):
    """SIGKILL in the middle of a run; also, a run goes on when whoever asked for it goes away."""
    store, hold, steps = tmp_path / "store", tmp_path / "hold", 8
    script, step = HELD.format(painter=str(ROOT / "tests" / "held_painter.py")), hold / "step"
    hold.mkdir()
    # As this process: the picture is compared with one painted here, to the byte.
    more = {"OTGEN_PRECISION": os.environ["OTGEN_PRECISION"], "PYTHONPATH": str(ROOT)}
    more |= {"GRADIO_ANALYTICS_ENABLED": "False", "OTGEN_HOLD": str(hold)}
    asked = {"prompts": "a cat :3 | a castle", "generator": "vqgan-mini", "cutouts": 4}
    with serving(["-c", script], tmp_path, example, **more) as server:
        client = program(server.address)
        step.write_text("2")
        left = client.submit(**asked, steps=3, seed=1, api_name="/compare")
        finished = until(lambda: left.outputs() and left.outputs()[0]["run"])
        left.cancel()  # nobody watches any more
        client.close()
        step.unlink()
        until(lambda: (result := read(store / finished)) and result.complete)
        step.write_text("4")
        client = program(server.address)
        job = client.submit(**asked, steps=steps, seed=2, api_name="/compare")
        run = until(lambda: job.outputs() and job.outputs()[0]["run"])
        until(lambda: (result := read(store / run)) and result.steps == 3)
        killed_with = psutil.Process(server.process.pid).children()
        for process in (*killed_with, server.process):  # as where the machine goes down
            process.send_signal(signal.SIGKILL)
        server.process.wait()
        client.close()
    step.unlink()
    assert read(store / finished).complete
    killed = read(store / run)
    assert (killed.folder / UNFINISHED).exists()
    assert 0 < killed.steps < steps
    with serving(SERVED, tmp_path, example, **more) as server:
        client = program(server.address)
        assert client.predict(finished, api_name="/status")["state"] == "done"
        assert client.predict(run, api_name="/status")["state"] == "stopped"
        assert client.predict(run, api_name="/result")["result"]["steps"] == killed.steps
        job = client.submit(**asked, steps=steps, seed=2, api_name="/compare")
        assert job.result(timeout=PATIENCE)["result"]["complete"]
        assert all(news["step"] >= killed.steps for news in job.outputs() if news["step"])
        client.close()
    whole = compare(plan(settings(steps=steps, cutouts=4, seed=2)))
    assert whole.id == run
    with Image.open(store / run / "ot.png") as picture:
        assert same(np.asarray(picture), whole.pictures[0])


@pytest.fixture
def as_in_a_terminal():
    """Let processes that are started hear SIGINT: those of a script's background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_server_that_is_ended_keeps_its_run_and_ends_its_painter(
    example, tmp_path, number, as_in_a_terminal
):
    with serving(SERVED, tmp_path, example) as server:
        client = program(server.address)
        asked = {"prompts": "a cat | a castle", "generator": "vqgan-mini", "cutouts": 4}
        job = client.submit(**asked, steps=2000, seed=3, api_name="/compare")
        until(lambda: [news for news in job.outputs() if news["step"] > 1])
        run = job.outputs()[0]["run"]
        (painter,) = psutil.Process(server.process.pid).children()
        server.process.send_signal(number)
        server.process.wait(timeout=PATIENCE)
        client.close()
    assert not painter.is_running()
    assert read(tmp_path / "store" / run).steps > 1
    assert unfinished(read(tmp_path / "store" / run)) is not None
