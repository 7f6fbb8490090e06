"""Painting on a Ray cluster of two machines, which are processes here, with a worker each."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from helpers import same
from PIL import Image
from ray_nodes import Nodes, nodes
from run_thread import PATIENCE, SHORT, Run, until

from otgen.recipe.prompts import InputError
from otgen.results import uploads
from otgen.results.store import read
from otgen.run.comparison import compare
from otgen.run.events import Ended, Preview, Step
from otgen.run.plan import plan
from otgen.service import executors
from otgen.service.executors import ray_connection, ray_pool, ray_run
from otgen.service.executors.ray_cluster import RayCluster
from otgen.study.driver import Driver, Progress, missing

TESTS = Path(__file__).resolve().parents[2]
LONG = replace(SHORT, steps=2000)


@pytest.fixture(scope="module")
def hold(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("hold")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> Path:
    """The cache of the cluster's machines, which is not the page's."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def cluster(hold, elsewhere) -> Iterator[Nodes]:
    with nodes(OTGEN_HOLD=str(hold), OTGEN_CACHE=str(elsewhere)) as started:
        yield started


@pytest.fixture(scope="module")
def painting(cluster) -> Iterator[RayCluster]:
    """One executor, whose workers wait and die as files in ``hold`` say."""
    from held_worker import HeldWorker

    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ENABLE_AUTO_CONNECT", "0")
        patch.setenv("OTGEN_EXECUTOR", "ray")
        patch.setenv("OTGEN_RAY_ADDRESS", cluster.address)
        patch.setenv("PYTHONPATH", str(TESTS), prepend=os.pathsep)
        patch.setattr(ray_pool, "WORKER", HeldWorker)
        executor = executors.chosen()
        yield executor
        executor.close()
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def executor(painting, hold) -> Iterator[RayCluster]:
    yield painting
    for file in hold.iterdir():
        file.unlink()


def at_work(executor: RayCluster) -> list[ray_pool.Painter]:
    """Return the workers that do not rest."""
    pool = executor._pool
    return [painter for painter in pool._all if painter not in pool._resting]


def busy(executor: RayCluster) -> list[psutil.Process]:
    """Return the processes of the workers that do not rest."""
    asked = [painter.actor.pid.remote() for painter in at_work(executor)]
    return list(map(psutil.Process, executor._ray.get(asked)))


def here(run: Run) -> np.ndarray:
    """Paint a run in this process, with the one thread that a worker with a CPU has."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return compare(run.plan).pictures[0]
    finally:
        torch.set_num_threads(threads)


def painted(run: Run, store: Path) -> np.ndarray:
    with Image.open(store / run.plan.id / "ot.png") as picture:
        return np.asarray(picture)


def test_two_runs_are_painted_at_once_as_this_process_would(executor, hold, tmp_path):
    assert executor.slots == 2
    chosen = [replace(SHORT, seed=seed) for seed in (1, 2)]
    for asked in chosen:
        (hold / str(asked.seed)).write_text("1")
    runs = [Run(executor, asked, tmp_path) for asked in chosen]
    until(lambda: [run.step for run in runs] == [1, 1])  # each waits there, begun, not over
    assert len({process.pid for process in busy(executor)}) == 2
    for asked in chosen:
        (hold / str(asked.seed)).unlink()
    for run in runs:
        ended = run.ending()
        assert (ended.state, ended.steps, ended.notes) == ("done", 2, ())
        assert [event.step for event in run.seen if isinstance(event, Step)] == [0, 1, 2]
        assert same(painted(run, tmp_path), here(run))
    assert executor.machine().device == "cpu"
    assert executor.machine().speed > 0
    assert {path.name for path in tmp_path.iterdir()} <= {".locks", *(r.plan.id for r in runs)}


def test_run_of_a_killed_worker_goes_on_from_its_checkpoint(executor, hold, tmp_path):
    chosen = replace(SHORT, steps=6)
    (hold / str(chosen.seed)).write_text("3")
    run = Run(executor, chosen, tmp_path)
    until(lambda: run.step == 3)
    (dead,) = busy(executor)
    aside = tmp_path / f"{at_work(executor)[0].about.aside}left"
    aside.mkdir()  # as a worker that is killed in a save leaves it
    (hold / str(chosen.seed)).unlink()
    dead.suspend()  # so that it is killed before its next step
    dead.kill()
    assert run.ending().state == "done"
    steps = [event.step for event in run.seen if isinstance(event, Step)]
    assert steps[:5] == [0, 1, 2, 3, 2]
    assert steps[-1] == 6
    shown = [event.step for event in run.seen if isinstance(event, Preview)]
    assert shown == sorted(set(shown))
    assert same(painted(run, tmp_path), here(run))
    assert not dead.is_running()
    assert not aside.exists()


def test_results_come_by_an_address_and_survive_a_killed_worker(
    executor, hold, tmp_path, monkeypatch
):
    """The worker never sees the page's store: it goes by its own folder and by the address."""
    store, there = tmp_path / "store", tmp_path / "there"
    monkeypatch.setattr(executor, "_address", there.as_uri())
    chosen = replace(SHORT, steps=6)
    (hold / str(chosen.seed)).write_text("3")
    run = Run(executor, chosen, store)
    until(lambda: run.step == 3 and read(store / run.plan.id).steps == 2)
    assert [file.name for file in there.rglob("*.*")] == [f"{run.plan.id}.zip"]
    (dead,) = busy(executor)
    dead.suspend()
    (hold / str(chosen.seed)).unlink()
    dead.kill()
    assert run.ending().state == "done"
    steps = [event.step for event in run.seen if isinstance(event, Step)]
    assert steps[:5] == [0, 1, 2, 3, 2]
    assert read(store / run.plan.id).complete
    assert same(painted(run, store), here(run))
    assert list(there.rglob("*.*")) == []  # what was brought is removed


