"""Runs in flight: a bounded queue, one worker thread, and what whoever watches may see.

One thread computes, so one run at a time holds the device. A run belongs to its id, not to whoever
asked for it: nobody has to watch it, and the same recipe asked for twice is run once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from pathlib import Path

from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings
from otgen.results.library import bring_start, prune, room, sweep
from otgen.results.result import ID, Saved, ending
from otgen.results.store import read, unfinished
from otgen.run.plan import plan
from otgen.service import availability
from otgen.service.availability import Verdict
from otgen.service.engine import engine
from otgen.service.job import Job, Status, keeper
from otgen.service.pace import Pace

LONGEST_QUEUE = 20
REMEMBERED = 20  # runs that are over and left nothing on disk

_UNKNOWN = "The run failed; the server's log says why. Try other settings."
_log = logging.getLogger(__name__)


class QueueFull(RuntimeError):
    """No more runs are taken; the message says so in a sentence."""


class Jobs:
    """The queue and its worker.

    Args:
        store: where results go. examples: a folder of results that are shipped: found, not written.
        limit: bytes that the store may take; beyond it the oldest results go.
    """

    def __init__(self, store: Path, examples: Path | None = None, limit: int | None = None) -> None:
        self.store, self._limit = store, room() if limit is None else limit
        found = sorted(examples.iterdir()) if examples and examples.is_dir() else []
        self.examples: tuple[Saved, ...] = tuple(filter(None, map(read, found)))
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: deque[Job] = deque()
        self._current: Job | None = None
        self.pace = Pace()
        self._changed = threading.Condition()
        self._closed = False
        self._cold = False  # whether the worker is to warm up
        self._worker = threading.Thread(target=self._work, name="otgen-worker", daemon=True)
        self._worker.start()

    def warm(self) -> None:
        """Let the worker load and compile the default painter before a run asks for it."""
        with self._changed:
            self._cold = True
            self._changed.notify_all()

    def ask(self, settings: Settings) -> Job:
        """Return the run of these settings: in flight, in the store, or new at the queue's end.

        Raises InputError and QueueFull.
        """
        planned = plan(settings)
        bring_start(self.store, planned.settings.start)
        with self._changed:
            known = self._jobs.get(planned.id)
            if known and not known.status.over:
                return known
            found = self.find(planned.id)
            if found and found.over:
                return Job(planned.id, planned.settings, _of(found))
            if len(self._queue) >= LONGEST_QUEUE:
                raise QueueFull(
                    f"{LONGEST_QUEUE} runs are waiting already: try again in a few minutes."
                )
            job = self._remember(Job(planned.id, planned.settings, plan=planned))
            self._queue.append(job)
            self._changed.notify_all()
            return job

    def verdict(self, settings: Settings) -> Verdict:
        """Say whether a run can be had on this machine.

        May take seconds: it looks for the hub and measures this machine. Raises InputError.
        """
        planned = plan(settings)
        return availability.verdict(planned, self.pace.of(planned))

    def get(self, id: str) -> Job | None:
        """Return a run in flight or over, or one made of what the store or the examples hold."""
        with self._changed:
            known = self._jobs.get(id)
        if known and not known.status.over:
            return known
        found = self.find(id)  # what it left may be deleted since, or another server went on
        if found:
            return Job(id, found.settings, _of(found))
        return known if known and known.status.saved is None else None

    def find(self, id: str) -> Saved | None:
        """Return the result on disk that has this id."""
        if not ID.fullmatch(id):
            return None
        shipped = next((example for example in self.examples if example.id == id), None)
        return shipped or read(self.store / id)

    def status(self, job: Job) -> Status:
        """Return a run's status, with its place and wait while it queues."""
        status = job.status
        if status.state != "queued":
            return status
        with self._changed:
            if job not in self._queue:
                return job.status
            place = self._queue.index(job) + 1
            if place == 1 and not self._current:
                return status  # only the warm-up, if anything, is in its way
            ahead = [self._left(other) for other in list(self._queue)[: place - 1]]
            ahead += [self._left(self._current)] if self._current else []
        known = None if None in ahead else sum(ahead)
        return status._replace(place=place, wait=known)

    def stop(self, id: str) -> None:
        """End a run and save what it made; unknown ids and runs that are over are left alone."""
        with self._changed:
            job = self._jobs.get(id)
            if job is None:
                return
            job.stopping.set()
            if job in self._queue:
                self._queue.remove(job)
                job.update(state="stopped")

    def close(self) -> None:
        """Stop the run in flight, forget those that queue, and wait for the worker to end."""
        with self._changed:
            self._closed = True
            waiting = [*self._queue, *([self._current] if self._current else [])]
            self._changed.notify_all()
        for job in waiting:
            self.stop(job.id)
        self._worker.join()

    def _left(self, job: Job) -> float | None:
        """Estimate the seconds that a run still needs."""
        if job.status.left is not None:
            return job.status.left
        return self.pace.seconds(job.plan)

    def _remember(self, job: Job) -> Job:
        self._jobs[job.id] = job
        self._jobs.move_to_end(job.id)
        over = [id for id, other in self._jobs.items() if other.status.over]
        for id in over[: max(0, len(over) - REMEMBERED)]:
            del self._jobs[id]
        return job

    def _work(self) -> None:
        sweep(self.store)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._cold or self._closed)
                if self._closed:
                    return
                cold, self._cold = self._cold, False
                job = self._current = None if cold else self._queue.popleft()
                if job:
                    job.update(state="loading")
            try:
                if job:
                    self._run(job)
                else:
                    _warm_up(self.pace)
            except Exception:
                _log.exception("run %s failed", job.id if job else "of the warm-up")
                if job:
                    job.update(state="failed", error=_UNKNOWN)
            with self._changed:
                self._current = None
                if job and job.status.saved and self._jobs.get(job.id) is job:
                    del self._jobs[job.id]  # it is found on disk from now on

    def _run(self, job: Job) -> None:
        """Paint and save, from where an earlier run of the same recipe stopped."""
        compare = engine().compare
        from otgen.guidance.loop import Diverged
        from otgen.results.store import save

        found = read(self.store / job.id)
        if found and found.over:  # another server was faster
            return job.update(**_of(found)._asdict())
        resume = unfinished(found) if found else None
        keep = keeper(lambda result: save(result, self.store))
        try:
            result = compare(job.plan, job.watch(), job.report, resume, keep)
        except (InputError, Diverged) as wrong:
            state = "diverged" if isinstance(wrong, Diverged) else "failed"
            return job.update(state=state, error=str(wrong))
        self.pace.note(job.plan, result.timings["paint"], result.steps + 1)
        job.update(
            step=result.steps, left=0.0, pictures=result.pictures, counts=result.record.counts[-1]
        )
        try:
            folder = save(result, self.store)
        except OSError as wrong:
            _log.exception("run %s was not saved", job.id)
            reason = wrong.strerror or "no reason given"
            return job.update(
                state="failed",
                error=f"The pictures are made but could not be saved ({reason}): try again later.",
            )
        job.update(state=ending(result), error=result.diverged, saved=read(folder))
        sweep(self.store)
        prune(self.store, self._limit, keep=job.id)


def _of(found: Saved) -> Status:
    """Return the status of a run that is over, from what it left."""
    steps, asked = found.steps, found.settings.steps
    return Status(ending(found), step=steps, steps=asked, saved=found, error=found.diverged)


def _warm_up(pace: Pace) -> None:
    """Take two steps of the default settings.

    Weights are loaded and the coupling is compiled in the first; the second is measured.
    """
    planned, seen = plan(Settings(prompts=(Prompt("a cat"), Prompt("a castle")), steps=2)), []
    engine().compare(planned, lambda snapshot: not seen.append(time.monotonic()))
    pace.note(planned, seen[1] - seen[0], 1)
