"""How long a run takes, from runs of its kind."""

from __future__ import annotations

import pytest
from helpers import settings

from otgen.recipe.experiments import dial, ladder
from otgen.run.plan import plan
from otgen.service.job import Job, Status
from otgen.service.pace import Pace
from otgen.service.series import Series
from otgen.ui.experiment_grid import offer


def test_time_follows_steps_and_lanes_of_runs_of_the_same_kind():
    pace, run = Pace(), plan(settings(steps=10))
    assert pace.seconds(run) is None
    pace.note(run, 6.0, 10)
    assert pace.seconds(run) == pytest.approx(6)
    assert pace.seconds(plan(settings(steps=40, lanes=("ot",)))) == pytest.approx(12)
    assert pace.seconds(plan(settings(cutouts=64))) is None


def test_time_of_another_kind_is_guessed_from_the_painter_s_last():
    pace = Pace()
    assert pace.guess(plan(settings(steps=10))) is None
    pace.note(plan(settings(steps=10)), 6.0, 10)  # of 6 cutouts
    assert pace.guess(plan(settings(steps=10))) == pytest.approx(6)
    assert pace.guess(plan(settings(steps=10, cutouts=12))) == pytest.approx(12)
    assert pace.guess(plan(settings(steps=10, cutouts=3))) == pytest.approx(6)  # at most as fast
    assert pace.guess(plan(settings(generator="storybook"))) is None


def test_few_kinds_are_remembered():
    pace = Pace()
    for cutouts in range(2, 252):
        pace.note(plan(settings(cutouts=cutouts)), 1.0, 1)
    assert len(pace._seen) == 100
    assert pace.of(plan(settings(cutouts=251)))


@pytest.mark.parametrize(("kind", "steps"), [("ladder", ladder), ("dial", dial)])
def test_offer_counts_what_is_left_in_seconds_where_the_pace_is_known(kind, steps):
    asked = settings(steps=100)
    made = steps(asked)
    series = Series(kind, asked, made, tuple(plan(step.settings) for step in made))
    pace = Pace()
    unknown = {"ladder": "3 runs, about 2 times", "dial": "One run, about 2.5 times"}
    assert offer(series, pace).startswith(unknown[kind])
    pace.note(plan(asked), 1.0, 10)  # 0.05 s a step and lane
    known = {"ladder": "3 runs, about 20 s on", "dial": "One run, about 25 s on"}
    assert offer(series, pace).startswith(known[kind])
    series.jobs[0] = Job("0" * 12, made[0].settings, Status("done"))
    left = {"ladder": "2 runs, about 15 s on", "dial": "Painted already: opens at once."}
    assert offer(series, pace).startswith(left[kind])
