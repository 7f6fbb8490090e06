"""Runs in flight: a bounded queue, the threads that work it off, and the status of each run.

An executor paints as many runs at once as it has slots. A run belongs to its id, not to the page
that asked for it: it continues if nobody watches, and a recipe that is asked for twice runs once.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from functools import partial
from pathlib import Path

from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.results import uploads
from otgen.results.library import bring, prune, room, sweep
from otgen.results.result import ID, Saved
from otgen.results.store import read
from otgen.run.events import CRASHED, Ended, Event, Failed
from otgen.run.plan import plan
from otgen.service.admission import admit
from otgen.service.cost import Cost
from otgen.service.executors.base import Executor
from otgen.service.job import Job, Status, over
from otgen.service.limits import Limits, limits

REMEMBERED = 20  # runs that are over and left nothing on disk

_WARM_UP = Settings(prompts=(Prompt("a cat"), Prompt("a castle")), steps=3)
_log = logging.getLogger(__name__)


class Jobs:
    """The queue, and the threads that hand its runs to an executor.

    Args:
        store: where results go. executor: what paints; closed with the queue. examples: a folder
            of results that are shipped: found, not written. limit: bytes that the store may take;
            beyond it the oldest results are deleted. allowed: what a run may cost.
    """

    def __init__(
        self,
        store: Path,
        executor: Executor,
        examples: Path | None = None,
        limit: int | None = None,
        allowed: Limits | None = None,
    ) -> None:
        self.store, self._limit = store, room() if limit is None else limit
        folders = sorted(examples.iterdir()) if examples and examples.is_dir() else []
        self.examples: tuple[Saved, ...] = tuple(filter(None, map(read, folders)))
        self._executor, self._allowed = executor, allowed or limits()
        self.cost = Cost(executor, self._allowed)
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: deque[Job] = deque()
        self._untaken: list[Job] = []  # to be painted in their visitors' events
        self._running: list[Job] = []
        self._changed = threading.Condition()
        self._closed = False
        self._workers = [
            threading.Thread(
                target=self._work, args=(slot,), name=f"otgen-worker-{slot}", daemon=True
            )
            for slot in range(executor.slots)
        ]
        for worker in self._workers:
            worker.start()

    def warm(self) -> None:
        """Let the executor load and compile the default painter before a run asks for it."""
        planned = plan(_WARM_UP)
        self._executor.warm(planned, partial(self.cost.pace.note, planned))

    def ask(self, settings: Settings, visitor: str = "") -> Job:
        """Return the run of these settings: in flight, in the store, or new at the queue's end.

        Raises InputError and QueueFull.

        Args:
            visitor: the page that asks, "" if this server asks; see ``take``.
        """
        planned = plan(settings)
        missing = bring(self.store, planned.settings, self.find)
        saved = self.find(planned.id)
        refused = None if saved and saved.over else self.cost.refusal(planned)
        with self._changed:
            known = self._jobs.get(planned.id)
            if known and not known.status.over:
                known.visitors.add(visitor)
                return known
            if saved and saved.over:
                return Job(planned.id, planned.settings, over(saved))
            if missing:
                raise uploads.missing(min(missing))
            if refused:
                raise refused
            visited = self._executor.visited(planned)
            waiting = [*self._queue, *self._untaken]
            admit(planned, visitor, visited, waiting, self._allowed.waiting)
            job = self._remember(Job(planned.id, planned.settings, plan=planned))
            job.visitors.add(visitor)
            (self._untaken if visited else self._queue).append(job)
            self._changed.notify_all()
            return job

    def room(self) -> int:
        """Return how many runs more would begin at once."""
        with self._changed:
            return max(0, len(self._workers) - len(self._running) - len(self._queue))

    def take(self, job: Job) -> bool:
        """Return True to one caller, who is to ``paint`` the run in its visitor's event."""
        with self._changed:
            if job not in self._untaken:
                return False
            self._untaken.remove(job)
            self._begin(job)
            return True

    def paint(self, job: Job) -> None:
        """Paint a run that was taken; return when it is over."""
        try:
            self._run(job)
        except Exception:
            _log.exception("run %s failed", job.id)
            job.update(state="failed", error=CRASHED)
        with self._changed:
            self._running.remove(job)
            if job.status.saved and self._jobs.get(job.id) is job:
                del self._jobs[job.id]  # it is found on disk from now on

    def _begin(self, job: Job) -> None:
        self._running.append(job)
        job.update(state="loading")

    def get(self, id: str) -> Job | None:
        """Return a run in flight or over, or one made of what the store or the examples hold."""
        with self._changed:
            known = self._jobs.get(id)
        if known and not known.status.over:
            return known
        saved = self.find(id)  # what it left may be deleted since, or another server went on
        if saved:
            return Job(id, saved.settings, over(saved))
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
            place, slots = self._queue.index(job) + 1, len(self._workers)
            if place <= slots - len(self._running):
                return status  # a worker takes it up at this moment
            before = [self._left(other) for other in list(self._queue)[: place - 1]]
            ahead = [*before, *map(self._left, self._running)]
        known = None if None in ahead else sum(ahead) / slots
        return status._replace(place=place, wait=known)

    def stoppable(self, job: Job, visitor: str) -> bool:
        """Tell whether a page may end a run: on a public host only one that asked for it."""
        return not self._allowed.public or visitor in job.visitors

    def stop(self, id: str, visitor: str = "") -> bool:
        """End a run and save what it made; unknown ids and runs that are over are ignored.

        Return False if it goes on, because another page waits for it too.

        Args:
            visitor: the page that stops waiting for it; "" if this server asks.
        """
        with self._changed:
            job = self._jobs.get(id)
            if job is None:
                return True
            if visitor and self._allowed.public and job.visitors - {visitor}:
                job.visitors.discard(visitor)
                return False
            job.stopping.set()
            for waiting in (self._queue, self._untaken):
                if job in waiting:
                    waiting.remove(job)
                    job.update(state="stopped")
        self._executor.stop(id)
        return True

    def in_flight(self) -> frozenset[str]:
        """Return the ids of the runs that wait or are being painted."""
        with self._changed:
            return frozenset(job.id for job in self._all())

    def _all(self) -> list[Job]:
        return [*self._queue, *self._untaken, *self._running]

    def close(self) -> None:
        """Stop the runs in flight, drop the queue, and end the executor."""
        with self._changed:
            self._closed = True
            waiting = self._all()
            self._changed.notify_all()
        for job in waiting:
            self.stop(job.id)
        self._executor.close()
        for worker in self._workers:
            worker.join()

    def _left(self, job: Job) -> float | None:
        """Estimate the seconds that a run still needs."""
        if job.status.left is not None:
            return job.status.left
        return self.cost.pace.seconds(job.plan)

    def _remember(self, job: Job) -> Job:
        self._jobs[job.id] = job
        self._jobs.move_to_end(job.id)
        ended = [id for id, other in self._jobs.items() if other.status.over]
        for id in ended[: max(0, len(ended) - REMEMBERED)]:
            del self._jobs[id]
        return job

    def _work(self, slot: int) -> None:
        if slot == 0:
            sweep(self.store)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if self._closed:
                    return
                job = self._queue.popleft()
                self._begin(job)
            self.paint(job)

    def _run(self, job: Job) -> None:
        """Paint a run, from the checkpoint of an earlier one of the same recipe if there is one."""
        last: list[Ended | Failed] = []

        def see(event: Event) -> None:
            if isinstance(event, Ended | Failed):
                last.append(event)
            else:
                job.see(event)

        self._executor.run(job.plan, self.store, see, job.stopping)
        (ended,) = last
        if isinstance(ended, Failed):
            state = "diverged" if ended.kind == "diverged" else "failed"
            return job.update(state=state, error=ended.error)
        if ended.seconds:
            self.cost.pace.note(job.plan, ended.seconds, ended.steps + 1)
        saved = read(self.store / job.id) if ended.steps or ended.seconds else None
        job.update(state=ended.state, step=ended.steps, left=0.0, saved=saved, error=ended.why)
        sweep(self.store, job.id)
        prune(self.store, self._limit, keep=job.id)
