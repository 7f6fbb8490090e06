"""Experiments in flight: runs asked for one after another, so that others get their turn between.

Where an executor paints several runs at once, as many are asked for as it has room for.

A series belongs to its runs, not to whoever asked for it: nobody has to watch it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from otgen.recipe.experiments import Step, settings_of, steps_of
from otgen.recipe.prompts import InputError
from otgen.recipe.settings import Settings
from otgen.run.plan import Plan, plan
from otgen.service.job import Job, Status
from otgen.service.queue import Jobs, QueueFull

MOST = 5  # series in flight; each has one run in the queue, more only where they begin at once
LOOK = 0.2  # seconds between two looks at the runs that a series waits for
AGAIN = 2.0  # seconds until a full queue is asked again


class Series:
    """An experiment's runs. Any thread may read it; only its own thread changes it.

    plans: of the runs, one a step. jobs: a run a step, None until it is asked for.
    over: nothing will change any more. error: why it ended early, in a sentence.
    """

    def __init__(
        self, kind: str, settings: Settings, steps: tuple[Step, ...], plans: tuple[Plan, ...]
    ) -> None:
        self.kind, self.settings, self.steps, self.plans = kind, settings, steps, plans
        self.jobs: list[Job | None] = [None] * len(steps)
        self.stopping = threading.Event()
        self.over = True
        self.error = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the runs."""
        return tuple(planned.id for planned in self.plans)

    @property
    def complete(self) -> bool:
        """Tell whether every run is painted, to its end or until it diverged."""
        return all(job is not None and painted(job.status) for job in self.jobs)


def painted(status: Status) -> bool:
    """Tell whether a run of an experiment is not to be asked for again."""
    return status.state == "done" or (status.state == "diverged" and status.saved is not None)


class SeriesOf:
    """The experiments on one set of runs."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._flying: dict[tuple[str, tuple[str, ...]], Series] = {}
        self._lock = threading.Lock()

    def find(self, kind: str, settings: Settings) -> Series:
        """Return an experiment: in flight, or with what is here of it. Raises InputError."""
        base = plan(settings_of(kind, settings)).settings
        steps = steps_of(kind, base)
        series = Series(kind, base, steps, tuple(plan(step.settings) for step in steps))
        with self._lock:
            flying = self._flying.get((kind, series.ids))
        if flying:
            return flying
        series.jobs = [self._jobs.get(id) for id in series.ids]
        return series

    def ask(self, kind: str, settings: Settings) -> Series:
        """Return an experiment and see to it that it is painted. Raises InputError, QueueFull."""
        series = self.find(kind, settings)
        key = (kind, series.ids)
        with self._lock:
            if key in self._flying:
                return self._flying[key]
            if series.complete:
                return series
            if len(self._flying) >= MOST:
                raise QueueFull(
                    f"{MOST} experiments are being painted already: try again in a few minutes."
                )
            series.over = False
            self._flying[key] = series
        threading.Thread(
            target=self._work, args=(key, series), name="otgen-series", daemon=True
        ).start()
        return series

    def stop(self, kind: str, ids: tuple[str, ...]) -> None:
        """End an experiment and the runs that it waits for; what is painted stays."""
        with self._lock:
            series = self._flying.get((kind, ids))
        if series:
            series.stopping.set()

    def _work(self, key: tuple[str, tuple[str, ...]], series: Series) -> None:
        asked: list[tuple[Step, Job]] = []
        try:
            for place, step in enumerate(series.steps):
                self._wait(series, asked, lambda flying: not flying or self._jobs.room())
                job = None if series.error else self._ask(series, step.settings)
                if job is None:
                    break
                series.jobs[place] = job
                asked.append((step, job))
            self._wait(series, asked, lambda flying: not flying)
        except InputError as wrong:
            series.error = str(wrong)
        finally:
            with self._lock:
                del self._flying[key]
            series.over = True

    def _ask(self, series: Series, settings: Settings) -> Job | None:
        """Ask for a run until the queue takes it; None where the series was stopped meanwhile."""
        while not series.stopping.is_set():
            try:
                return self._jobs.ask(settings)
            except QueueFull:
                series.stopping.wait(AGAIN)
        return None

    def _wait(
        self,
        series: Series,
        asked: list[tuple[Step, Job]],
        enough: Callable[[list[Job]], object],
    ) -> None:
        """Wait until those of the asked runs that are in flight are ``enough``.

        Note the error of one that was not painted; what diverged does not keep others from it.
        """
        while not enough(flying := [job for _, job in asked if not job.status.over]):
            time.sleep(LOOK)
            if series.stopping.is_set():
                for job in flying:
                    self._jobs.stop(job.id)
        for step, job in asked:
            status = job.status
            lost = status.over and status.state not in ("done", "diverged")
            if lost and not series.error and not series.stopping.is_set():
                series.error = status.error or f"The run of {step.title} was stopped."