def test_address_that_workers_do_not_share_is_told(executor, tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "_address", "memory://of-each-process")
    failed = Run(executor, SHORT, tmp_path).ending()
    assert failed.kind == "store"
    assert f"on {socket.gethostname()} can't leave results" in failed.error
    assert "OTGEN_RAY_STORE" in failed.error
    assert at_work(executor) == []


def test_run_of_a_lost_machine_goes_on_elsewhere(executor, cluster, hold, tmp_path):
    """The machine that is left is full: the worker that rests there takes the run."""
    chosen = [replace(SHORT, seed=seed, steps=4) for seed in (4, 5)]
    for asked in chosen:
        (hold / str(asked.seed)).write_text("3")
    runs = [Run(executor, asked, tmp_path) for asked in chosen]
    until(lambda: [run.step for run in runs] == [3, 3])
    cluster.lose()
    try:
        for asked in chosen:
            (hold / str(asked.seed)).unlink()
        assert [run.ending().state for run in runs] == ["done", "done"]
        assert all(same(painted(run, tmp_path), here(run)) for run in runs)
    finally:
        cluster.gain()


def test_study_outlives_a_killed_worker(executor, hold, tmp_path):
    """Both workers paint at once; one is killed in its run, which goes on from its checkpoint."""
    plans = [plan(replace(SHORT, seed=seed, steps=4)) for seed in (31, 32, 33)]
    for seed in ("31", "32"):
        (hold / seed).write_text("2")
    seen: list[Progress] = []
    driver = Driver(plans, tmp_path, [executor], seen.append)
    study = threading.Thread(target=driver.run, daemon=True)
    study.start()
    until(lambda: {one.plan.id for one in seen if one.step == 2} == {p.id for p in plans[:2]})
    dead = busy(executor)[0]
    dead.suspend()
    for seed in ("31", "32"):
        (hold / seed).unlink()
    dead.kill()
    study.join(PATIENCE)
    assert not study.is_alive()
    assert driver.failed == {}
    assert missing(plans, tmp_path) == []
    assert {read(tmp_path / one.id).steps for one in plans} == {4}


def test_workers_that_die_again_and_again_fail_the_run(executor, hold, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_run, "TRIES", 2)
    (hold / "crash").touch()
    failed = Run(executor, SHORT, tmp_path).ending()
    assert failed.kind == "crash"
    assert failed.error.startswith("2 workers of the Ray cluster died in this run")


def test_stop_keeps_the_step_and_the_worker(executor, tmp_path):
    run = Run(executor, LONG, tmp_path)
    until(lambda: run.step >= 1)
    before = busy(executor)
    run.stop()
    ended = run.ending()
    assert ended.state == "stopped"
    assert read(tmp_path / run.plan.id).steps == ended.steps > 0
    assert before[0].is_running()


def test_stop_ends_a_run_that_loads(executor, hold, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_run, "STOP", 0.1)
    (hold / "loading").touch()
    run = Run(executor, LONG, tmp_path)
    until(lambda: busy(executor))
    run.stop()
    assert run.ending() == Ended("stopped", 0)
    assert not (tmp_path / run.plan.id).exists()


def test_silent_worker_is_ended(executor, hold, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_run, "TRIES", 1)
    monkeypatch.setattr(ray_run, "SILENCE", 0.5)
    (hold / "loading").touch()
    failed = Run(executor, SHORT, tmp_path).ending()
    assert failed.kind == "crash"
    assert busy(executor) == []


def test_picture_to_start_from_comes_along(executor, elsewhere, tmp_path, monkeypatch):
    monkeypatch.setenv("OTGEN_CACHE", str(tmp_path / "cache"))
    Image.new("RGB", (128, 128), "teal").save(tmp_path / "teal.png")
    name = uploads.keep(tmp_path / "teal.png")
    run = Run(executor, replace(SHORT, start=name), tmp_path / "store")
    assert run.ending().state == "done"
    assert (elsewhere / "starts" / f"{name}.png").read_bytes() == uploads.file(name).read_bytes()
    assert same(painted(run, tmp_path / "store"), here(run))


