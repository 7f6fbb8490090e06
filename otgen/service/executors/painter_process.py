"""A painter process, as the page's process sees it."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from otgen.run.events import Machine
from otgen.service.executors.base import import_path
from otgen.service.executors.messages import (
    Begun,
    Outgoing,
    Run,
    Seen,
    Stop,
    Warm,
    Warmed,
    receive,
)

COMMAND = (sys.executable, "-m", "otgen.service.executors.painter")


class PainterProcess:
    """A painter process, and what it said.

    Args:
        note: called with the seconds and the steps of its warm-up. environment: variables that it
            has besides this process's.

    Raises OSError where it can't be started.
    """

    def __init__(self, note: Callable[[float, int], None], environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment, "PYTHONPATH": import_path()},
            start_new_session=True,  # Ctrl-C is for the server, which ends its painter
        )
        self.orders = Outgoing(self.process.stdin)
        self.said: queue.SimpleQueue[Begun | Seen | None] = queue.SimpleQueue()
        self.machine: Machine | None = None
        self.known = threading.Event()  # the machine is known, or never will be
        self._note = note
        threading.Thread(target=self._listen, name="otgen-painter", daemon=True).start()

    def _listen(self) -> None:
        with self.process.stdout as stream:
            while answer := receive(stream):
                if isinstance(answer, Machine):
                    self.machine = answer
                    self.known.set()
                elif isinstance(answer, Warmed):
                    self._note(answer.seconds, answer.steps)
                else:
                    self.said.put(answer)
        self.process.wait()
        self.orders.close()
        self.known.set()
        self.said.put(None)

    def send(self, order: Run | Warm | Stop) -> None:
        """Give an order; one that is dead says so by its end."""
        with suppress(OSError, ValueError):
            self.orders.send(order)

    def end(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
