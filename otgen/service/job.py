"""One run, and what is known of it at any moment."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from otgen.recipe.settings import Settings
from otgen.results.result import Saved, ending
from otgen.run.events import Event, Fetching, Preview, Step
from otgen.run.plan import Plan

_LOOKS = 240  # looks that a trace keeps, at most; above it, every second one goes


class Trace(NamedTuple):
    """How a run went so far, at k of its steps: [k], losses [k, L], counts [k, L, m]."""

    steps: np.ndarray
    losses: np.ndarray
    counts: np.ndarray


class Status(NamedTuple):
    """What is known of a run at one moment; never changed, only replaced.

    Args:
        state: "queued", "loading", "running", "done", "stopped", "diverged" or "failed".
        place: in the queue; 1 is next, 0 where no other run is ahead.
        wait, left: seconds until the start and until the end; None where unknown.
        step, steps: done and asked for. speed: steps per second.
        pictures: of the latest preview, a WebP a lane.
        counts: [L, m], cutouts nearest to each prompt, of the same.
        trace: the run so far, up to the same.
        fetched: how far a download is.
        saved: the result, where there is one. error: why it failed, where it diverged, or why it
            was stopped where nobody asked for that, in a sentence.
    """

    state: str = "queued"
    place: int = 0
    wait: float | None = None
    step: int = 0
    steps: int = 0
    speed: float | None = None
    left: float | None = None
    pictures: tuple[bytes, ...] | None = None
    counts: np.ndarray | None = None
    trace: Trace | None = None
    fetched: Fetching | None = None
    saved: Saved | None = None
    error: str = ""

    @property
    def over(self) -> bool:
        """Tell whether nothing will change any more."""
        return self.state in ("done", "stopped", "diverged", "failed")


def over(saved: Saved) -> Status:
    """Return the status of a run that is over, from what it left."""
    steps, asked = saved.steps, saved.settings.steps
    return Status(ending(saved), step=steps, steps=asked, saved=saved, error=saved.diverged)


class Job:
    """A run, in flight or over. Any thread may read ``status``; only ``update`` replaces it.

    plan: what is run, None where the run lies on disk already.
    """

    def __init__(
        self,
        id: str,
        settings: Settings,
        status: Status | None = None,
        plan: Plan | None = None,
    ) -> None:
        self.id, self.settings, self.plan = id, settings, plan
        self.status = status or Status(steps=settings.steps)
        self.stopping = threading.Event()
        self.visitors: set[str] = set()  # who asked for it, and waits for it
        self._looks: list[tuple] = []  # steps, losses and counts of previews

    def update(self, **changes) -> None:
        """Replace the status: one assignment, so a reader sees all of the changes or none."""
        self.status = self.status._replace(**changes)

    def see(self, event: Event) -> None:
        """Update the status from an event of the run."""
        match event:
            case Fetching():
                self.update(fetched=event)
            case Step():
                self.update(state="running", step=event.step, speed=event.speed, left=event.left)
            case Preview():
                if len(self._looks) >= _LOOKS:
                    del self._looks[1::2]
                self._looks.append((event.step, event.losses, event.counts))
                trace = Trace(*map(np.array, zip(*self._looks, strict=True)))
                self.update(pictures=event.pictures, counts=trace.counts[-1], trace=trace)
