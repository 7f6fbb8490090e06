"""Pictures drawn anew for the page: each in a process of its own, which ends when it is drawn.

The painter process may be in the middle of an hour's run, and another executor has its own
elsewhere. A process of its own waits for none of them, works beside each, gives its memory back and
takes nothing along if it dies. It costs the two seconds that torch takes to start.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path

from otgen.recipe.prompts import InputError
from otgen.service.executors.base import import_path

LONGEST = 300.0  # seconds; 4096 x 4096 in watercolour took 130 on two busy cores
WAITING = 4  # that may wait for their turn
_one, _places = threading.Lock(), threading.BoundedSemaphore(1 + WAITING)
_log = logging.getLogger(__name__)


class Unavailable(RuntimeError):
    """A picture can't be drawn now; the message says so in a sentence."""


def redraw(folder: Path, lane: str, kind: str) -> bytes:
    """Return a lane's picture of a result's folder, as ``run.redrawing.redrawn``, one at a time.

    Raises InputError where it can't be drawn anew, and Unavailable where not now.
    """
    if not _places.acquire(blocking=False):
        raise Unavailable("Other pictures are being drawn: try again in a minute.")
    try:
        with _one:
            return _redrawn(folder, lane, kind)
    finally:
        _places.release()


@lru_cache(maxsize=4)  # a large picture has 1 to 20 MB
def _redrawn(folder: Path, lane: str, kind: str) -> bytes:
    command = (sys.executable, "-m", "otgen.run.redrawing", str(folder), lane, kind)
    environment = {**os.environ, "PYTHONPATH": import_path(), "PYTHONIOENCODING": "utf-8"}
    try:
        ended = subprocess.run(command, env=environment, capture_output=True, timeout=LONGEST)
    except (OSError, subprocess.TimeoutExpired):
        _log.exception("%s of %s was not drawn", kind, folder)
        raise Unavailable("The picture could not be drawn in time: try again later.") from None
    said = ended.stderr.decode(errors="replace").strip()
    if ended.returncode == 2:
        raise InputError(said.splitlines()[-1])
    if ended.returncode:
        _log.error("%s of %s was not drawn (%s): %s", kind, folder, ended.returncode, said)
        raise Unavailable("The picture could not be drawn; the server's log says why.")
    return ended.stdout
