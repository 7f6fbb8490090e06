"""Kills survived: painters killed at random moments of runs that keep a checkpoint every step.

After each kill the store must hold a whole result or none, with a checkpoint that a run can go on
from, and never one of fewer steps than before. KILLS says how many (default 100; each costs a new
painter, about 6 s on two cores).
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.results.store import read, unfinished
from otgen.run.events import Failed
from otgen.run.plan import plan
from otgen.service.executors import painter_process
from otgen.service.executors.process import Process

KILLS = int(os.environ.get("KILLS", "100"))
LONGEST = 1.5  # seconds from the first event of a run to its kill
_EAGER = """
import math
from otgen.run import painting
from otgen.service.executors import painter
painting.KEEP, painting.KEEP_PART = 0.0, math.inf
painter.main()
"""


def run() -> str:
    """Kill painters; return a sentence with the counts."""
    painter_process.COMMAND = (sys.executable, "-c", _EAGER)
    prompts = (Prompt("a cat"), Prompt("a castle"))
    planned = plan(Settings(prompts, "vqgan-mini", steps=2000, cutouts=4, lanes=("ot",)))
    executor, survived, steps, left, took = Process(), 0, [0], 0, []
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        for kill in range(KILLS):
            seen, begun = [], threading.Event()

            def see(event, seen=seen, begun=begun) -> None:
                seen.append(event)
                begun.set()

            began = time.monotonic()
            thread = threading.Thread(
                target=executor.run, args=(planned, store, see, threading.Event())
            )
            thread.start()
            begun.wait()
            took.append(time.monotonic() - began)
            time.sleep(random.Random(kill).uniform(0, LONGEST))
            executor._painter.process.kill()
            thread.join()
            saved = read(store / planned.id)
            whole = saved is None or unfinished(saved) is not None
            ahead = (saved.steps if saved else 0) >= steps[-1]
            survived += isinstance(seen[-1], Failed) and whole and ahead
            steps.append(saved.steps if saved else 0)
            left += sum(path.name.startswith(".writing-") for path in store.iterdir())
        executor.close()
    return (
        f"## Kills\n\n{survived} of {KILLS} kills survived; the run came to step {steps[-1]}, "
        f"{left} folders were left aside. A new painter's first step came after "
        f"{statistics.median(took[1:]):.1f} s (median)."
    )
