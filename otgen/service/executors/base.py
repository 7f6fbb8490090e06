"""The interface of executors: whatever paints a plan, and tells events of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from otgen.results.store import read
from otgen.run.events import Machine, See
from otgen.run.plan import Plan

_ROOT = Path(__file__).resolve().parents[3]


class Executor(Protocol):
    """Paints plans into a store. Its methods may be called from any thread.

    slots: runs that it can paint at once.
    """

    slots: int

    def check(self, plan: Plan) -> None:
        """Raise InputError where a run can't be painted here for what it costs."""

    def visited(self, plan: Plan) -> bool:
        """Tell whether a run has to be painted in the event of the visitor who asks for it."""

    def run(self, plan: Plan, store: Path, see: See, stopping: threading.Event) -> None:
        """Paint a plan from its checkpoint in the store, if any, and return when it is over.

        Args:
            see: called with each event; the last is an Ended or a Failed.
            stopping: set where the run is to end and to keep what it made. ``stop`` follows.
        """

    def stop(self, id: str) -> None:
        """End a run. Ids of other runs are ignored."""

    def warm(self, plan: Plan, note: Callable[[float, int], None]) -> None:
        """Load what paints, by a run of a plan that is not saved; return at once.

        ``note`` is called with the seconds that some steps took.
        """

    def machine(self) -> Machine | None:
        """Return what paints, None where that is not known yet."""

    def close(self) -> None:
        """Stop what is in flight, and end the painters."""


def import_path() -> str:
    """Return a PYTHONPATH by which another process finds this otgen, whatever folder it is in."""
    return os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))


def with_kept(said: str, kept: int) -> str:
    """Append to a sentence the step up to which a run is kept."""
    return f"{said} Step {kept} is kept: paint again to go on from there." if kept else said


def steps_kept(store: Path, plan: Plan) -> int:
    """Return the steps of a run that are in the store."""
    saved = read(store / plan.id)
    return saved.steps if saved else 0
