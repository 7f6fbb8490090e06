"""A painter process that waits or dies where files in the folder OTGEN_HOLD say.

loading: while it is there, a run waits before its first step. step: at the step that it names, a
run waits while it is there. crash: at the step that it names, the process crashes. Every step is
kept, so that a checkpoint is there.
"""

from __future__ import annotations

import ctypes
import math
import os
from pathlib import Path

from wait import within

from otgen.run import painting
from otgen.service.executors import painter

_HOLD = Path(os.environ["OTGEN_HOLD"])
_PATIENCE = 600
_compare, _watcher = painting.compare, painting._watcher


def _named(file: str) -> float:
    """Return the step that a file names, infinity where there is none."""
    try:
        return float((_HOLD / file).read_text())
    except FileNotFoundError:
        return math.inf


def compare(*args):
    within(_PATIENCE, lambda: not (_HOLD / "loading").exists())
    return _compare(*args)


def watcher(*args):
    look = _watcher(*args)

    def held(snapshot) -> bool:
        going = look(snapshot)
        within(_PATIENCE, lambda: snapshot.step < _named("step"))
        if snapshot.step >= _named("crash"):
            ctypes.string_at(0)
        return going

    return held


if __name__ == "__main__":
    painting.KEEP, painting.KEEP_PART = 0.0, math.inf
    painting.compare, painting._watcher = compare, watcher
    painter.main()
