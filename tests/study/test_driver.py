"""What is painted, what is not painted again, and what happens to runs that fail."""

from __future__ import annotations

import threading
from pathlib import Path

from helpers import settings

from otgen.run.events import Ended, Failed, Step
from otgen.run.plan import plan
from otgen.service.executors.inline import Inline
from otgen.study.driver import IN_A_ROW, Driver, Progress, missing


class Scripted(Inline):
    """Ends runs as it is told, by their seeds; the others are painted.

    Args:
        slots: runs at once, all of which have to be there before one goes on.
    """

    def __init__(self, slots: int = 1, **endings) -> None:
        super().__init__()
        self.slots, self.endings, self.asked = slots, endings, []
        self.together = threading.Barrier(slots, timeout=60)

    def run(self, planned, store, see, stopping) -> None:
        self.asked.append(planned.settings.seed)
        self.together.wait()
        ending = self.endings.get(f"seed_{planned.settings.seed}", Ended("done", 1, 0.5))
        if isinstance(ending, Exception):
            raise ending
        see(Step(0, None, None))
        see(ending)


def _plans(count: int) -> list:
    return [plan(settings(seed=seed)) for seed in range(1, count + 1)]


def test_every_run_is_an_ordinary_result_and_is_not_painted_again(painted):
    ids = set(painted.study.plans) - {painted.left}
    assert {folder.name for folder in painted.store.iterdir()} - {".locks"} == ids
    assert [one.id for one in missing(painted.study.plans.values(), painted.store)] == [
        painted.left
    ]
    ended = [one for one in painted.seen if one.state != "painting"]
    assert [one.state for one in ended] == ["done"] * 7
    assert all(one.seconds > 0 for one in ended)


def test_a_run_that_fails_leaves_the_others_alone(tmp_path):
    executor = Scripted(seed_2=Failed("No.", "crash"), seed_3=RuntimeError("a bug"))
    plans, seen = _plans(4), []
    failed = Driver(plans, tmp_path, [executor], seen.append).run()
    assert failed == {plans[1].id: "No.", plans[2].id: failed[plans[2].id]}
    assert "The run failed" in failed[plans[2].id]
    assert [one.state for one in seen if one.state != "painting"] == [
        *("done", "failed", "failed", "done"),
    ]


def test_all_slots_of_all_executors_paint_at_once(tmp_path):
    """Each executor waits until as many runs are there as it has slots."""
    executors = [Scripted(slots=2), Scripted(slots=2)]
    plans = _plans(4)
    together = threading.Barrier(4, timeout=60)
    for executor in executors:
        executor.together = together
    assert Driver(plans, tmp_path, executors, lambda progress: None).run() == {}
    assert sorted(executors[0].asked + executors[1].asked) == [1, 2, 3, 4]


def test_no_other_run_begins_where_all_fail(tmp_path):
    failing = {f"seed_{seed}": Failed("No.", "crash") for seed in range(1, 20)}
    executor = Scripted(**failing)
    driver = Driver(_plans(IN_A_ROW + 3), tmp_path, [executor], lambda progress: None)
    assert len(driver.run()) == IN_A_ROW
    assert driver.gave_up


def test_runs_that_diverge_do_not_end_a_study(tmp_path):
    diverging = {f"seed_{seed}": Failed("It diverged.", "diverged") for seed in range(1, 20)}
    driver = Driver(_plans(IN_A_ROW + 1), tmp_path, [Scripted(**diverging)], lambda progress: None)
    assert len(driver.run()) == IN_A_ROW + 1
    assert not driver.gave_up


def test_stop_keeps_the_run_in_flight_and_begins_no_other(tmp_path):
    plans = [plan(settings(steps=500, cutouts=4, seed=seed)) for seed in (1, 2)]

    def see(progress: Progress) -> None:
        if progress.step == 1:
            driver.stop()

    driver = Driver(plans, tmp_path, [Inline()], see)
    assert driver.run() == {}
    assert not driver.gave_up
    kept = [path for path in Path(tmp_path).iterdir() if (path / "result.json").exists()]
    assert [path.name for path in kept] == [plans[0].id]
    assert missing(plans, tmp_path) == plans  # the first goes on from where it was
