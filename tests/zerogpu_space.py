"""The page as on ZeroGPU, with a stand-in for its package ``spaces``.

A call of the stand-in does what ZeroGPU does: it needs the request of a visitor's event and quota,
forks, pickles what goes in and comes out, kills the fork when its seconds are over, starts no
process in it, and of an error keeps only the text of a ``gr.Error``. There is no GPU. What would
need one here is vqgan-mini.

Files in the folder OTGEN_SIGNALS stand for time: over, a call has only its last seconds left; dead,
its seconds are over. quota holds the seconds that a visitor has.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import sys
from functools import partial, wraps
from pathlib import Path
from types import ModuleType, SimpleNamespace

os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "OTGEN_EXECUTOR": "zerogpu"}

import gradio as gr
from gradio.context import LocalContext
from served import PATIENCE, ROOT, open_door

sys.path.insert(0, str(ROOT))

from otgen.service.executors import zerogpu
from otgen.service.pace import Pace

_SIGNALS = Path(os.environ["OTGEN_SIGNALS"])
_fork = multiprocessing.get_context("fork")


def _quota() -> float:
    try:
        return float((_SIGNALS / "quota").read_text())
    except FileNotFoundError:
        return math.inf


def GPU(task=None, *, duration=60):
    """Decorate a generator function, as ``spaces.GPU``."""
    if task is None:
        return partial(GPU, duration=duration)

    @wraps(task)
    def call(*args):
        if LocalContext.request.get(None) is None:
            raise gr.Error("There is no visitor whose quota could be used.")
        seconds = duration(*args) if callable(duration) else duration
        if seconds > _quota():
            raise gr.Error(
                f"You have exceeded your free GPU quota ({seconds}s requested vs. {_quota():.0f}s "
                "left)."
            )
        here, there = _fork.Pipe()
        closed = _fork.Event()
        args = pickle.loads(pickle.dumps(args))
        process = _fork.Process(target=_work, args=(task, args, there, closed), daemon=True)
        process.start()
        there.close()
        try:
            while not (_SIGNALS / "dead").exists():
                if not here.poll(0.02):
                    continue
                kind, value = here.recv()
                if kind == "end":
                    return
                if kind == "error":
                    raise gr.Error(value)
                yield value
            process.kill()
            raise gr.Error("GPU task aborted")
        except EOFError:
            raise gr.Error("GPU task aborted") from None
        finally:
            closed.set()
            process.join(PATIENCE)
            process.kill()
            here.close()

    return call


def _work(task, args, out, closed) -> None:
    running = task(*args)
    try:
        for value in running:
            if closed.is_set():
                running.close()
                break
            out.send(("yield", value))
        out.send(("end", None))
    except gr.Error as wrong:
        out.send(("error", wrong.message))
    except BrokenPipeError:
        running.close()
    except Exception as wrong:
        out.send(("error", type(wrong).__name__))


class Forgetful(Pace):
    """Knows no run's time: what it knew would have the long runs of the tests refused."""

    def note(self, plan, seconds, steps) -> None:
        pass


if __name__ == "__main__":
    sys.modules["spaces"] = spaces = ModuleType("spaces")
    spaces.GPU = GPU
    from otgen.ui.page import serve

    zerogpu.weighs = lambda plan: plan.settings.generator == "vqgan-mini"
    zerogpu.Pace = Forgetful
    zerogpu.time = SimpleNamespace(monotonic=lambda: 1e9 if (_SIGNALS / "over").exists() else 0.0)
    open_door()
    serve()
