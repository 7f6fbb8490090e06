"""Ctrl-C and SIGTERM as a wish to stop: what was made is kept before the command line ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """A run was stopped and kept; the message says where in a sentence.

    Args:
        folder: the partial result. status: the exit status of a process that a signal ends.
    """

    def __init__(self, sentence: str, folder: Path, status: int) -> None:
        super().__init__(sentence)
        self.folder, self.status = folder, status


class Interruption:
    """Holds back the first signal while there is something to save; a second one acts at once.

    Args:
        stop: called at the first signal.
    """

    def __init__(self, stop: Callable[[], object]) -> None:
        self.signal = 0
        self._stop = stop
        self._before: dict = {}

    def hold(self) -> None:
        """Hold signals back from now on. Only the main thread may."""
        self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}

    def release(self) -> None:
        """Let signals act as they did before."""
        while self._before:
            signal.signal(*self._before.popitem())

    def _note(self, number: int, _frame: object) -> None:
        self.signal = number
        self._stop()
        self.release()
