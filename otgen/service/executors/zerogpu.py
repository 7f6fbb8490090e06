"""Painting on ZeroGPU, where a visitor's event borrows a GPU for some seconds.

What ships is painted by a painter process on the CPU, at nobody's quota. What needs a GPU is
painted in a call of ``spaces.GPU``, which runs in a fork of this process:

- It must be called inside the visitor's Gradio event, whose request carries the visitor's quota.
- Models are loaded before the call, here: time in the call is the visitor's.
- This process never runs JAX: after that, a fork of it would hang.
- A call is given its seconds beforehand. It stops by itself before they end, so that what it made
  is kept; if it is killed nonetheless, the last checkpoint is there.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from otgen.recipe.prompts import InputError
from otgen.results.result import ending
from otgen.results.store import read
from otgen.run.events import Ended, Event, Failed, Fetching, Machine, See
from otgen.run.plan import Plan
from otgen.service.availability import weighs, work
from otgen.service.executors.base import steps_kept
from otgen.service.executors.process import Process
from otgen.service.pace import Pace, duration

LONGEST = 120  # seconds of a call, unless OTGEN_GPU_SECONDS says otherwise: a visitor's whole day
# 1e12 operations a second, until a run was measured. A whole H100 does 53 to 56 (bench/RESULTS.md).
SPEED = 40.0
_MARGIN = 1.3  # of a call's seconds over the estimate,
_BESIDE = 10.0  # and seconds for moving the models to the GPU, compiling and saving
_LAST = 4.0  # seconds before the end of a call, in which what was made is kept
_log = logging.getLogger(__name__)


class ZeroGPU:
    """Paints what needs a GPU in the event of the visitor who asks, what ships beside it.

    Args:
        gpu: ``spaces.GPU``. longest: seconds that a call may take.
    """

    def __init__(self, gpu: Callable, longest: int = LONGEST) -> None:
        self._small = Process(environment={"CUDA_VISIBLE_DEVICES": ""})
        self.slots = self._small.slots
        self._longest, self._pace = longest, Pace()
        self._call = gpu(duration=lambda plan, store, seconds: seconds)(_paint)
        self._loading = threading.Lock()

    def check(self, plan: Plan) -> None:
        """Raise InputError if a run takes longer than a call may."""
        needed = self._seconds(plan)
        if not weighs(plan) or needed <= self._longest:
            return
        settings = plan.settings
        steps = int(settings.steps * (self._longest / _MARGIN - _BESIDE) / self._painting(plan))
        raise InputError(
            f"The run needs about {duration(needed)} of a GPU, and a call of this Space may take "
            f"{duration(self._longest)}: try {max(steps, 1)} steps, fewer cutouts, a smaller "
            "picture or one lane."
        )

    def visited(self, plan: Plan) -> bool:
        """Tell whether a run has to be painted in the event of the visitor who asks for it."""
        return weighs(plan)

    def run(self, plan: Plan, store: Path, see: See, stopping: threading.Event) -> None:
        """Paint a plan; where it needs a GPU, in the thread of a visitor's event."""
        if not weighs(plan):
            return self._small.run(plan, store, see, stopping)
        return see(self._borrowed(plan, store, see, stopping))

    def _borrowed(
        self, plan: Plan, store: Path, see: See, stopping: threading.Event
    ) -> Ended | Failed:
        saved = read(store / plan.id)
        if saved and saved.over:
            return Ended(ending(saved), saved.steps, why=saved.diverged)
        try:
            self._load(plan, see, stopping)
        except _Stopped:
            return Ended("stopped", 0)
        except InputError as wrong:
            return Failed(str(wrong), "input")
        seconds = min(self._seconds(plan), self._longest)
        events = self._call(plan, store, seconds)
        try:
            for event in events:
                if isinstance(event, Ended | Failed):
                    return self._noted(plan, event)
                see(event)
                if stopping.is_set():
                    events.close()  # it returns once the fork has kept what it made
                    return Ended("stopped", steps_kept(store, plan))
        except Exception as wrong:  # spaces raises gr.Error: no quota, no GPU, out of time
            _log.warning("the call of run %s ended early", plan.id, exc_info=True)
            return _refused(wrong, steps_kept(store, plan))
        return _refused(None, steps_kept(store, plan))

    def _noted(self, plan: Plan, event: Ended | Failed) -> Ended | Failed:
        if isinstance(event, Failed):
            return event
        if event.seconds:
            self._pace.note(plan, event.seconds, event.steps + 1)
        if event.state == "stopped":
            return event._replace(
                why="The GPU seconds of this call are used up. Continue takes a new one."
            )
        return event

    def _load(self, plan: Plan, see: See, stopping: threading.Event) -> None:
        """Download and load the models that the fork then finds in memory."""
        from otgen.models.downloads import fetch
        from otgen.run.pool import encoder_of, generator_of

        def report(what: str, here: int, total: int) -> None:
            see(Fetching(what, here, total))
            if stopping.is_set():
                raise _Stopped

        with self._loading:
            for name in plan.models:
                fetch(name, report)
            generator_of(plan.settings.generator)
            encoder_of(plan.encoder)

    def _painting(self, plan: Plan) -> float:
        """Return the seconds that a run's steps take, measured or guessed."""
        measured = self._pace.seconds(plan)
        if measured is not None:
            return measured
        operations = work(plan)
        return operations / SPEED if operations is not None else 0.0

    def _seconds(self, plan: Plan) -> int:
        """Return the seconds to ask for."""
        return round(_MARGIN * (self._painting(plan) + _BESIDE))

    def stop(self, id: str) -> None:
        """End a run of the painter process; a call looks by itself."""
        self._small.stop(id)

    def warm(self, plan: Plan, note: Callable[[float, int], None]) -> None:
        """Start the painter process."""
        self._small.warm(plan, note)

    def machine(self) -> Machine | None:
        """Return what the calls compute with."""
        return Machine("cuda", 0.0)

    def close(self) -> None:
        """End the painter process; calls end with their events."""
        self._small.close()


class _Stopped(Exception):
    """A run was stopped while its models were loaded."""


def _paint(plan: Plan, store: Path, seconds: int) -> Iterator[Event]:
    """Paint in the fork: yield events as they come, and stop in time.

    When the generator is closed, because the visitor stopped the run or went away, it returns once
    what was made is kept.
    """
    from otgen.run.painting import paint

    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    ending, end = threading.Event(), time.monotonic() + seconds - _LAST

    def stopped() -> bool:
        return ending.is_set() or time.monotonic() > end

    worker = threading.Thread(target=paint, args=(plan, store, events.put, stopped), daemon=True)
    worker.start()
    try:
        while True:
            event = events.get()
            yield event
            if isinstance(event, Ended | Failed):
                return
    finally:
        ending.set()
        worker.join(_LAST)


def _refused(wrong: Exception | None, kept: int) -> Ended | Failed:
    """Say why a call ended before the run did."""
    said = str(getattr(wrong, "message", "") or "")
    low = said.lower()
    if "quota" in low:
        why = (
            "ZeroGPU refuses the call: the GPU time that you have today is less than it needs. Log "
            "in to Hugging Face for more, wait until tomorrow, or take the storybook, which needs "
            "none."
        )
    elif "abort" in low or "timeout" in low or "expired" in low or not said:
        why = "ZeroGPU ended the call before the run was done: try again."
    else:
        why = f"ZeroGPU refuses the call: {said[:200]}"
    if kept:
        return Ended("stopped", kept, why=f"{why} Step {kept} is kept.")
    return Failed(why, "crash")
