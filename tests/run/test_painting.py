"""How often a run is shown while it is painted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from helpers import settings

from otgen.run import painting
from otgen.run.events import Preview
from otgen.run.plan import plan


@pytest.mark.parametrize(("takes", "shown"), [(0.0, 6), (0.05, 6), (1.0, 2)])
def test_previews_take_a_part_of_a_runs_time_at_most(monkeypatch, takes, shown):
    """Of steps of 0.15 s: every second one, or fewer where a preview takes long; and the last."""
    now, seen = [10.0], []

    def slow(snapshot):
        now[0] += takes
        return Preview(snapshot.step, (), (), ())

    monkeypatch.setattr(painting, "_preview", slow)
    monkeypatch.setattr(painting.time, "monotonic", lambda: now[0])
    watch = painting._watcher(plan(settings(steps=10)), seen.append, lambda: False)
    for step in range(11):
        assert watch(SimpleNamespace(step=step))
        now[0] += 0.15001
    previews = [event.step for event in seen if isinstance(event, Preview)]
    assert previews[0] == 0
    assert previews[-1] == 10
    assert len(previews) == shown
