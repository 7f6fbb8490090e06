"""Painting on the workers of a Ray cluster, several runs at once.

A worker is an actor that keeps models in memory between runs. It paints in one thread and answers
in others. The page's process asks it for news, and the worker answers as soon as there is some: one
call is in flight for a run, so nothing piles up, and when the worker dies, the call fails at once.
(A stream would need a thread to look for a stop meanwhile; a queue would be an actor more.)

A run whose worker dies goes on from its checkpoint with another one. Torch and JAX are imported by
the workers alone.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from otgen.run.events import Event, Machine, Preview, See
from otgen.run.plan import Plan
from otgen.service.executors import ray_address
from otgen.service.executors.ray_connection import Connection
from otgen.service.executors.ray_pool import Pool
from otgen.service.executors.ray_run import CLOSE, STOP, RayRun

KNOWN = 60.0  # seconds that whoever asks for the machine may wait for a worker that starts
_log = logging.getLogger(__name__)


class RayCluster:
    """Paints on a Ray cluster, as many runs at once as it has slots.

    Args:
        address: where workers leave results for the page (``ray_address``); None where they share
            its store.
    """

    def __init__(self, connection: Connection, address: str | None = None) -> None:
        self._ray, self.slots, self._address = connection.ray, connection.slots, address
        self._pool = Pool(connection)
        self._tickets = itertools.count(1)
        self._changed = threading.Condition()  # of the next two
        self._runs = self._others = 0
        self._closed = threading.Event()

    def check(self, plan: Plan) -> None:
        """Refuse nothing."""

    def visited(self, plan: Plan) -> bool:
        """Return False: a run needs no visitor."""
        return False

    def run(self, plan: Plan, store: Path, see: See, stopping: threading.Event) -> None:
        """Paint a plan, as ``RayRun`` does."""

        def over() -> bool:
            return stopping.is_set() or self._closed.is_set()

        address = None if self._address is None else ray_address.part_of(self._address, store)
        with self._counted("_runs"):
            run = RayRun(self._ray, self._pool, next(self._tickets), plan, store, address)
            see(run.ending(_once(see), over))

    def stop(self, id: str) -> None:
        """Do nothing: each run looks by itself."""

    def warm(self, plan: Plan, note: Callable[[float, int], None]) -> None:
        """Start a worker in a thread of its own, and let it load and compile what a plan needs."""

        def load() -> None:
            painter = None
            with self._counted("_others"):
                try:
                    if painter := self._pool.taken(self._closed.is_set):
                        note(*self._ray.get(painter.actor.warmed.remote(plan)))
                except (self._ray.exceptions.RayError, TimeoutError):
                    _log.warning("the warm-up failed", exc_info=True)
                    if painter:
                        self._pool.end(painter)
                finally:
                    self._pool.give_back(painter)

        threading.Thread(target=load, name="otgen-warm-up", daemon=True).start()

    def machine(self) -> Machine | None:
        """Return what a worker computes with; waits for one that starts, KNOWN seconds at most."""
        return self._pool.machine(KNOWN)

    def close(self) -> None:
        """Let the workers keep the runs in flight, end them, and leave the cluster."""
        with self._changed:
            if self._closed.is_set():
                return
            self._closed.set()
            self._changed.wait_for(lambda: not self._runs, CLOSE + STOP)
        self._pool.close()
        with self._changed:  # what waits for a worker learns that it is gone
            self._changed.wait_for(lambda: not self._runs + self._others, CLOSE)
        if self._pool.reached():
            self._ray.shutdown()

    @contextmanager
    def _counted(self, kind: str) -> Iterator[None]:
        """Let ``close`` wait for what uses the cluster."""
        with self._changed:
            setattr(self, kind, getattr(self, kind) + 1)
        try:
            yield
        finally:
            with self._changed:
                setattr(self, kind, getattr(self, kind) - 1)
                self._changed.notify_all()


def _once(see: See) -> See:
    """Leave out previews of steps that were shown already, by a worker that died later."""
    shown = -1

    def look(event: Event) -> None:
        nonlocal shown
        if isinstance(event, Preview):
            if event.step <= shown:
                return
            shown = event.step
        see(event)

    return look
