"""Runs in flight: real short runs on the real worker."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from helpers import same, size
from kept import names
from PIL import Image
from wait import within

from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings
from otgen.results import library
from otgen.results.saving import save
from otgen.results.store import UNFINISHED, read, unfinished
from otgen.run import painting
from otgen.run.comparison import compare
from otgen.run.plan import plan
from otgen.service import admission
from otgen.service import queue as module
from otgen.service.admission import QueueFull

SHORT = Settings((Prompt("a cat"), Prompt("a castle")), "vqgan-mini", steps=2, cutouts=4)
LONG = replace(SHORT, steps=2000)  # never ends by itself in a test
PATIENCE = 120  # seconds, on a busy machine
until = partial(within, PATIENCE)


def test_run_ends_with_its_result_on_disk(jobs):
    job = jobs.ask(SHORT)
    until(lambda: job.status.over)
    status = job.status
    assert (status.state, status.step, status.error) == ("done", 2, "")
    assert status.saved == read(jobs.store / job.id)
    assert status.saved.settings == SHORT
    assert [size(picture) for picture in status.pictures] == [(128, 128)] * 2
    assert status.counts.sum(-1).tolist() == [4, 4]
    with Image.open(status.saved.folder / "ot.png") as picture:
        assert job.id in picture.info["otgen"]


def test_previews_appear_while_it_runs_and_stop_keeps_the_picture(jobs):
    job = jobs.ask(LONG)
    seen = until(
        lambda: job.status if job.status.pictures is not None and job.status.step > 1 else None
    )
    assert seen.state == "running"
    assert seen.speed > 0
    assert seen.left > 0
    assert jobs.in_flight() == {job.id}
    jobs.stop(job.id)
    until(lambda: job.status.over and not jobs.in_flight())
    assert job.status.state == "stopped"
    saved = read(jobs.store / job.id)
    assert not saved.complete
    assert saved.steps == job.status.step < 2000
    assert (saved.folder / "mean.png").is_file()


def test_previews_are_not_made_at_every_step(jobs, monkeypatch):
    monkeypatch.setattr("otgen.run.painting.GLANCE", 3600.0)
    made, encoded = [], painting._preview
    monkeypatch.setattr(
        "otgen.run.painting._preview",
        lambda snapshot, **how: made.append(snapshot) or encoded(snapshot, **how),
    )
    job = jobs.ask(replace(SHORT, steps=4, seed=5))
    until(lambda: job.status.over)
    assert [snapshot.step for snapshot in made] == [0, 4]


def test_same_recipe_at_the_same_moment_runs_once(jobs):
    blocker = jobs.ask(LONG)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(jobs.ask(SHORT))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len({id(job) for job in answers}) == 1
    assert jobs.status(answers[0]).place == 1
    jobs.stop(blocker.id)


def test_result_in_the_store_is_not_run_again(jobs, jobs_in):
    first = jobs.ask(SHORT)
    until(lambda: first.status.over)
    made = (first.status.saved.folder / "result.json").stat().st_mtime_ns
    again = jobs_in(jobs.store).ask(SHORT)
    assert again.status.state == "done"  # at once, without the worker
    assert (again.status.saved.folder / "result.json").stat().st_mtime_ns == made


def test_stopped_run_goes_on_when_asked_for_again(jobs, jobs_in):
    chosen = replace(SHORT, steps=30)
    whole = compare(plan(chosen))
    job = jobs.ask(chosen)
    until(lambda: job.status.step >= 3)
    jobs.stop(job.id)
    until(lambda: job.status.over)
    stopped = job.status.saved
    assert 3 <= stopped.steps < 30
    again = jobs_in(jobs.store).ask(chosen)  # a server that starts later
    assert (again.id, again.status.over) == (job.id, False)
    first = until(lambda: again.status.state == "running" and again.status.step)
    assert first >= stopped.steps
    until(lambda: again.status.over)
    assert again.status.state == "done"
    folder = again.status.saved.folder
    assert not list(folder.rglob(UNFINISHED))
    with Image.open(folder / "ot.png") as picture:
        assert same(np.asarray(picture), whole.pictures[0])


def test_run_in_flight_is_on_disk_now_and_then(jobs, monkeypatch):
    monkeypatch.setattr("otgen.run.painting.KEEP", 0.0)
    monkeypatch.setattr("otgen.run.painting.KEEP_PART", 1.0)
    job = jobs.ask(LONG)
    first = until(lambda: read(jobs.store / job.id))
    # A later one takes its place at a single moment: at no other is there none.
    until(lambda: read(jobs.store / job.id).steps > first.steps)
    assert not job.status.over
    assert not first.complete
    jobs.stop(job.id)
    until(lambda: job.status.over)
    assert unfinished(read(jobs.store / job.id)) is not None


def test_saves_on_the_way_that_fail_do_not_end_the_run(jobs, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    def on_the_way(result, store):
        return save(result, store) if result.complete else full()

    monkeypatch.setattr("otgen.run.painting.KEEP", 0.0)
    monkeypatch.setattr("otgen.run.painting.save", on_the_way)
    job = jobs.ask(replace(SHORT, steps=8))
    until(lambda: job.status.over)
    assert "not saved" in caplog.text
    assert job.status.state == "done"
    assert read(jobs.store / job.id).complete


def test_deleted_result_is_gone_and_made_anew(jobs):
    job = jobs.ask(SHORT)
    until(lambda: job.status.over and not jobs._jobs)
    assert library.delete(jobs.store, job.id)
    assert jobs.get(job.id) is None
    again = jobs.ask(SHORT)
    until(lambda: again.status.over)
    assert read(jobs.store / job.id).complete


def test_oldest_result_goes_when_the_room_is_used_up(jobs_in, tmp_path):
    jobs = jobs_in(tmp_path, limit=1)
    for seed in (1, 2):
        job = jobs.ask(replace(SHORT, seed=seed))
        until(lambda job=job: job.status.over and not jobs._jobs)
    jobs.close()
    assert names(tmp_path) == [job.id]


def test_two_servers_on_one_store_end_with_one_whole_result(jobs_in, tmp_path):
    servers = [jobs_in(tmp_path) for _ in range(2)]
    runs = [server.ask(SHORT) for server in servers]
    for run in runs:
        until(lambda run=run: run.status.over)
        assert run.status.state == "done"
        assert run.status.saved.complete
    later = servers[0].ask(replace(SHORT, seed=8))
    until(lambda: later.status.over)
    assert servers[1].get(later.id).status.state == "done"
    assert servers[1].ask(replace(SHORT, seed=8)).status.state == "done"
    assert names(tmp_path) == sorted({runs[0].id, later.id})


def test_result_that_another_server_made_meanwhile_is_not_made_again(jobs, monkeypatch):
    blocker = jobs.ask(LONG)
    until(lambda: blocker.status.state == "running")
    waiting = jobs.ask(SHORT)
    save(compare(plan(SHORT)), jobs.store)
    monkeypatch.setattr("otgen.run.painting.compare", None)  # nothing can be painted from now on
    jobs.stop(blocker.id)
    until(lambda: waiting.status.over)
    assert waiting.status.state == "done"
    assert waiting.status.saved.complete


def test_queue_is_first_come_first_served_and_bounded(jobs, monkeypatch):
    monkeypatch.setattr(admission, "LONGEST_QUEUE", 2)
    running = jobs.ask(LONG)
    until(lambda: running.status.state == "running")
    second, third = (jobs.ask(replace(SHORT, seed=seed)) for seed in (1, 2))
    assert (jobs.status(second).place, jobs.status(third).place) == (1, 2)
    with pytest.raises(QueueFull, match="2 runs are waiting"):
        jobs.ask(replace(SHORT, seed=3))
    jobs.stop(second.id)
    assert second.status.state == "stopped"
    assert jobs.status(third).place == 1
    until(lambda: jobs.status(third).wait is not None)
    jobs.stop(running.id)
    until(lambda: third.status.over)
    assert third.status.state == "done"


def test_run_behind_the_warm_up_is_not_said_to_queue(jobs, monkeypatch):
    ready, begun = threading.Event(), threading.Event()

    def warmed(plan):
        begun.set()
        ready.wait(PATIENCE)
        return 1.0, 2

    monkeypatch.setattr("otgen.run.painting.warmed", warmed)
    jobs.warm()
    assert begun.wait(PATIENCE)
    job = jobs.ask(SHORT)
    until(lambda: job.status.state == "loading")
    ready.set()
    until(lambda: job.status.over)
    assert jobs.cost.pace.of(plan(module._WARM_UP)) == 0.25  # 1 s, 2 steps, 2 lanes


def test_bad_input_is_refused_before_it_queues(jobs):
    with pytest.raises(InputError, match="zeppelin"):
        jobs.ask(replace(SHORT, prompts=(Prompt("a zeppelin"),)))
    with pytest.raises(InputError, match="no prompt"):
        jobs.ask(replace(SHORT, prompts=()))
    with pytest.raises(InputError, match="picture 0123456789ab is not on this machine"):
        jobs.ask(replace(SHORT, prompts=(Prompt("[picture 0123456789ab]"),)))
    assert not jobs._queue


def test_failure_is_one_sentence_and_the_worker_goes_on(jobs, monkeypatch):
    def broken(*_):
        raise RuntimeError("/secret/path")

    with monkeypatch.context() as patch:
        patch.setattr("otgen.run.painting.compare", broken)
        failed = jobs.ask(SHORT)
        until(lambda: failed.status.over)
    assert failed.status.state == "failed"
    assert "secret" not in failed.status.error
    sound = jobs.ask(replace(SHORT, seed=9))
    until(lambda: sound.status.over)
    assert sound.status.state == "done"


def test_disk_that_takes_nothing_leaves_the_pictures(jobs, tmp_path):
    (tmp_path / "store").write_text("a file where the folder should be")
    job = jobs.ask(SHORT)
    until(lambda: job.status.over)
    assert job.status.state == "failed"
    assert "could not be saved" in job.status.error
    assert [size(picture) for picture in job.status.pictures] == [(128, 128)] * 2


@pytest.mark.parametrize("id", ["", "../../etc/passwd", "0" * 10_000, "ABCDEF012345", "０" * 12])
def test_ids_that_are_none_find_nothing(jobs, id):
    assert jobs.find(id) is None
    assert jobs.get(id) is None


def test_few_finished_runs_are_remembered(jobs, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 1)
    blocker = jobs.ask(LONG)
    until(lambda: blocker.status.state == "running")
    stopped = []
    for seed in range(4):
        stopped.append(jobs.ask(replace(SHORT, seed=seed)))
        jobs.stop(stopped[-1].id)
    # The one that runs, one that is over, and the last asked for.
    assert list(jobs._jobs) == [blocker.id, *(job.id for job in stopped[-2:])]


def test_half_a_result_is_no_result(tmp_path):
    assert read(tmp_path) is None
    (tmp_path / "result.json").write_text('{"id": "0"')
    assert read(tmp_path) is None
    (tmp_path / "result.json").write_text(
        '{"id": "0", "settings": {"prompts": [], "lanes": ["ot"]}}'
    )
    assert read(tmp_path) is None


def test_closing_leaves_no_thread(jobs):
    job = jobs.ask(LONG)
    until(lambda: job.status.state == "running")
    jobs.close()
    assert job.status.state == "stopped"
    assert not any(worker.is_alive() for worker in jobs._workers)
