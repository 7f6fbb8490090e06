"""Small results, and processes that are killed while they save one, meet a full disk, or compete.

As a script: ``saves.py kill|once|full FOLDER BEFORE AFTER`` saves AFTER over BEFORE in FOLDER/1,
FOLDER/2, ...: the k-th save meets trouble at its k-th call that reaches the disk, and the last one
meets none. Both are steps; BEFORE is 0 for none, and negative for one as otgen left it at first. It
prints "killed", "raised" or "saved" for each. ``saves.py race STORE SEED`` saves many results, once
a line comes in.
"""

from __future__ import annotations

import errno
import os
import random
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from records import record

from otgen.explain.evidence import Record, Unfinished
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.results import saving, store
from otgen.results.result import Result, Saved

ID, COMPLETE = "0123456789ab", 1000  # of every result here; steps of a complete one
SAVES = 250  # of each process of a race
_SETTINGS = Settings((Prompt("a cat"), Prompt("a castle"), Prompt("a tree")), steps=COMPLETE)
_FILLS = ("os.write", "os.fsync", "os.mkdir", "os.rename")  # what needs room, and new files


@cache
def _record() -> Record:
    return record(n=4, moments=2, recent=1)


def made(steps: int) -> Result:
    """Make a result all of whose files tell of how many steps it is."""
    lanes = len(_SETTINGS.lanes)
    seen = _record()._replace(losses=np.full((2, lanes), steps, np.float32))
    state = {"z": np.full(3, steps, np.float32)}
    left = Unfinished(seen, state, np.zeros((2, lanes), np.float32), 1.0, "here")
    counts = {"counts": [1, 2, 1], "balance": 1.0, "mass": [0.25, 0.5, 0.25], "starved": []}
    return Result(
        id=ID,
        settings=_SETTINGS,
        complete=steps == COMPLETE,
        steps=steps,
        pictures=np.full((lanes, 8, 8, 3), steps % 256, np.uint8),
        record=seen,
        numbers=dict.fromkeys(_SETTINGS.lanes, counts),
        timings={"load": 0.0, "paint": float(steps), "measure": 0.0},
        versions={},
        revisions={},
        notes=(),
        unfinished=None if steps == COMPLETE else left,
    )


def whole(saved: Saved) -> bool:
    """Tell whether a result is still there; all of its files must then be of its steps."""
    shades = []
    for lane in saved.settings.lanes:
        try:
            with Image.open(saved.folder / f"{lane}.png") as picture:
                shades.append(picture.getpixel((0, 0))[0])
        except FileNotFoundError:
            return False
    seen, left = store.record(saved), store.unfinished(saved)
    if seen is None or (left is None and not saved.complete):
        return False
    assert shades == [saved.steps % 256] * len(shades)
    assert (seen.losses == saved.steps).all()
    assert left is None or (left.state["z"] == saved.steps).all()
    assert saved.complete == (saved.steps == COMPLETE)
    return True


def _meddle(act: Callable[[str], None]) -> None:
    """Let ``act`` be told of each call that reaches the disk before it is made.

    A write is made in two halves, which are told of.
    """
    write, sync = os.write, os.fsync

    def halves(file: int, data: bytes) -> int:
        middle = len(data) // 2
        act("os.write")
        done = write(file, data[:middle])
        act("os.write")
        return done + write(file, data[middle:]) if done == middle else done

    def synced(file: int) -> None:
        act("os.fsync")
        sync(file)

    os.write, os.fsync = halves, synced  # Python's own hook knows of all the others
    kinds = ("os.", "fcntl.")

    def heard(name: str, args: tuple) -> None:
        if name == "open":
            new = (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            act("os.mkdir" if new else name)
        elif name.startswith(kinds):
            act(name)

    sys.addaudithook(heard)


class Trouble:
    """What the k-th call meets: the process's end, a full disk once, or a full disk from there on.

    met: whether there was a k-th call.
    """

    def __init__(self, kind: str, at: int) -> None:
        self._kind, self._at, self._count = kind, at, 0

    @property
    def met(self) -> bool:
        return self._count >= self._at

    def __call__(self, name: str) -> None:
        self._count += 1
        if self._kind == "kill":
            if self._count == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
            return
        now = self._count == self._at and "fcntl" not in name  # a lock needs no room
        if now or (self._kind == "full" and self.met and name in _FILLS):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _end(kind: str, at: int, place: Path, result: Result) -> tuple[str, bool]:
    """Save in a process that meets trouble; return how it ended, and whether it met any."""
    child = os.fork()
    if not child:
        trouble = Trouble(kind, at)
        _meddle(trouble)
        try:
            saving.save(result, place)
        except OSError:
            os._exit(1)
        os._exit(0 if not trouble.met else 2)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    end = {0: "saved", 2: "saved", 1: "raised", -signal.SIGKILL: "killed"}[status]
    return end, status != 0


def flatten(folder: Path) -> None:
    """Lay a partial result out as otgen did at first: without a folder of its own."""
    files = store.read(folder).folder
    for file in files.iterdir():
        file.replace(folder / file.name)
    files.rmdir()


def trouble(kind: str, folder: Path, before: int, after: int) -> None:
    """Save a result over another one, with trouble at each of its calls in turn."""
    at, met = 0, True
    while met:
        at += 1
        place = folder / str(at)
        if before:
            saved = saving.save(made(abs(before)), place)
        if before < 0:
            flatten(saved)
        end, met = _end(kind, at, place, made(after))
        print(end)


def race(place: Path, seed: int) -> None:
    """Save results of more and more steps, now and then of fewer; seed 0 a complete one late."""
    draw = random.Random(seed)
    sys.stdin.readline()
    for number in range(SAVES):
        steps = min(max(1, 3 * number + draw.randrange(-20, 20)), COMPLETE - 1)
        if number == SAVES - 20 and not seed:
            steps = COMPLETE
        saving.save(made(steps), place)


if __name__ == "__main__":
    what, where, *rest = sys.argv[1:]
    if what == "race":
        race(Path(where), *map(int, rest))
    else:
        trouble(what, Path(where), *map(int, rest))
