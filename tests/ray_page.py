"""A page's process on a Ray cluster, without the page: it paints, closes in the middle, and tells.

Arguments: the store. The last line of its output is JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.run.events import Step
from otgen.run.plan import plan
from otgen.service.executors import chosen

SHORT = Settings(prompts=(Prompt("a cat"), Prompt("a castle")), generator="vqgan-mini", cutouts=4)


def main(store: Path) -> None:
    """Paint 1 of 2,000 steps or more."""
    executor, seen, painting = chosen(), [], threading.Event()

    def see(event) -> None:
        seen.append(event)
        if isinstance(event, Step) and event.step:
            painting.set()

    asked = plan(replace(SHORT, steps=2000)), store, see, threading.Event()
    run = threading.Thread(target=executor.run, args=asked)
    run.start()
    painting.wait()
    pids = [executor._ray.get(one.actor.pid.remote()) for one in executor._pool._all]
    executor.close()
    run.join()
    executor.run(*asked)  # nothing starts again
    heavy = [name for name in ("torch", "jax") if name in sys.modules]
    ends = [[event.state, event.steps] for event in (seen[-2], seen[-1])]
    print(json.dumps({"loaded": heavy, "pids": pids, "ends": ends, "pid": os.getpid()}))


if __name__ == "__main__":
    from held_worker import HeldWorker

    from otgen.service.executors import ray_pool

    ray_pool.WORKER = HeldWorker
    main(Path(sys.argv[1]))
