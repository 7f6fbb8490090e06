"""What a run may cost on this host, checked on its plan before it queues.

A public host, a Space, has visitors who don't know each other: each may have only so many runs in
the queue, and no run may take the machine from the others for long.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from otgen.recipe.prompts import InputError
from otgen.results.library import room
from otgen.run.plan import Plan
from otgen.service.availability import amount, memory_bytes
from otgen.service.pace import duration
from otgen.service.variables import whole

_CUTOUT = 1.77e6  # bytes of a cutout and lane in a step, measured with the small painters, on a CPU
_PIXEL = 500.0  # bytes of a pixel and lane when the pictures are drawn, measured with storybook
_BESIDE = 1.0e9  # bytes of the libraries and of what every run takes
_MOST = 9_999_999  # seconds, or runs: more than anybody means
_CGROUP = Path("/sys/fs/cgroup/memory.max")


class Limits(NamedTuple):
    """What a host allows.

    public: its visitors don't know each other. waiting: runs that one of them may have in the
    queue. seconds: that a run may paint, where its time is known. memory: bytes it may take.
    """

    public: bool
    waiting: int
    seconds: float
    memory: float


def limits() -> Limits:
    """Return what the environment allows: OTGEN_RUNS_EACH, OTGEN_LONGEST_RUN, OTGEN_MEMORY.

    Raises InputError.
    """
    public = "SPACE_ID" in os.environ
    said = os.environ.get("OTGEN_MEMORY")
    return Limits(
        public=public,
        waiting=whole("OTGEN_RUNS_EACH", 1, _MOST, 3 if public else 20),
        seconds=whole("OTGEN_LONGEST_RUN", 1, _MOST, 1800 if public else 604_800),
        memory=room(said, "OTGEN_MEMORY") if said else _machine_memory() * (0.7 if public else 0.9),
    )


def _machine_memory() -> float:
    """Return the bytes of memory that this process and its painter may have."""
    bounds = [float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))]
    with suppress(OSError, ValueError):  # "max" where there is no limit
        bounds.append(float(_CGROUP.read_text(encoding="ascii")))
    return min(bounds)


def memory(plan: Plan) -> float:
    """Estimate the bytes that a run takes on a CPU. An encoder that is downloaded takes more."""
    settings, lanes = plan.settings, len(plan.settings.lanes)
    step, picture = settings.cutouts * _CUTOUT, plan.height * plan.width * _PIXEL
    return _BESIDE + memory_bytes(plan.models) + lanes * max(step, picture)


def check(plan: Plan, allowed: Limits, seconds: Callable[[], float | None]) -> None:
    """Raise InputError if a run costs more than the host allows.

    Args:
        seconds: asked how long it paints; None where nobody knows.
    """
    need, settings = memory(plan), plan.settings
    if need > allowed.memory:
        raise InputError(
            f"The run would take about {amount(round(need))} of memory, and here it may take "
            f"{amount(round(allowed.memory))}: lower the cutouts ({settings.cutouts}), the number "
            f"of lanes ({len(settings.lanes)}) or the picture ({plan.width} x {plan.height})."
        )
    took = seconds()
    if took is not None and took > allowed.seconds:
        steps = max(1, int(settings.steps * allowed.seconds / took))
        raise InputError(
            f"The run would paint for about {duration(took)}, and here it may take "
            f"{duration(allowed.seconds)}: try {steps} steps, or fewer cutouts or lanes."
        )
