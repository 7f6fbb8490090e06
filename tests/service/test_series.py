"""Experiments in flight on real short runs."""

from __future__ import annotations

from functools import partial

import pytest
from helpers import settings
from wait import within

from otgen.recipe.prompts import InputError, Prompt
from otgen.service import series as module
from otgen.service.queue import QueueFull
from otgen.service.series import SeriesOf

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
