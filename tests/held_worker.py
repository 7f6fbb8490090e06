"""A worker of a Ray cluster that waits where files in the folder OTGEN_HOLD say.

loading: while it is there, a run waits before its first step. crash: while it is there, a worker
dies at its first step. <seed>: at the step that it names, a run of this seed waits while it is
there. Every step is kept, so that a checkpoint is there.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

from wait import within

from otgen.service.executors.ray_worker import Worker

_PATIENCE = 600


class HeldWorker(Worker):
    """Paints as any worker, and waits."""

    def __init__(self) -> None:
        super().__init__()
        from otgen.run import painting

        hold = Path(os.environ["OTGEN_HOLD"])
        compare, watcher = painting.compare, painting._watcher

        def held_compare(*args):
            within(_PATIENCE, lambda: not (hold / "loading").exists())
            return compare(*args)

        def held_watcher(plan, *args):
            look = watcher(plan, *args)

            def held(snapshot) -> bool:
                going = look(snapshot)
                if (hold / "crash").exists():
                    os._exit(1)
                within(_PATIENCE, lambda: snapshot.step < named(str(plan.settings.seed)))
                return going

            return held

        def named(file: str) -> float:
            try:
                return float((hold / file).read_text())
            except FileNotFoundError:
                return math.inf

        painting.KEEP, painting.KEEP_PART = 0.0, math.inf
        painting.compare, painting._watcher = held_compare, held_watcher

    def pid(self) -> int:
        """Return the id of this process."""
        return os.getpid()
