"""A worker of a Ray cluster: it keeps models in memory, and paints one run at a time.

It knows nothing of Ray; ``ray_cluster`` makes an actor of it, whose methods run in several threads.
"""

from __future__ import annotations

import os
import queue
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from otgen.models.cache import put
from otgen.results import uploads
from otgen.results.store import writer
from otgen.run.events import Event, Machine
from otgen.run.plan import Plan

THREADS = 4  # methods at once: painting, and beside it news, a stop and one to spare


class About(NamedTuple):
    """A worker that is ready.

    host: the machine's name. aside: how the names begin of what it writes aside (``store.writer``).
    """

    host: str
    aside: str
    machine: Machine


class Order(NamedTuple):
    """What to paint. uploaded: the bytes of its uploaded pictures, by name."""

    ticket: int
    plan: Plan
    store: Path
    uploaded: dict[str, bytes]


class Worker:
    """Paints what the page's process orders, and answers what it asks meanwhile."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._stopped: set[int] = set()

    def about(self) -> About:
        """Import what paints, and say what this is."""
        from otgen.run import painting  # noqa: F401 (so that threads need not import it at once)
        from otgen.run.machine import measured

        return About(socket.gethostname(), writer(os.getpid()), measured())

    def sees(self, mark: Path) -> bool:
        """Tell whether a file is there: one in the store, which has to be the page's."""
        return mark.exists()

    def paint(self, order: Order) -> None:
        """Paint a plan; ``news`` tells how it goes."""
        from otgen.run.painting import paint

        for name, picture in order.uploaded.items():
            if not uploads.renew(name):
                with suppress(OSError):  # the run then says that it has no picture
                    put(uploads.file(name), picture)
        paint(order.plan, order.store, self._events.put, lambda: order.ticket in self._stopped)
        self._stopped.discard(order.ticket)

    def news(self) -> list[Event]:
        """Wait for an event of the run; return all that came since the last call."""
        found = [self._events.get()]
        with suppress(queue.Empty):
            while True:
                found.append(self._events.get_nowait())
        return found

    def stop(self, ticket: int) -> None:
        """End the run of an order after the step it is at."""
        self._stopped.add(ticket)

    def warmed(self, plan: Plan) -> tuple[float, int]:
        """Load and compile what a plan needs; return the seconds that some steps took."""
        from otgen.run.painting import warmed

        return warmed(plan)
