"""Painting in this process: the command line's executor, and a server's that is debugged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from otgen.run.events import Machine, See
from otgen.run.plan import Plan

_importing = threading.Lock()  # two threads that first import torch may meet half-made modules


def _painting():
    """Return the module that paints; torch and jax are imported by the first call."""
    with _importing:
        from otgen.run import painting
    return painting


class Inline:
    """Paints in the thread that asks, one run at a time."""

    slots = 1

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._machine: Machine | None = None

    def check(self, plan: Plan) -> None:
        """Refuse nothing."""

    def visited(self, plan: Plan) -> bool:
        """Return False: a run needs no visitor."""
        return False

    def run(self, plan: Plan, store: Path, see: See, stopping: threading.Event) -> None:
        """Paint a plan; it ends at the step after ``stopping`` is set."""
        with self._one:
            _painting().paint(plan, store, see, stopping.is_set)

    def stop(self, id: str) -> None:
        """Do nothing: the run looks by itself."""

    def warm(self, plan: Plan, note: Callable[[float, int], None]) -> None:
        """Load what paints in a thread of its own."""

        def load() -> None:
            with self._one:
                note(*_painting().warmed(plan))

        threading.Thread(target=load, name="otgen-warm-up", daemon=True).start()

    def machine(self) -> Machine | None:
        """Return what this process computes with; it is measured while nothing is painted."""
        with self._one:
            if self._machine is None:
                _painting()
                from otgen.run.machine import measured

                self._machine = measured()
        return self._machine

    def close(self) -> None:
        """Do nothing: runs end with whoever asked for them."""
