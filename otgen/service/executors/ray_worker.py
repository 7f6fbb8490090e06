"""A worker of a Ray cluster: it keeps models in memory, and paints one run at a time.

It knows nothing of Ray; ``ray_cluster`` makes an actor of it, whose methods run in several threads.
"""

from __future__ import annotations

import os
import queue
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from otgen.models.cache import put
from otgen.results import uploads
from otgen.results.disk import remove
from otgen.results.parcel import unpack
from otgen.results.result import Result
from otgen.results.saving import save, writer
from otgen.results.store import read
from otgen.run.events import Event, Machine
from otgen.run.plan import Plan
from otgen.service.executors import ray_address

THREADS = 4  # methods at once: painting, and beside it news, a stop and one to spare


_OWN = "otgen-ray-"  # how the names of folders begin that a worker paints in
_ABANDONED = 86_400  # seconds without a checkpoint, after which one belongs to no worker any more


class About(NamedTuple):
    """A worker that is ready.

    host: the machine's name. aside: how names begin of what it writes aside (``saving.writer``).
    """

    host: str
    aside: str
    machine: Machine


class Order(NamedTuple):
    """What to paint.

    store: a folder that the worker shares with the page, or an address (``ray_address``) where it
    leaves the result. uploaded: the bytes of its uploaded pictures, by name. kept: what the page
    has of a run whose result is left at an address, packed.
    """

    ticket: int
    plan: Plan
    store: Path | str
    uploaded: dict[str, bytes]
    kept: bytes | None = None


class Left(NamedTuple):
    """A checkpoint or the result lies at the order's address: an event for the executor alone."""


class Worker:
    """Paints what the page's process orders, and answers what it asks meanwhile."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event | Left] = queue.SimpleQueue()
        self._stopped: set[int] = set()

    def about(self) -> About:
        """Import what paints, and say what this is."""
        from otgen.run import painting  # noqa: F401 (so that threads need not import it at once)
        from otgen.run.machine import measured

        return About(socket.gethostname(), writer(os.getpid()), measured())

    def sees(self, mark: Path) -> bool:
        """Tell whether a file is there: one in the store, which has to be the page's."""
        return mark.exists()

    def leaves(self, address: str, name: str) -> str:
        """Write a file to an address; return "", or why it can't be written."""
        try:
            ray_address.leave(address, name, b"")
        except OSError as wrong:
            return wrong.strerror or "no reason given"
        return ""

    def paint(self, order: Order) -> None:
        """Paint a plan; ``news`` tells how it goes."""
        for name, picture in order.uploaded.items():
            if not uploads.renew(name):
                with suppress(OSError):  # the run then says that it has no picture
                    put(uploads.file(name), picture)
        if isinstance(order.store, Path):
            self._painted(order, order.store, save)
        else:
            _sweep()
            with tempfile.TemporaryDirectory(prefix=_OWN) as own:
                if order.kept:
                    unpack(order.kept, Path(own))
                self._painted(order, Path(own), partial(self._leave, order.store))
        self._stopped.discard(order.ticket)

    def _painted(self, order: Order, store: Path, save: Callable[[Result, Path], object]) -> None:
        from otgen.run.painting import paint

        stopped = partial(self._stopped.__contains__, order.ticket)
        paint(order.plan, store, self._events.put, stopped, save)

    def _leave(self, address: str, result: Result, own: Path) -> None:
        """Save a result in a folder of this worker's, and leave it at an address."""
        ray_address.leave_result(address, read(save(result, own)))
        self._events.put(Left())

    def news(self) -> list[Event | Left]:
        """Wait for an event of the run; return all that came since the last call."""
        news = [self._events.get()]
        with suppress(queue.Empty):
            while True:
                news.append(self._events.get_nowait())
        return news

    def stop(self, ticket: int) -> None:
        """End the run of an order after the step it is at."""
        self._stopped.add(ticket)

    def warmed(self, plan: Plan) -> tuple[float, int]:
        """Load and compile what a plan needs; return the seconds that some steps took."""
        from otgen.run.painting import warmed

        return warmed(plan)


def _sweep() -> None:
    """Remove what workers left on this machine that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_OWN}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                remove(folder)
