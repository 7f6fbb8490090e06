"""What passes between the page's process and its painter process, pickled, over two pipes."""

from __future__ import annotations

import pickle
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from otgen.run.events import Event, Machine
from otgen.run.plan import Plan


class Run(NamedTuple):
    """Paint a plan. ticket: names this order in all that follows of it."""

    ticket: int
    plan: Plan
    store: Path


class Warm(NamedTuple):
    """Load what paints."""

    plan: Plan


class Stop(NamedTuple):
    """End the run of an order, whether it has begun or not."""

    ticket: int


class Begun(NamedTuple):
    """The run of an order is taken up."""

    ticket: int


class Seen(NamedTuple):
    """An event of the run of an order."""

    ticket: int
    event: Event


class Warmed(NamedTuple):
    """The warm-up is over: some steps took so many seconds."""

    seconds: float
    steps: int


Order = Run | Warm | Stop  # to the painter
Answer = Machine | Warmed | Begun | Seen  # from the painter


class Outgoing:
    """The writing end of a pipe; any thread may send."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._one = stream, threading.Lock()

    def send(self, message: Order | Answer) -> None:
        """Send a message. Raises OSError or ValueError where nobody reads any more."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._one:
            self._stream.write(data)
            self._stream.flush()

    def close(self) -> None:
        """Send nothing any more: whoever reads meets the end."""
        with self._one, suppress(OSError):  # what was left to write may have no reader
            self._stream.close()


def receive(stream: BinaryIO) -> Order | Answer | None:
    """Return the next message, None at the pipe's end."""
    try:
        return pickle.load(stream)
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # cut off, or closed
        return None
