"""Kills survived: painters and savers killed at random moments.

The painters keep a checkpoint every step; the savers save what the last of them left, each time as
one of more steps. After each kill the store must hold a whole result or none, with a checkpoint
that a run can go on from, and never one of fewer steps than before. KILLS says how many of each
(default 100; each painter costs a new one, about 5 s on two cores).
"""

from __future__ import annotations

import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

from otgen.recipe.lanes import slug
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.results.disk import remove
from otgen.results.result import Result
from otgen.results.saving import save, writer
from otgen.results.store import read, unfinished
from otgen.run.events import Failed
from otgen.run.plan import plan
from otgen.service.executors import painter_process
from otgen.service.executors.process import Process

KILLS = int(os.environ.get("KILLS", "100"))
LONGEST = 3.0  # seconds from the first event of a run to its kill
LONGEST_SAVES = 0.3  # seconds from the first save to the kill
_EAGER = """
import math
from otgen.run import painting
from otgen.service.executors import painter
painting.KEEP, painting.KEEP_PART = 0.0, math.inf
painter.main()
"""


def _kept(folder: Path, least: int) -> int | None:
    """Return the steps of a result; None if it is not whole, or of fewer than before."""
    saved = read(folder)
    if saved is None:
        return None if least else 0
    return None if saved.steps < least or unfinished(saved) is None else saved.steps


def _runs(store: Path) -> tuple[Path, int, int, list[float]]:
    """Kill painters.

    Return where their result is, how many kills it survived, its steps, and the seconds from each
    painter's request to its first step.
    """
    painter_process.COMMAND = (sys.executable, "-c", _EAGER)
    prompts = (Prompt("a cat"), Prompt("a castle"))
    planned = plan(Settings(prompts, "vqgan-mini", steps=2000, cutouts=4, lanes=("ot",)))
    executor, survived, steps, took = Process(), 0, 0, []
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
        kept = _kept(store / planned.id, steps)
        survived += kept is not None and isinstance(seen[-1], Failed)
        steps = steps if kept is None else kept
    executor.close()
    return store / planned.id, survived, steps, took


def _save_on(folder: Path, begun) -> None:
    """Save a result for ever, each time as one of one step more."""
    saved = read(folder)
    left = unfinished(saved)
    files = (saved.folder / f"{slug(lane)}.png" for lane in saved.settings.lanes)
    result = Result(
        id=saved.id,
        settings=saved.settings,
        complete=False,
        steps=saved.steps,
        pictures=np.stack([np.asarray(Image.open(file)) for file in files]),
        record=left.record,
        numbers=saved.numbers,
        timings={"paint": saved.seconds},
        versions={},
        revisions={},
        notes=(),
        unfinished=left,
    )
    begun.set()
    while True:
        result = result._replace(steps=result.steps + 1)
        save(result, folder.parent)


def _saves(folder: Path) -> tuple[int, int, int]:
    """Kill savers; return how many kills a result survived, how many met a save, and its steps."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    survived, midst, steps = 0, 0, read(folder).steps
    for kill in range(KILLS):
        begun = processes.Event()
        process = processes.Process(target=_save_on, args=(folder, begun))
        process.start()
        begun.wait()
        time.sleep(random.Random(kill).uniform(0, LONGEST_SAVES))
        process.kill()
        process.join()
        aside = list(folder.parent.glob(f"{writer(process.pid)}*"))
        midst += bool(aside)
        kept = _kept(folder, steps)
        survived += kept is not None
        steps = steps if kept is None else kept
        for path in aside:
            remove(path)
    return survived, midst, steps


def run() -> str:
    """Kill painters and savers; return sentences with the counts."""
    with tempfile.TemporaryDirectory() as store:
        folder, runs, painted, took = _runs(Path(store))
        aside = len(list(Path(store).glob(".writing-*")))
        saves, midst, saved = _saves(folder)
    return (
        f"## Kills\n\n{runs} of {KILLS} kills of painters survived; the run came to step "
        f"{painted}, {aside} folders were left aside. A new painter's first event came after "
        f"{statistics.median(took[1:]):.1f} s (median).\n\n"
        f"{saves} of {KILLS} kills of savers survived, {midst} of them in the midst of a save; the "
        f"result came to step {saved}."
    )
