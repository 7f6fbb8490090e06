"""One run, and what is known of it at any moment."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from otgen.recipe.settings import Settings
from otgen.results.result import Result, Saved
from otgen.run.plan import Plan

GLANCE = 0.3  # seconds between two previews
KEEP = 2.0  # seconds at least between two saves of a run in flight,
KEEP_PART = 0.05  # which take this part of its time at most
_WINDOW = 20  # steps that the speed is measured over
_LOOKS = 240  # looks that a trace keeps, at most; above it, every second one goes


class Trace(NamedTuple):
    """How a run went so far, at k of its steps: [k], losses [k, L], counts [k, L, m]."""

    steps: np.ndarray
    losses: np.ndarray
    counts: np.ndarray


_log = logging.getLogger(__name__)


class Status(NamedTuple):
    """What is known of a run at one moment; never changed, only replaced.

    Args:
        state: "queued", "loading", "running", "done", "stopped", "diverged" or "failed".
        place: in the queue; 1 is next, 0 where no other run is ahead.
        wait, left: seconds until the start and until the end; None where unknown.
        step, steps: done and asked for. speed: steps per second.
        pictures: [L, h, w, 3] uint8, of the latest preview.
        counts: [L, m], cutouts nearest to each prompt, of the same.
        trace: the run so far, up to the same.
        fetched: what is being downloaded, bytes that are here, bytes in all.
        saved: the result, where there is one. error: why it failed or where it diverged, in a
            sentence.
    """

    state: str = "queued"
    place: int = 0
    wait: float | None = None
    step: int = 0
    steps: int = 0
    speed: float | None = None
    left: float | None = None
    pictures: np.ndarray | None = None
    counts: np.ndarray | None = None
    trace: Trace | None = None
    fetched: tuple[str, int, int] | None = None
    saved: Saved | None = None
    error: str = ""

    @property
    def over(self) -> bool:
        """Tell whether nothing will change any more."""
        return self.state in ("done", "stopped", "diverged", "failed")


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

    def update(self, **changes) -> None:
        """Replace the status: one assignment, so a reader sees all of the changes or none."""
        self.status = self.status._replace(**changes)

    def report(self, what: str, here: int, total: int) -> None:
        """Note how far a download of weights is, in bytes."""
        self.update(fetched=(what, here, total))

    def watch(self):
        """Return the function that ``comparison.compare`` calls with each snapshot."""
        from otgen.run.comparison import uint8
        from otgen.run.recorder import nearest

        recent: deque[tuple[float, int]] = deque(maxlen=_WINDOW)
        looks: list[tuple[int, np.ndarray, np.ndarray]] = []
        shown = -GLANCE

        def look(snapshot) -> bool:
            nonlocal shown
            now, steps = time.monotonic(), self.settings.steps
            recent.append((now, snapshot.step))
            (since, first), past = recent[0], {}
            if snapshot.step > first:
                speed = (snapshot.step - first) / max(now - since, 1e-6)
                past = {"speed": speed, "left": (steps - snapshot.step) / speed}
            if now - shown >= GLANCE:
                shown = now
                counts = nearest(snapshot.loss.cost).cpu().numpy()  # [L, m]
                if len(looks) >= _LOOKS:
                    del looks[1::2]
                looks.append((snapshot.step, snapshot.loss.value.cpu().numpy(), counts))
                trace = Trace(*map(np.array, zip(*looks, strict=True)))
                past |= {"pictures": uint8(snapshot.show()), "counts": counts, "trace": trace}
            self.update(state="running", step=snapshot.step, **past)
            return not self.stopping.is_set()

        return look


def keeper(save: Callable[[Result], object]) -> Callable[[Callable[[], Result]], None]:
    """Return what saves a run in flight now and then, so that it goes on from there if killed."""
    due = time.monotonic() + KEEP

    def keep(so_far: Callable[[], Result]) -> None:
        nonlocal due
        began = time.monotonic()
        if began < due:
            return
        try:
            save(so_far())
        except Exception:  # the run may still end well, and says it if not
            _log.warning("a run in flight was not saved", exc_info=True)
        now = time.monotonic()
        due = now + max(KEEP, (now - began) / KEEP_PART)

    return keep
