"""Painting in a process of its own, so that the page survives whatever a run does.

The painter process holds torch, jax and the models; the page's process imports none of them. It is
a new interpreter (not forked: threads and locks of the page would be copied in any state), started
at the first need and again after it died. Its run then ends in one sentence.
"""

from __future__ import annotations

import itertools
import logging
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from otgen.results.library import sweep
from otgen.results.saving import writer
from otgen.run.events import Ended, Failed, Fetching, Machine, See
from otgen.run.plan import Plan
from otgen.service.executors.base import steps_kept, with_kept
from otgen.service.executors.messages import (
    Begun,
    Run,
    Seen,
    Stop,
    Warm,
)
from otgen.service.executors.painter_process import PainterProcess

SILENCE = 1800.0  # seconds without a word of a run, after which its painter is ended
STOP = 3.0  # seconds that a run may take to stop while it loads; it then loses only time
CLOSE = 40.0  # seconds that the painter may take to keep the run in flight at the end
KNOWN = 300.0  # seconds that whoever asks for the machine may wait for a painter that starts
_log = logging.getLogger(__name__)


class _Order:
    """A run that is ordered. begun: its painter took it up. painting: its first step is done."""

    def __init__(self, ticket: int, plan: Plan, stopping: threading.Event) -> None:
        self.ticket, self.plan, self.stopping = ticket, plan, stopping
        self.begun = self.painting = self.asked = False


class Process:
    """Paints in one painter process, one run at a time.

    Args:
        environment: variables that the painter has besides this process's.
    """

    slots = 1

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment or {}
        self._running = threading.Lock()
        self._state = threading.Lock()  # the next four
        self._painter: PainterProcess | None = None
        self._order: _Order | None = None
        self._note: Callable[[float, int], None] = lambda seconds, steps: None
        self._closed = False
        self._tickets = itertools.count(1)

    def check(self, plan: Plan) -> None:
        """Refuse nothing."""

    def visited(self, plan: Plan) -> bool:
        """Return False: a run needs no visitor."""
        return False

    def run(self, plan: Plan, store: Path, see: See, stopping: threading.Event) -> None:
        """Paint a plan. A painter that dies or says nothing for SILENCE seconds fails the run."""
        with self._running:
            try:
                see(self._painted(plan, store, see, stopping))
            except OSError as wrong:
                _log.exception("no painter process was started")
                reason = wrong.strerror or "no reason given"
                see(Failed(f"The painter could not be started ({reason}): try again.", "crash"))

    def _painted(
        self, plan: Plan, store: Path, see: See, stopping: threading.Event
    ) -> Ended | Failed:
        """Order a run; once more of a new painter, where the first died before it took it up."""
        for last in (False, True):
            order = _Order(next(self._tickets), plan, stopping)
            with self._state:
                if self._closed:
                    return Ended("stopped", 0)
                painter, self._order = self._ready(), order
            painter.send(Run(order.ticket, plan, store))
            if stopping.is_set():
                self.stop(plan.id)
            try:
                ending = _follow(painter, order, see)
            finally:
                with self._state:
                    self._order = None
            if ending:
                return ending
            code = painter.process.wait()
            _log.error("the painter process ended with %s in run %s", code, plan.id)
            sweep(store, plan.id, writer(painter.process.pid))
            if stopping.is_set():
                return Ended("stopped", steps_kept(store, plan))
            if order.begun or last:
                return Failed(_death(code, steps_kept(store, plan)), "crash")
        raise AssertionError("the loop returns")

    def _ready(self) -> PainterProcess:
        """Return a painter that lives. Raises OSError."""
        if self._painter is None or self._painter.process.poll() is not None:
            self._painter = PainterProcess(
                lambda seconds, steps: self._note(seconds, steps), self._environment
            )
        return self._painter

    def stop(self, id: str) -> None:
        """End a run: before its painter takes it up at once, else after the step it is at.

        A painter that is still loading after STOP seconds is ended: it can't be interrupted.
        """
        with self._state:
            order, painter = self._order, self._painter
            if order is None or painter is None or order.plan.id != id or order.asked:
                return
            order.asked = True
            painter.send(Stop(order.ticket))
            if not order.begun:
                painter.said.put(Seen(order.ticket, Ended("stopped", 0)))
                return

        def give_up() -> None:
            with self._state:
                if self._order is order and not order.painting:
                    painter.end()

        timer = threading.Timer(STOP, give_up)
        timer.daemon = True
        timer.start()

    def warm(self, plan: Plan, note: Callable[[float, int], None]) -> None:
        """Start the painter, and let it load and compile what a plan needs."""
        with self._state:
            self._note = note
            painter = self._ready()
        painter.send(Warm(plan))

    def machine(self) -> Machine | None:
        """Return what the painter computes with; waits for it to start, KNOWN seconds at most."""
        with self._state:
            painter = None if self._closed else self._ready()
        if painter:
            painter.known.wait(KNOWN)
        return painter and painter.machine

    def close(self) -> None:
        """Let the painter keep the run in flight, and end it."""
        with self._state:
            self._closed, painter = True, self._painter
        if painter is None:
            return
        painter.orders.close()
        try:
            painter.process.wait(CLOSE)
        except subprocess.TimeoutExpired:
            painter.end()


def _follow(painter: PainterProcess, order: _Order, see: See) -> Ended | Failed | None:
    """Pass on a run's events until its last, which is returned; None where the painter died."""
    while True:
        try:
            answer = painter.said.get(timeout=SILENCE)
        except queue.Empty:
            painter.end()
            minutes = f"{SILENCE / 60:.0f} minutes"
            return Failed(f"The painter said nothing for {minutes} and was ended.", "crash")
        if answer is None:
            painter.said.put(None)  # it stays dead, whoever asks next
            return None
        if answer.ticket != order.ticket:  # of a run that was given up
            continue
        if isinstance(answer, Begun):
            order.begun = True
            continue
        event = answer.event
        if isinstance(event, Ended | Failed):
            return event
        order.painting = order.painting or not isinstance(event, Fetching)
        see(event)


def _death(code: int, kept: int) -> str:
    """Say in a sentence how a painter ended, and what to try."""
    if code == -signal.SIGKILL:
        said = (
            "The painter was killed, most often because the memory was full: lower the cutouts, "
            "the picture's size or the number of lanes."
        )
    else:
        how = signal.Signals(-code).name if code < 0 else f"status {code}"
        said = f"The painter crashed ({how}); the server's log says more. Paint again to retry."
    return with_kept(said, kept)
