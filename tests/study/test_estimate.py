"""What a study will cost, told before it begins."""

from __future__ import annotations

import pytest
from helpers import settings

from otgen.recipe.prompts import InputError
from otgen.run.plan import plan
from otgen.service import availability
from otgen.service.executors.inline import Inline
from otgen.study.estimate import check_room, estimate


class _Warmed(Inline):
    """Says of a warm-up that three steps took six seconds."""

    slots = 2

    def __init__(self) -> None:
        super().__init__()
        self.warmed = []

    def warm(self, planned, note) -> None:
        self.warmed.append(planned)
        note(6.0, planned.settings.steps)


def test_a_painter_takes_a_few_steps_of_each_kind():
    executor = _Warmed()
    plans = [plan(settings(steps=100, seed=seed)) for seed in range(4)]
    plans.append(plan(settings(steps=100, generator="diffusion-mini")))
    cost = estimate(plans, 3, [executor])
    assert [one.settings.steps for one in executor.warmed] == [3, 3]
    assert {one.card.title for one in executor.warmed} == {one.card.title for one in plans}
    assert cost.painters == pytest.approx(5 * 100 * 2)  # 2 s a step of all lanes
    assert cost.seconds == pytest.approx(cost.painters / 2)  # two at once
    assert (cost.runs, cost.done, cost.download) == (5, 3, 0)
    assert str(cost).startswith("5 runs to paint (3 are here), about 8 min 20 s, 17 min of all")


def test_weights_that_can_t_be_had_are_said_before_it_begins(monkeypatch):
    monkeypatch.setattr(availability, "reachable", lambda: False)
    monkeypatch.setattr(availability, "present", lambda name: False)
    with pytest.raises(InputError, match="can't paint here now: its weights"):
        estimate([plan(settings(generator="vqgan-imagenet"))], 0, [Inline()])


def test_painters_that_do_not_fit_into_memory_are_refused(monkeypatch):
    monkeypatch.setenv("OTGEN_MEMORY", "3GB")
    plans = [plan(settings())]
    check_room(plans, 1)
    with pytest.raises(InputError, match=r"9 painters would take .* try --workers [12]"):
        check_room(plans, 9)
