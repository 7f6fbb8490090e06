"""Waiting for what has to happen."""

from __future__ import annotations

import time


def within(patience: float, what):
    """Wait for a truthy answer, at most ``patience`` seconds, and return it."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")
