"""Experiments in flight on real short runs."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

import pytest
from helpers import settings
from wait import within

from otgen.guidance.loop import Diverged
from otgen.recipe.prompts import InputError, Prompt
from otgen.run import comparison, painting
from otgen.service import series as module
from otgen.service.executors import Inline
from otgen.service.queue import QueueFull
from otgen.service.series import SeriesOf
from otgen.ui.experiment_grid import grid
from otgen.ui.stage import ending

until = partial(within, 240)  # seconds, on a busy machine


def test_ladder_is_painted_run_by_run_and_costs_nothing_the_second_time(jobs):
    made = SeriesOf(jobs)
    series = made.ask("ladder", settings(lanes=("mean",)))
    assert series is made.ask("ladder", settings())  # the one in flight; its lanes are its own
    until(lambda: series.over)
    assert series.error == ""
    assert series.complete
    assert [job.id for job in series.jobs] == list(series.ids)
    assert len(list(jobs.store.glob("*/result.json"))) == 3
    before = {file: file.stat().st_mtime_ns for file in jobs.store.glob("*/result.json")}
    again = SeriesOf(jobs).ask("ladder", settings())
    assert again.over
    assert again.complete
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_stop_ends_the_run_in_flight_and_asks_for_no_other(jobs):
    made = SeriesOf(jobs)
    series = made.ask("ladder", settings(steps=500))
    until(lambda: series.jobs[0] and series.jobs[0].status.step)
    made.stop("ladder", series.ids)
    until(lambda: series.over)
    assert series.jobs[0].status.state == "stopped"
    assert series.jobs[1] is None
    assert not series.complete
    found = made.find("ladder", settings(steps=500))
    assert found.over
    assert found.jobs[0].status.saved  # what was painted is there


class Paired(Inline):
    """Paints where two runs are there at once."""

    slots = 2

    def __init__(self) -> None:
        super().__init__()
        self._both = threading.Barrier(2, timeout=60)

    def run(self, *given) -> None:
        self._both.wait()
        super().run(*given)


def test_runs_are_asked_for_at_once_where_there_is_room(jobs_in, tmp_path):
    series = SeriesOf(jobs_in(tmp_path, Paired())).ask("seeds-4", settings(steps=1))
    until(lambda: series.over)
    assert series.error == ""
    assert series.complete
    assert [job.settings.seed for job in series.jobs] == [
        step.settings.seed for step in series.steps
    ]


def test_stop_ends_all_runs_in_flight(jobs_in, tmp_path):
    made = SeriesOf(jobs_in(tmp_path, Paired()))
    stopped = made.ask("seeds-4", settings(steps=500))
    until(lambda: all(stopped.jobs[:2]))
    made.stop("seeds-4", stopped.ids)
    until(lambda: stopped.over)
    assert [job and job.status.state for job in stopped.jobs] == ["stopped"] * 2 + [None] * 2
    assert stopped.error == ""


def test_full_queue_is_asked_again(jobs, monkeypatch):
    monkeypatch.setattr(module, "AGAIN", 0.01)
    ask, refused = jobs.ask, []

    def busy(asked):
        if len(refused) < 3:
            refused.append(asked)
            raise QueueFull("20 runs are waiting already")
        return ask(asked)

    monkeypatch.setattr(jobs, "ask", busy)
    series = SeriesOf(jobs).ask("dial", settings(steps=1))
    until(lambda: series.over)
    assert len(refused) == 3
    assert series.complete
    assert series.jobs[0].settings.lanes[0] == "ot@0.01"


def test_only_so_many_fly_at_once(jobs, monkeypatch):
    monkeypatch.setattr(module, "MOST", 1)
    made = SeriesOf(jobs)
    first = made.ask("dial", settings(steps=500))
    with pytest.raises(QueueFull, match="try again"):
        made.ask("dial", settings(steps=501))
    made.stop("dial", first.ids)
    until(lambda: first.over)


@pytest.mark.parametrize(
    "changes", [{"prompts": (Prompt("a cat"),)}, {"prompts": (Prompt("a dragon"),) * 2}]
)
def test_bad_settings_are_refused_before_anything_flies(jobs, changes):
    with pytest.raises(InputError):
        SeriesOf(jobs).ask("ladder", settings(**changes))


@pytest.fixture
def astray(monkeypatch):
    """Let runs of two prompts paint with steps that are no number."""
    adapted = comparison.adapted

    def adapt(planned, start):
        generator = adapted(planned, start)
        diverges = len(planned.texts) == 2
        return replace(generator, rate=float("nan")) if diverges else generator

    monkeypatch.setattr(comparison, "adapted", adapt)


def test_ladder_goes_on_past_a_run_that_diverges_and_does_not_repeat_it(jobs, astray):
    prompts = tuple(Prompt(text) for text in ("a cat", "a castle", "a tree"))
    made = SeriesOf(jobs)
    series = made.ask("ladder", settings(prompts=prompts))
    until(lambda: series.over)
    states = ["done", "done", "done", "diverged", "done"]
    assert [job.status.state for job in series.jobs] == states
    assert series.error == ""
    assert series.complete
    html = grid(series, [job.status for job in series.jobs])
    assert "Prompts 1 + 2 diverged. The loss or its gradient is not a finite number" in html
    assert "(diverged after step 0)" in html
    again = made.ask("ladder", settings(prompts=prompts))
    assert again.over
    assert [job.status.state for job in again.jobs] == states


def test_run_that_diverged_is_found_and_not_run_again(jobs, astray, monkeypatch):
    job = jobs.ask(settings())
    until(lambda: job.status.over)
    assert (job.status.state, job.status.step) == ("diverged", 0)
    assert job.status.saved.diverged == job.status.error
    assert "try" in job.status.error

    def again(*_, **__):
        raise AssertionError("it would diverge again")

    monkeypatch.setattr(painting, "compare", again)
    for found in (jobs.ask(settings()), jobs.get(job.id)):
        assert found.status.over
        assert (found.status.state, found.status.error) == ("diverged", job.status.error)
    line = ending(job.id, job.status)
    assert "Diverged after step 0 of 2" in line
    assert job.status.error in line
    assert "Continue" not in line
    assert "Stopped" not in line


def test_run_that_diverges_at_once_says_so(jobs, monkeypatch):
    def diverges(*_, **__):
        raise Diverged("The loss is not a finite number at step 0 of 2: try another seed.")

    monkeypatch.setattr(painting, "compare", diverges)
    job = jobs.ask(settings())
    until(lambda: job.status.over)
    assert (job.status.state, job.status.saved) == ("diverged", None)
    assert "try another seed" in ending(job.id, job.status)
