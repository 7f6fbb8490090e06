"""The workers of a Ray cluster: started where one is needed, and kept for the runs to come.

Any run takes any worker that rests. So a run whose machine is gone goes on with one that another
run is done with, though the cluster has no room for a new one.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from otgen.run.events import Machine
from otgen.service.executors import ray_address
from otgen.service.executors.base import import_path
from otgen.service.executors.ray_connection import Connection
from otgen.service.executors.ray_worker import THREADS, About, Worker

WORKER = Worker
ROOM = 1800.0  # seconds that a run waits for a worker
ANSWER = 60.0  # seconds that a worker at rest may take to answer
GONE = 5.0  # seconds that a worker may take to be gone
LOOK = 0.1  # seconds between two looks
_PASSED = ("OTGEN_DEVICE", "OTGEN_PRECISION")  # variables that workers have as this process has
_log = logging.getLogger(__name__)


class Painter:
    """An actor of Ray. about: what it is, once it has started. apart: why its results do not reach
    the page, a sentence, or "".
    """

    def __init__(self, actor) -> None:
        self.actor, self.starting = actor, actor.about.remote()
        self.about: About | None = None
        self.apart = ""


class Pool:
    """At most as many workers as the connection has slots."""

    def __init__(self, connection: Connection) -> None:
        self._ray, self._most, self.reached = connection.ray, connection.slots, connection.reached
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        self._actors = self._ray.remote(WORKER).options(
            num_cpus=connection.cpus,
            num_gpus=connection.gpus,
            max_concurrency=THREADS,
            runtime_env={"env_vars": {**passed, "PYTHONPATH": import_path()}},
        )
        self._changed = threading.Condition()  # of the next four
        self._all: list[Painter] = []
        self._resting: list[Painter] = []
        self._machine: Machine | None = None
        self._closed = False

    def taken(self, over: Callable[[], bool], store: Path | str | None = None) -> Painter | None:
        """Wait for a worker: one that rests, or a new one; None where ``over`` says so before.

        Whether it shares a store, as orders name it, is seen on the way.

        Raises RayError where a new one dies at its start, TimeoutError where there is no room or no
        cluster any more.
        """
        until, started = time.monotonic() + ROOM, None
        if not self.reached():
            raise TimeoutError(
                "The Ray cluster can't be reached any more: start the page again once it is back."
            )
        try:
            while not over():
                painter = self._rested()
                if painter is None:
                    started = started or self._started()
                    painter = self._ready(started)
                if painter and self._answers(painter, store, painter is started):
                    started = None if painter is started else started
                    return painter
                if time.monotonic() > until:
                    raise TimeoutError(
                        f"The Ray cluster had no room for this run for {ROOM / 60:.0f} minutes: "
                        "others use it. Paint again to retry."
                    )
            return None
        finally:
            if started:
                self.end(started)

    def _rested(self) -> Painter | None:
        with self._changed:
            return self._resting.pop() if self._resting else None

    def _started(self) -> Painter | None:
        """Start a worker unless there are enough."""
        with self._changed:
            if self._closed or len(self._all) >= self._most:
                return None
            self._all.append(Painter(self._actors.remote()))
            return self._all[-1]

    def _ready(self, started: Painter | None) -> Painter | None:
        """Wait for a moment; return a worker that was started if it is ready. Raises RayError."""
        with self._changed:
            if started is None:
                self._changed.wait_for(lambda: self._resting, LOOK)
                return None
        if not self._ray.wait([started.starting], timeout=LOOK)[0]:
            return None
        started.about = self._ray.get(started.starting)
        with self._changed:
            self._machine = started.about.machine
            self._changed.notify_all()
        return started

    def _answers(self, painter: Painter, store: Path | str | None, new: bool) -> bool:
        """Tell whether a worker lives, and let it look for the store. Raises RayError if a new one
        does not; another is ended.
        """
        try:
            if store:
                meets = self._sees if isinstance(store, Path) else self._leaves
                painter.apart = meets(painter, store)
            return True
        except self._ray.exceptions.RayError as wrong:
            if new:
                raise
            _log.warning("a worker at rest is gone: %s", wrong)
            self.end(painter)
            return False
        except OSError:  # of the store or the address: the worker is well
            if not new:
                self.give_back(painter)
            raise

    def _sees(self, painter: Painter, store: Path) -> str:
        """Say why a worker does not see a folder. Raises RayError and OSError."""
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=store, prefix=".shared-") as mark:
            seen = painter.actor.sees.remote(Path(mark.name))
            if self._ray.get(seen, timeout=ANSWER):
                return ""
        return (
            f"The worker on {painter.about.host} does not see the page's results in {store}: set "
            "OTGEN_STORE to a folder that all machines of the Ray cluster share, or "
            f"{ray_address.VARIABLE} to an address that all of them reach."
        )

    def _leaves(self, painter: Painter, address: str) -> str:
        """Say why what a worker leaves at an address is not read here. Raises RayError, OSError."""
        name = f"mark-{uuid.uuid4().hex}"
        wrong = self._ray.get(painter.actor.leaves.remote(address, name), timeout=ANSWER)
        if not wrong and ray_address.fetch(address, name) is None:
            wrong = f"{address}: what it writes is not there for the page"
        ray_address.forget(address, name)
        return wrong and (
            f"The worker on {painter.about.host} can't leave results for the page ({wrong}): set "
            f"{ray_address.VARIABLE} to an address that all machines of the Ray cluster reach."
        )

    def give_back(self, painter: Painter | None) -> None:
        """Let a worker rest, unless it was ended."""
        with self._changed:
            if painter in self._all:
                self._resting.append(painter)
                self._changed.notify_all()

    def end(self, painter: Painter) -> None:
        """End a worker; return when it is gone."""
        with self._changed:
            for group in (self._all, self._resting):
                if painter in group:
                    group.remove(painter)
        if not self.reached():
            return
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(painter.actor)
            self._ray.wait([painter.actor.stop.remote(0)], timeout=GONE)

    def machine(self, patience: float) -> Machine | None:
        """Return what a worker computes with; starts one where there is none."""
        until = time.monotonic() + patience
        with self._changed:
            alone = not self._all
        if alone:
            try:
                self.give_back(self.taken(lambda: self._closed or time.monotonic() > until))
            except (self._ray.exceptions.RayError, TimeoutError):
                _log.warning("no worker could be started", exc_info=True)
        with self._changed:
            left = max(until - time.monotonic(), 0)
            self._changed.wait_for(lambda: self._machine or self._closed or not self._all, left)
            return self._machine

    def close(self) -> None:
        """End all workers; none is started any more."""
        with self._changed:
            self._closed = True
            everything = list(self._all)
        for painter in everything:
            self.end(painter)
