"""A painter process that takes its time over long runs, which a test looks at and then stops.

At full speed each of them takes a core from the browser that the test is about.
"""

from __future__ import annotations

import time

from otgen.run import painting
from otgen.service.executors import painter

LONG = 200  # steps from which on no test waits for the end
_PAUSE = 0.2  # seconds after each step but the first few
_watcher = painting._watcher


def watcher(plan, *given):
    look = _watcher(plan, *given)

    def unhurried(snapshot) -> bool:
        if snapshot.step > 3:
            time.sleep(_PAUSE)
        return look(snapshot)

    return unhurried if plan.settings.steps >= LONG else look


if __name__ == "__main__":
    painting._watcher = watcher
    painter.main()
