"""A run on a Ray cluster: painted with one worker after the other, until it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from otgen.results import uploads
from otgen.results.library import sweep
from otgen.results.parcel import packed
from otgen.results.result import uploaded
from otgen.results.store import read
from otgen.run.events import Ended, Failed, Fetching, See
from otgen.run.plan import Plan
from otgen.service.executors import ray_address
from otgen.service.executors.base import steps_kept, with_kept
from otgen.service.executors.ray_pool import Painter, Pool
from otgen.service.executors.ray_worker import Left, Order

TRIES = 3  # workers in a row that may die before the run gets a step further
SILENCE = 1800.0  # seconds without a word of a run, after which its worker is ended
STOP = 3.0  # seconds that a run may take to stop while it loads; it then loses only time,
CLOSE = 40.0  # and while it paints
LOOK = 0.1  # seconds between two looks at whether a run is to end
_log = logging.getLogger(__name__)


class _GivenUp(Exception):
    """A worker is to be ended, though it lives."""


class RayRun:
    """A plan that the workers of a pool paint.

    Args:
        ticket: a number that no other run of this process has. address: where workers leave the
            result for the page's store; None where they share it.
    """

    def __init__(
        self,
        ray: ModuleType,
        pool: Pool,
        ticket: int,
        plan: Plan,
        store: Path,
        address: str | None,
    ) -> None:
        self._ray, self._pool, self._ticket = ray, pool, ticket
        self._plan, self._store, self._address = plan, store, address

    def ending(self, see: See, over: Callable[[], bool]) -> Ended | Failed:
        """Paint, and have what was made in the page's store; return the run's last event.

        Args:
            see: called with each other event. over: asked whether the run is to end.
        """
        plan, store, address = self._plan, self._store, self._address
        try:
            ended = self._painted(see, over)
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

    def _painted(self, see: See, over: Callable[[], bool]) -> Ended | Failed:
        """Paint with one worker after the other. Raises OSError of store and address."""
        plan, store, address = self._plan, self._store, self._address
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
                return self._followed(painter, see, over)
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

    def _followed(self, painter: Painter, see: See, over: Callable[[], bool]) -> Ended | Failed:
        """Order a run and pass on its events until the last, which is returned.

        Checkpoints at the address come to the store meanwhile. Raises RayError where the worker
        dies, _GivenUp where it says nothing or does not stop.
        """
        ray, actor = self._ray, painter.actor
        painting = actor.paint.remote(self._order())
        news, begun, asked, heard = None, False, None, time.monotonic()
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
                    self._checkpoint()
            if asked is None and over():
                actor.stop.remote(self._ticket)
                asked = now
            if asked is not None and now - asked > (CLOSE if begun else STOP):
                raise _GivenUp("it does not stop")
            if now - heard > SILENCE:
                raise _GivenUp(f"it said nothing for {SILENCE / 60:.0f} minutes")

    def _order(self) -> Order:
        plan, kept = self._plan, read(self._store / self._plan.id) if self._address else None
        where = self._address or self._store
        return Order(self._ticket, plan, where, _uploaded(plan), packed(kept) if kept else None)

    def _checkpoint(self) -> None:
        """Bring a checkpoint from the address to the store; where that fails, the run goes on."""
        try:
            ray_address.bring(self._address, self._plan.id, self._store)
        except OSError as wrong:
            _log.warning("a checkpoint of run %s stays there: %s", self._plan.id, wrong)


def _uploaded(plan: Plan) -> dict[str, bytes]:
    """Return the uploaded pictures of a run by name: a worker elsewhere does not have them."""
    pictures = {}
    for name, _ in uploaded(plan.settings):
        with suppress(OSError):
            pictures[name] = uploads.file(name).read_bytes()
    return pictures


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
