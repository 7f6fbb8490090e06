"""``app.py`` as a person starts it, with a door for the tests.

Whoever connects to the port OTGEN_TESTS_DOOR is answered once nothing is in flight any more: no
event of a page, no experiment, no run. What is in flight is stopped. The answer names what the
page's process has imported of the libraries that only a painter may. It does not warm up: most
servers of a test paint nothing with the default painter, or one small picture. Its painter is
``unhurried_painter``.
"""

from __future__ import annotations

import logging
import os
import runpy
import socketserver
import sys
import threading
from pathlib import Path

from wait import within

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "jax", "diffusers", "transformers")
PATIENCE = 120  # seconds that a run may take to hear that it is to stop


def at_rest(jobs, page) -> bool:
    """Stop what is in flight; tell whether there was nothing."""
    with jobs._changed:
        runs = [*jobs._queue, *jobs._running]
    for job in runs:  # an experiment ends with the run that it waits for
        jobs.stop(job.id)
    experiments = [thread for thread in threading.enumerate() if thread.name == "otgen-series"]
    events = len(page._queue) or any(page._queue.active_jobs)
    return not (runs or experiments or events)


def open_door() -> None:
    """Answer from now on, for the page that will be built, which does not warm up."""
    from otgen.service.executors import painter_process
    from otgen.service.queue import Jobs
    from otgen.ui import page

    painter_process.COMMAND = (sys.executable, str(ROOT / "tests" / "unhurried_painter.py"))
    Jobs.warm = lambda jobs: None
    build, built = page.build_page, []

    def noted(jobs):
        built[:] = jobs, build(jobs)
        return built[1]

    page.build_page = noted

    class Door(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            within(PATIENCE, lambda: at_rest(*built))
            heavy = [name for name in HEAVY if name in sys.modules]
            self.request.sendall(" ".join(["at rest", *heavy]).encode())

    door = socketserver.TCPServer(("127.0.0.1", int(os.environ["OTGEN_TESTS_DOOR"])), Door)
    threading.Thread(target=door.serve_forever, daemon=True).start()


if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # as where app.py is the program
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("otgen").setLevel(logging.INFO)
    open_door()
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
