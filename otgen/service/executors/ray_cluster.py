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
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from otgen.results import uploads
from otgen.results.library import sweep
from otgen.results.parcel import packed
from otgen.results.result import uploaded
from otgen.results.store import read
from otgen.run.events import Ended, Event, Failed, Fetching, Machine, Preview, See
from otgen.run.plan import Plan
from otgen.service.executors import ray_address
from otgen.service.executors.base import steps_kept, with_kept
from otgen.service.executors.ray_connection import Connection
from otgen.service.executors.ray_pool import Painter, Pool
from otgen.service.executors.ray_worker import Left, Order

TRIES = 3  # workers in a row that may die before the run gets a step further
SILENCE = 1800.0  # seconds without a word of a run, after which its worker is ended
STOP = 3.0  # seconds that a run may take to stop while it loads; it then loses only time,
CLOSE = 40.0  # and while it paints
KNOWN = 60.0  # seconds that whoever asks for the machine may wait for a worker that starts
LOOK = 0.1  # seconds between two looks at whether a run is to end
_log = logging.getLogger(__name__)


class _GivenUp(Exception):
    """A worker is to be ended, though it lives."""


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
        """Paint a plan. It fails where TRIES workers in a row die before it gets a step further."""

        def over() -> bool:
            return stopping.is_set() or self._closed.is_set()

        with self._counted("_runs"):
            see(self._kept(plan, store, _once(see), over))

    def _kept(self, plan: Plan, store: Path, see: See, over: Callable[[], bool]) -> Ended | Failed:
        """Paint a plan, and have what was made of it in the page's store."""
        address = None if self._address is None else ray_address.part_of(self._address, store)
        try:
            ended = self._painted(plan, store, address, see, over)
            if address:
                ray_address.bring(address, plan.id, store)
                ray_address.forget(address, f"{plan.id}.zip")
        except ray_address.Unreached as wrong:
            said = f"{ray_address.VARIABLE} can't be used ({wrong.strerror}): try again later."
            return Failed(said, "store")
        except OSError as wrong:
            reason = wrong.strerror or "no reason given"
            return Failed(f"{store} can't be written to ({reason}): try again later.", "store")
        if isinstance(ended, Ended) and ended.steps and not read(store / plan.id):
            return Failed(f"The worker's result did not come to {store}: paint again.", "store")
        return ended

    def _painted(
        self, plan: Plan, store: Path, address: str | None, see: See, over: Callable[[], bool]
    ) -> Ended | Failed:
        """Paint a plan with one worker after the other. Raises OSError of store and address."""
        if address:  # what a page left behind that was killed
            ray_address.bring(address, plan.id, store)
        kept, died = steps_kept(store, plan), 0
        while died < TRIES:
            painter = None
            try:
                painter = self._pool.taken(over, address or store)
                if painter is None:
                    return Ended("stopped", kept)
                if painter.apart:
                    return Failed(painter.apart, "store")
                return self._followed(painter, plan, store, address, see, over)
            except (self._ray.exceptions.RayError, _GivenUp) as wrong:
                _log.error("a worker of run %s is gone: %s", plan.id, wrong)
                if painter:
                    self._pool.end(painter)
                if address:
                    ray_address.bring(address, plan.id, store)
                elif painter:
                    sweep(store, plan.id, painter.about.aside)
                before, kept = kept, steps_kept(store, plan)
                if over():
                    return Ended("stopped", kept)
                died = 1 if kept > before else died + 1
            except TimeoutError as wrong:  # after Ray's own, some of which are such
                return Failed(str(wrong), "crash")
            finally:
                self._pool.give_back(painter)
        return Failed(_death(painter is not None, kept), "crash")

    def _followed(
        self,
        painter: Painter,
        plan: Plan,
        store: Path,
        address: str | None,
        see: See,
        over: Callable[[], bool],
    ) -> Ended | Failed:
        """Order a run and pass on its events until the last, which is returned.

        Checkpoints at the address come to the store meanwhile. Raises RayError where the worker
        dies, _GivenUp where it says nothing or does not stop.
        """
        ray, actor, ticket = self._ray, painter.actor, next(self._tickets)
        kept = read(store / plan.id) if address else None
        parcel = packed(kept) if kept else None
        order = Order(ticket, plan, address or store, _uploaded(plan), parcel)
        painting = actor.paint.remote(order)
        news, begun, told, heard = None, False, None, time.monotonic()
        while True:
            news = news or actor.news.remote()
            ready, _ = ray.wait([news, painting] if painting else [news], timeout=LOOK)
            now = time.monotonic()
            if painting in ready:
                ray.get(painting)  # raises where the order could not be read
                painting = None
            if news in ready:
                events, news, heard, left = ray.get(news), None, now, False
                for event in events:
                    if isinstance(event, Ended | Failed):
                        return event
                    if isinstance(event, Left):
                        left = True
                        continue
                    begun = begun or not isinstance(event, Fetching)
                    see(event)
                if left:
                    _checkpoint(address, plan, store)
            if told is None and over():
                actor.stop.remote(ticket)
                told = now
            if told is not None and now - told > (CLOSE if begun else STOP):
                raise _GivenUp("it does not stop")
            if now - heard > SILENCE:
                raise _GivenUp(f"it said nothing for {SILENCE / 60:.0f} minutes")

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


def _uploaded(plan: Plan) -> dict[str, bytes]:
    """Return the uploaded pictures of a run by name: a worker elsewhere does not have them."""
    found = {}
    for name, _ in uploaded(plan.settings):
        with suppress(OSError):
            found[name] = uploads.file(name).read_bytes()
    return found


def _checkpoint(address: str, plan: Plan, store: Path) -> None:
    """Bring a checkpoint to the store; where that fails, the run goes on."""
    try:
        ray_address.bring(address, plan.id, store)
    except OSError as wrong:
        _log.warning("a checkpoint of run %s stays at its address: %s", plan.id, wrong)


def _death(begun: bool, kept: int) -> str:
    """Say in a sentence that workers died, and what to try."""
    if not begun:
        return (
            f"{TRIES} workers of the Ray cluster died at their start: each machine needs otgen and "
            "its packages in the same folders as here. The server's log says more."
        )
    said = (
        f"{TRIES} workers of the Ray cluster died in this run, most often because the memory was "
        "full: lower the cutouts, the picture's size or the number of lanes."
    )
    return with_kept(said, kept)
