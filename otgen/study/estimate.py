"""What a study will cost, before it begins: time, room on the disk, downloads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from otgen.recipe.prompts import InputError
from otgen.run.plan import Plan, plan
from otgen.service.availability import amount, verdict
from otgen.service.executors.base import Executor
from otgen.service.limits import limits, memory
from otgen.service.pace import Pace, duration

LONG = 3600.0  # seconds of painting from which a study asks before it begins
_WARM = 300.0  # seconds that a painter may take to load and take a few steps
_LANE = 1.7e6  # bytes of a result's lane, measured with storybook's defaults and 2 to 6 prompts


class Estimate(NamedTuple):
    """What is still to be painted. seconds: with all slots, None where nobody knows.

    painters: seconds of them all together. size: bytes in the store. download: bytes of weights.
    """

    runs: int
    done: int
    seconds: float | None
    painters: float | None
    size: float
    download: int

    def __str__(self) -> str:
        here = f" ({self.done} are here)" if self.done else ""
        said = [f"{self.runs} {'run' if self.runs == 1 else 'runs'} to paint{here}"]
        if self.seconds is not None:
            together = "" if self.seconds == self.painters else (
                f", {duration(self.painters)} of all painters together"
            )  # fmt: skip
            said.append(f"about {duration(self.seconds)}{together}")
        said.append(f"about {amount(round(self.size))} in the store")
        if self.download:
            said.append(f"{amount(self.download)} to download")
        return f"{', '.join(said)}."


def check_room(plans: Sequence[Plan], painters: int) -> None:
    """Raise InputError if so many painters would take more memory than this machine has."""
    need, most = max(map(memory, plans), default=0.0), limits().memory
    if need * painters > most:
        raise InputError(
            f"{painters} painters would take about {amount(round(need * painters))} of memory, and "
            f"here they may take {amount(round(most))}: try --workers {max(1, int(most // need))}, "
            "or fewer cutouts or lanes."
        )


def estimate(plans: Sequence[Plan], done: int, executors: Sequence[Executor]):
    """Estimate what painting these plans costs, and load what paints them.

    A painter takes a few steps for each kind of model: results in the store may be of another
    machine, or of a busy hour. Raises InputError where weights can't be had.

    Args:
        done: runs of the study that are not to be painted.
    """
    pace, download = Pace(), 0
    for about in {each.models: each for each in plans}.values():
        can = verdict(about)
        if not can.can:
            raise InputError(can.sentence)
        download += can.download
    for about in {each.models: each for each in plans}.values():
        if not download:  # a warm-up would fetch it
            _warm(pace, about, executors[0])
    each = [pace.guess(each) for each in plans]
    painters = None if None in each else sum(each)
    slots = min(sum(executor.slots for executor in executors), max(len(plans), 1))
    size = sum(_LANE * len(each.settings.lanes) for each in plans)
    seconds = None if painters is None else painters / slots
    return Estimate(
        runs=len(plans), done=done, seconds=seconds, painters=painters, size=size, download=download
    )


def _warm(pace: Pace, about: Plan, executor: Executor) -> None:
    done = threading.Event()

    def note(seconds: float, steps: int) -> None:
        pace.note(short, seconds, steps)
        done.set()

    short = plan(replace(about.settings, steps=3))
    executor.warm(short, note)
    done.wait(_WARM)
