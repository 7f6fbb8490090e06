"""What a run costs on this host: its time, from what was painted before, and whether it is allowed.

Any thread may ask. The executor is asked for its machine where nothing was measured yet.
"""

from __future__ import annotations

from otgen.recipe.prompts import InputError
from otgen.recipe.settings import Settings
from otgen.run.plan import Plan, check_parent, plan
from otgen.service import availability
from otgen.service.availability import Verdict
from otgen.service.executors.base import Executor
from otgen.service.limits import Limits, check
from otgen.service.pace import Pace


class Cost:
    """What runs cost that an executor paints.

    Args:
        allowed: what a run may cost.
    """

    def __init__(self, executor: Executor, allowed: Limits) -> None:
        self._executor, self._allowed = executor, allowed
        self.pace = Pace()

    def refusal(self, planned: Plan) -> InputError | None:
        """Return why a run can't go on from its parent, or costs more than this host allows."""
        try:
            check_parent(planned)
            self._check(planned)
        except InputError as wrong:
            return wrong
        return None

    def verdict(self, settings: Settings) -> Verdict:
        """Say whether a run can be painted on this machine. Raises InputError.

        This may take seconds: it asks the hub, and waits for a painter that starts.
        """
        planned = plan(settings)
        try:
            self._check(planned)
        except InputError as wrong:
            return Verdict(False, 0, None, str(wrong))
        machine = self._executor.machine() if availability.weighs(planned) else None
        seconds = self.pace.guess(planned)
        steps = planned.settings.steps * len(planned.settings.lanes)
        return availability.verdict(planned, machine, seconds and seconds / steps)

    def _check(self, planned: Plan) -> None:
        """Raise InputError if a run costs more than this host allows."""
        self._executor.check(planned)
        check(planned, self._allowed, lambda: self._seconds(planned))

    def _seconds(self, planned: Plan) -> float | None:
        """Estimate how long a run paints, by what was measured, or by its operations on a CPU.

        May wait for a painter that starts. None where nothing is known.
        """
        known = self.pace.guess(planned)
        if known is not None or not availability.work(planned):
            return known
        machine = self._executor.machine()
        if machine is None or machine.device != "cpu":
            return None
        return availability.estimate(planned, machine.speed)
