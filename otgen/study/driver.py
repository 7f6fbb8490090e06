"""Painting a study's runs: what the store lacks, as many at once as the executors have slots."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from otgen.results.store import read
from otgen.run.events import CRASHED, Ended, Event, Failed, Step
from otgen.run.plan import Plan
from otgen.service.executors.base import Executor

IN_A_ROW = 5  # runs that fail one after another, after which no other is begun
_log = logging.getLogger(__name__)


class Progress(NamedTuple):
    """What happened to a run. step: of its steps. state: "painting" until it is over."""

    plan: Plan
    step: int
    state: Literal["painting", "done", "diverged", "stopped", "failed"]
    seconds: float = 0.0
    why: str = ""


def missing(plans: Iterable[Plan], store: Path) -> list[Plan]:
    """Return the plans that are still to be painted, or to go on with."""
    results = [(plan, read(store / plan.id)) for plan in plans]
    return [plan for plan, saved in results if not (saved and saved.over)]


class Driver:
    """Paints plans into a store. A run that fails leaves the others alone.

    Args:
        executors: what paints, closed by whoever made them. see: called with each progress, by one
            thread at a time.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        store: Path,
        executors: Sequence[Executor],
        see: Callable[[Progress], None],
    ) -> None:
        self._waiting, self._store, self._see = deque(plans), store, see
        self._executors, self._stopping = executors, threading.Event()
        self._flying: set[str] = set()
        self._one = threading.Lock()
        self._in_a_row = 0
        self.failed: dict[str, str] = {}

    @property
    def gave_up(self) -> bool:
        """Tell whether runs were left out because all before them failed."""
        return self._in_a_row >= IN_A_ROW and bool(self._waiting) and not self._stopping.is_set()

    def run(self) -> dict[str, str]:
        """Paint until all is painted or ``stop``; return a sentence for each run that failed."""
        workers = [
            threading.Thread(target=self._work, args=(executor,), name="otgen-study", daemon=True)
            for executor in self._executors
            for _ in range(executor.slots)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return self.failed

    def stop(self) -> None:
        """End the runs in flight, which are kept, and begin no other; a signal may ask."""
        self._stopping.set()
        for id in list(self._flying):
            for executor in self._executors:
                executor.stop(id)

    def _work(self, executor: Executor) -> None:
        while plan := self._next():
            try:
                ended = self._painted(executor, plan)
            except Exception:
                _log.exception("run %s failed", plan.id)
                ended = Failed(CRASHED, "crash")
            self._over(plan, ended)

    def _next(self) -> Plan | None:
        with self._one:
            if self._stopping.is_set() or self._in_a_row >= IN_A_ROW or not self._waiting:
                return None
            plan = self._waiting.popleft()
            self._flying.add(plan.id)
            return plan

    def _painted(self, executor: Executor, plan: Plan) -> Ended | Failed:
        last: list[Ended | Failed] = []

        def see(event: Event) -> None:
            if isinstance(event, Ended | Failed):
                last.append(event)
            elif isinstance(event, Step):
                self._tell(Progress(plan, event.step, "painting"))

        executor.run(plan, self._store, see, self._stopping)
        (ended,) = last
        return ended

    def _over(self, plan: Plan, ended: Ended | Failed) -> None:
        with self._one:
            self._flying.discard(plan.id)
            if isinstance(ended, Failed):
                self.failed[plan.id] = ended.error
            counts = isinstance(ended, Failed) and ended.kind != "diverged"
            self._in_a_row = self._in_a_row + 1 if counts else 0
        if isinstance(ended, Failed):
            self._tell(Progress(plan, 0, "failed", why=ended.error))
        else:
            self._tell(Progress(plan, ended.steps, ended.state, ended.seconds, ended.why))

    def _tell(self, progress: Progress) -> None:
        with self._one:
            self._see(progress)
