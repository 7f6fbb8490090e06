"""How fast runs are painted here, from those that were; and times in words."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from otgen.run.plan import Plan

_KINDS = 100  # of runs, whose pace is remembered


class _Kind(NamedTuple):
    """What the time of a step and lane depends on."""

    generator: str
    encoder: str
    cutouts: int
    height: int
    width: int


def _kind(plan: Plan) -> _Kind:
    settings = plan.settings
    return _Kind(settings.generator, plan.encoder, settings.cutouts, plan.height, plan.width)


class Pace:
    """Seconds a step and lane of the last run of each kind; any thread may ask."""

    def __init__(self) -> None:
        self._seen: OrderedDict[_Kind, float] = OrderedDict()
        self._one = threading.Lock()

    def note(self, plan: Plan, seconds: float, steps: int) -> None:
        """Record how long so many steps of all lanes took."""
        with self._one:
            self._seen[_kind(plan)] = seconds / steps / len(plan.settings.lanes)
            self._seen.move_to_end(_kind(plan))
            if len(self._seen) > _KINDS:
                self._seen.popitem(last=False)

    def of(self, plan: Plan) -> float | None:
        """Return the seconds a step and lane, None where no such run was seen."""
        return self._seen.get(_kind(plan))

    def seconds(self, plan: Plan) -> float | None:
        """Estimate how long a run paints."""
        pace = self.of(plan)
        return pace and pace * plan.settings.steps * len(plan.settings.lanes)

    def guess(self, plan: Plan) -> float | None:
        """Estimate how long a run paints, if need be from other runs of its painter and encoder.

        A step grows with the cutouts, whose encoding takes most of it, or with the pixels.
        """
        known, asked = self.seconds(plan), _kind(plan)
        with self._one:
            alike = [(kind, pace) for kind, pace in self._seen.items() if kind[:2] == asked[:2]]
        if known is not None or not alike:
            return known
        kind, pace = alike[-1]
        pixels = asked.height * asked.width / (kind.height * kind.width)
        larger = max(1.0, asked.cutouts / kind.cutouts, pixels)
        return pace * larger * plan.settings.steps * len(plan.settings.lanes)


def duration(seconds: float) -> str:
    """Return seconds as a person says them: 0.8 s, 12 s, 2 min 5 s, 25 min, 3 h."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600 and whole % 60:
        return f"{whole // 60} min {whole % 60} s"
    return f"{seconds / 60:.0f} min" if whole < 7200 else f"{seconds / 3600:.0f} h"
