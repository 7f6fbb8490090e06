"""What a study will cost, told before it begins."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers import settings

from otgen.recipe.prompts import InputError
from otgen.results.store import read
from otgen.run.plan import plan
from otgen.service import availability
from otgen.service.executors.inline import Inline
from otgen.study.estimate import check_room, estimate


class _Warmed(Inline):
    """Says of a warm-up that three steps took six seconds."""

    slots = 2

    def warm(self, planned, note) -> None:
        self.warmed = planned
        note(6.0, planned.settings.steps)


def test_pace_is_that_of_results_in_the_store(painted):
    (*_, (id, known)) = painted.study.plans.items()
    assert id == painted.left
    again = plan(replace(known.settings, seed=77, steps=50))
    alike = [one for one in painted.study.plans if one != id]
    paces = [read(painted.store / one).seconds / 2 / 2 for one in alike]  # two steps, two lanes
    found = estimate([again, again], 3, painted.store, [Inline()])
    assert min(paces) * 200 <= found.seconds <= max(paces) * 200
    assert found.seconds == found.painters
    assert (found.runs, found.done, found.download) == (2, 3, 0)
    assert str(found).startswith("2 runs to paint (3 are here), about ")


def test_a_painter_takes_a_few_steps_where_nothing_is_known(tmp_path):
    executor = _Warmed()
    plans = [plan(settings(steps=100, seed=seed)) for seed in range(4)]
    found = estimate(plans, 0, tmp_path, [executor])
    assert executor.warmed.settings.steps == 3
    assert found.painters == pytest.approx(4 * 100 * 2)  # 2 s a step of all lanes
    assert found.seconds == pytest.approx(found.painters / 2)  # two at once
    assert "of all painters together" in str(found)


def test_weights_that_can_t_be_had_are_said_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(availability, "reachable", lambda: False)
    monkeypatch.setattr(availability, "present", lambda name: False)
    with pytest.raises(InputError, match="can't paint here now: its weights"):
        estimate([plan(settings(generator="vqgan-imagenet"))], 0, tmp_path, [Inline()])


def test_painters_that_do_not_fit_into_memory_are_refused(monkeypatch):
    monkeypatch.setenv("OTGEN_MEMORY", "3GB")
    plans = [plan(settings())]
    check_room(plans, 1)
    with pytest.raises(InputError, match=r"9 painters would take .* try --workers [12]"):
        check_room(plans, 9)
