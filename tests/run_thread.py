"""A run in a thread of its own, for tests of executors."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

from helpers import settings
from wait import within

from otgen.run.events import Ended, Failed, Step
from otgen.run.plan import plan
from otgen.service.executors.base import Executor

SHORT = settings(steps=2, cutouts=4)
PATIENCE = 180  # seconds, on a busy machine
until = partial(within, PATIENCE)


class Run(threading.Thread):
    """A run, with what was seen of it."""

    def __init__(self, executor: Executor, asked, store: Path) -> None:
        super().__init__(daemon=True)
        self.plan, self.stopping, self.seen = plan(asked), threading.Event(), []
        self._asked = executor, store
        self.start()

    def run(self) -> None:
        executor, store = self._asked
        executor.run(self.plan, store, self.seen.append, self.stopping)

    def stop(self) -> None:
        """Stop it."""
        self.stopping.set()
        self._asked[0].stop(self.plan.id)

    @property
    def step(self) -> int:
        """The last step that was seen, -1 before the first."""
        return max((event.step for event in self.seen if isinstance(event, Step)), default=-1)

    def ending(self) -> Ended | Failed:
        """Wait for the end; return the last event, the only one of its kind."""
        self.join(PATIENCE)
        assert not self.is_alive()
        assert [isinstance(event, Ended | Failed) for event in self.seen].count(True) == 1
        return self.seen[-1]
