"""How fast runs are painted here, from those that were; and times in words."""

from __future__ import annotations

from otgen.run.plan import Plan


def _effort(plan: Plan) -> tuple:
    """Return what the time of a step and lane depends on."""
    generator, cutouts = plan.settings.generator, plan.settings.cutouts
    return generator, plan.encoder, cutouts, plan.height, plan.width


class Pace:
    """Seconds a step and lane of the last run of each kind; any thread may ask."""

    def __init__(self) -> None:
        self._seen: dict[tuple, float] = {}

    def note(self, plan: Plan, seconds: float, steps: int) -> None:
        """Take note of how long so many steps of all lanes took."""
        self._seen[_effort(plan)] = seconds / steps / len(plan.settings.lanes)

    def of(self, plan: Plan) -> float | None:
        """Return the seconds a step and lane, None where no such run was seen."""
        return self._seen.get(_effort(plan))

    def seconds(self, plan: Plan) -> float | None:
        """Estimate how long a run paints."""
        pace = self.of(plan)
        return pace and pace * plan.settings.steps * len(plan.settings.lanes)


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