def test_bad_input_is_told(executor, tmp_path):
    failed = Run(executor, replace(SHORT, start="0" * 12), tmp_path).ending()
    assert failed.kind == "input"
    assert "upload it again" in failed.error


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs a path that differs")
def test_store_that_a_worker_does_not_see_is_told(executor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed = Run(executor, SHORT, Path("/proc/self/cwd")).ending()
    assert failed.kind == "store"
    assert "OTGEN_STORE" in failed.error
    assert socket.gethostname() in failed.error


def test_store_that_can_not_be_written_is_told(executor, tmp_path):
    (tmp_path / "file").touch()
    failed = Run(executor, SHORT, tmp_path / "file" / "store").ending()
    assert failed.kind == "store"
    assert "can't be written to (Not a directory)" in failed.error
    assert at_work(executor) == []  # the worker is well, and rests


def test_warm_up_is_noted_and_its_worker_kept(executor, tmp_path):
    noted, over = [], threading.Event()
    executor.warm(plan(SHORT), lambda *seen: (noted.append(seen), over.set()))
    assert over.wait(PATIENCE)
    ((seconds, steps),) = noted
    assert seconds > 0
    assert steps == 2
    until(lambda: busy(executor) == [])


def test_page_loads_no_torch_and_leaves_nothing_behind(cluster, hold, tmp_path, painting):
    """While another page has a worker of its own: one place is left."""
    for painter in list(painting._pool._resting):
        painting._pool.end(painter)
    said = subprocess.run(
        [sys.executable, str(TESTS / "ray_page.py"), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": f"{TESTS.parent}{os.pathsep}{os.environ['PYTHONPATH']}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert said.returncode == 0, said.stderr[-2000:]
    report = json.loads(said.stdout.splitlines()[-1])
    (state, steps), again = report["ends"]
    assert report["loaded"] == []
    assert state == "stopped"
    assert steps > 0
    assert again == ["stopped", steps]
    assert report["pids"]
    until(lambda: not any(map(psutil.pid_exists, report["pids"])))
    (kept,) = (path for path in tmp_path.iterdir() if path.name != ".locks")
    assert read(kept).steps == steps


@pytest.mark.parametrize(
    ("slots", "cpus", "gpus", "said"),
    [
        (3, 1, None, "OTGEN_RAY_SLOTS is 3"),
        (None, 2, None, "no machine of the Ray cluster has so many"),
        (None, 1, 1, "lower OTGEN_RAY_CPUS or OTGEN_RAY_GPUS"),
    ],
)
def test_numbers_that_the_cluster_has_not_are_a_sentence(painting, slots, cpus, gpus, said):
    with pytest.raises(InputError, match=said):
        ray_connection._fitting(painting._ray, slots, cpus, gpus)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTGEN_RAY_CPUS", "0"),
        ("OTGEN_RAY_GPUS", "-1"),
        ("OTGEN_RAY_SLOTS", "many"),
        ("OTGEN_RAY_ADDRESS", "here"),
    ],
)
def test_variable_that_can_not_be_meant_is_a_sentence(monkeypatch, name, value):
    monkeypatch.setenv("OTGEN_EXECUTOR", "ray")
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=f"{name} is “{value}”; allowed"):
        executors.chosen()


def test_address_of_ray_client_says_what_to_use(monkeypatch):
    monkeypatch.setenv("OTGEN_EXECUTOR", "ray")
    monkeypatch.setenv("OTGEN_RAY_ADDRESS", "ray://here:10001")
    with pytest.raises(InputError, match=r"“ray://here:10001”.* and give host:6379"):
        executors.chosen()


def test_address_where_no_cluster_is_is_a_sentence(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("OTGEN_EXECUTOR", "ray")
    monkeypatch.setenv("OTGEN_RAY_ADDRESS", address)
    with pytest.raises(InputError, match=f"No Ray cluster .* at {address}"):
        executors.chosen()


def test_address_of_something_else_is_a_sentence_in_bounded_time():
    """The page's process then ends, so it is one of its own here."""
    program = (
        "from otgen.service.executors import chosen, ray_connection; ray_connection.JOINED = 1.0; "
        "chosen()"
    )
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        said = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"OTGEN_EXECUTOR": "ray", "OTGEN_RAY_ADDRESS": address},
            cwd=TESTS.parent,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert said.returncode == 1
    assert f"InputError: No Ray cluster that this machine belongs to was found at {address}" in (
        said.stderr.splitlines()[-1].replace("otgen.recipe.prompts.", "")
    )


def test_missing_package_is_a_sentence(monkeypatch):
    monkeypatch.setenv("OTGEN_EXECUTOR", "ray")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"install -r requirements-ray\.txt"):
        executors.chosen()
