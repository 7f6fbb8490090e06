"""What happens in a run, as plain data: painters send these events to whoever asked for the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

State = Literal["done", "diverged", "stopped"]
Kind = Literal["input", "diverged", "store", "crash"]


class Machine(NamedTuple):
    """What paints.

    device: "cpu" or a GPU's type, "" where none can be used. speed: of the CPU, 1e12 operations a
    second. note: a sentence on a GPU that is not used, or "".
    """

    device: str
    speed: float
    note: str = ""


class Fetching(NamedTuple):
    """A download of weights: bytes that are here, and bytes in all."""

    what: str
    here: int
    total: int


class Step(NamedTuple):
    """A step is done. speed: steps per second; left: seconds; None before the second step."""

    step: int
    speed: float | None
    left: float | None


class Preview(NamedTuple):
    """The pictures at a step: one WebP a lane. counts: [L][m] nearest cutouts. losses: [L]."""

    step: int
    pictures: tuple[bytes, ...]
    counts: tuple[tuple[int, ...], ...]
    losses: tuple[float, ...]


class Ended(NamedTuple):
    """The last event of a run that left a result, or that was stopped before its first step.

    steps: done, in so many seconds of painting; 0 where nothing was painted. notes: sentences that
    a person should read. why: where it diverged, or what stopped it where nobody asked for that, in
    a sentence.
    """

    state: State
    steps: int
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    why: str = ""


class Failed(NamedTuple):
    """The last event of a run that left no result, or not all of it. error: a sentence.

    kind: "input" can be mended by who asked, "diverged" did so at its first step, "store"
    could not be saved, "crash" is anything else.
    """

    error: str
    kind: Kind


Event = Fetching | Step | Preview | Ended | Failed
See = Callable[[Event], None]
CRASHED = "The run failed; the server's log says why. Try other settings."
