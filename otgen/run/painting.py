"""Paint a plan into a store: what every painter does, wherever it runs."""

from __future__ import annotations

import io
import logging
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from otgen.guidance.loop import Diverged, Snapshot
from otgen.recipe.prompts import InputError
from otgen.results.result import Result, ending
from otgen.results.saving import save
from otgen.results.store import read, unfinished
from otgen.run.comparison import compare, uint8
from otgen.run.events import CRASHED, Ended, Failed, Fetching, Preview, See, Step
from otgen.run.plan import Plan
from otgen.run.recorder import FRAME, nearest_counts

GLANCE = 0.3  # seconds between two previews
KEEP = 2.0  # seconds at least between two checkpoints,
KEEP_PART = 0.05  # which take this part of a run's time at most
_WINDOW = 20  # steps that the speed is measured over

_log = logging.getLogger(__name__)
Save = Callable[[Result, Path], object]


class _Stopped(Exception):
    """A run was stopped before its first step."""


def paint(
    plan: Plan,
    store: Path,
    see: See,
    stopped: Callable[[], bool] = lambda: False,
    keeps: Save | None = None,
) -> None:
    """Paint a plan into a store, from its checkpoint where there is one.

    Args:
        see: called with each event; the last is an Ended or a Failed.
        stopped: asked at each step and at each report of a download.
        keeps: called with each checkpoint and the result, and with the store, instead of ``save``.
            It may raise OSError.
    """
    try:
        see(_painted(plan, store, see, stopped, keeps or save))
    except _Stopped:
        see(Ended("stopped", 0))
    except InputError as wrong:
        see(Failed(str(wrong), "input"))
    except Diverged as wrong:
        see(Failed(str(wrong), "diverged"))
    except Exception:
        _log.exception("run %s failed", plan.id)
        see(Failed(CRASHED, "crash"))


def _painted(
    plan: Plan, store: Path, see: See, stopped: Callable[[], bool], keeps: Save
) -> Ended | Failed:
    def report(what: str, here: int, total: int) -> None:
        see(Fetching(what, here, total))
        if stopped():
            raise _Stopped

    saved = read(store / plan.id)
    if saved and saved.over:  # another server was faster
        return Ended(ending(saved), saved.steps, why=saved.diverged)
    resume = unfinished(saved) if saved else None
    watch = _watcher(plan, see, stopped)
    result = compare(plan, watch, report, resume, _keeper(lambda now: keeps(now, store)))
    try:
        keeps(result, store)
    except OSError as wrong:
        _log.exception("run %s was not saved", plan.id)
        reason = wrong.strerror or "no reason given"
        return Failed(
            f"The pictures are made but could not be saved ({reason}): try again later.", "store"
        )
    seconds = result.timings["paint"]
    return Ended(ending(result), result.steps, seconds, result.notes, result.diverged)


def _watcher(plan: Plan, see: See, stopped: Callable[[], bool]) -> Callable[[Snapshot], bool]:
    """Return the function that ``compare`` calls with each snapshot."""
    recent: deque[tuple[float, int]] = deque(maxlen=_WINDOW)
    steps, shown = plan.settings.steps, -GLANCE

    def watch(snapshot: Snapshot) -> bool:
        nonlocal shown
        now = time.monotonic()
        recent.append((now, snapshot.step))
        (since, first), speed, left = recent[0], None, None
        if snapshot.step > first:
            speed = (snapshot.step - first) / max(now - since, 1e-6)
            left = (steps - snapshot.step) / speed
        see(Step(snapshot.step, speed, left))
        if now - shown >= GLANCE or snapshot.step == steps:
            shown = now
            see(_preview(snapshot, last=snapshot.step == steps))
        return not stopped()

    return watch


def _preview(snapshot: Snapshot, last: bool) -> Preview:
    # While a run goes on, its pictures are no larger than the recorder keeps them.
    pictures = snapshot.show(None if last else FRAME)
    return Preview(
        step=snapshot.step,
        pictures=tuple(map(_webp, uint8(pictures))),
        counts=tuple(
            map(tuple, nearest_counts(snapshot.loss.cost, snapshot.loss.weights).tolist())
        ),
        losses=tuple(snapshot.loss.value.tolist()),
    )


def _webp(picture: np.ndarray) -> bytes:
    """Encode a picture [h, w, 3] uint8: a few kilobytes in a few milliseconds."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=90, method=0)
    return buffer.getvalue()


def _keeper(save: Callable[[Result], object]) -> Callable[[Callable[[], Result]], None]:
    """Return a function that checkpoints a run periodically, so that it can resume if it dies."""
    due = time.monotonic() + KEEP

    def keep(so_far: Callable[[], Result]) -> None:
        nonlocal due
        began = time.monotonic()
        if began < due:
            return
        try:
            save(so_far())
        except Exception:  # the run may still end well, and says it if not
            _log.warning("a checkpoint was not saved", exc_info=True)
        now = time.monotonic()
        due = now + max(KEEP, (now - began) / KEEP_PART)

    return keep


def warmed(plan: Plan) -> tuple[float, int]:
    """Run a plan without saving it; return the seconds of so many plain steps, and how many.

    Weights are loaded and the coupling is compiled in the first step. In the next ones a storybook
    looks at all its things; most steps of a real run take about as long as the shortest of three.
    """
    seen: list[float] = []
    compare(plan, lambda snapshot: not seen.append(time.monotonic()))
    steps = len(seen) - 1
    return steps * min(after - before for before, after in pairwise(seen)), steps
