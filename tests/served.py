"""``app.py`` as a person starts it, with a door for the tests.

Whoever connects to the port OTGEN_TESTS_DOOR is answered once nothing is in flight any more: no
event of a page, no experiment, no run. What is in flight is stopped. The answer names what the
page's process has imported of the libraries that only a painter may, and what has looked at
results or pictures in the thread that serves all pages, or under the queue's lock. It does not
warm up: most
servers of a test paint nothing with the default painter, or one small picture. Its painter is
``unhurried_painter``.
"""

from __future__ import annotations

import asyncio
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
_OURS = {file.stem for file in (ROOT / "otgen" / "ui").glob("*.py")} | {"queue"}
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


def hold_ups(built: list, places: tuple[str, ...]) -> set[str]:
    """Return what will have looked at the disk, in these places, while others waited for it.

    built: the runs and the page, once they are there.
    """
    waits: set[str] = set()
    stat = os.stat

    def look(path: object) -> None:
        waited_for = asyncio._get_running_loop() or (built and built[0]._changed._is_owned())
        if built and waited_for and str(path).startswith(places):
            frame, names = sys._getframe(1), []
            while frame:
                names.append(f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}")
                frame = frame.f_back
            ours = [name for name in names if name.split(".")[0] in _OURS]
            if ours not in ([], ["preview.__call__"]):  # Gradio's own answers pass through it
                waits.add(ours[0])

    def heard(event: str, args: tuple) -> None:
        if event in ("open", "os.listdir", "os.scandir"):
            look(args[0])

    def watched(path, *more, **named) -> os.stat_result:
        look(path)
        return stat(path, *more, **named)

    sys.addaudithook(heard)
    os.stat = watched
    return waits


def open_door() -> None:
    """Answer from now on, for the page that will be built, which does not warm up."""
    from otgen.service.executors import painter_process
    from otgen.service.queue import Jobs
    from otgen.ui import page

    painter_process.COMMAND = (sys.executable, str(ROOT / "tests" / "unhurried_painter.py"))
    Jobs.warm = lambda jobs: None
    build, built = page.build_page, []
    places = filter(None, map(os.environ.get, ("OTGEN_STORE", "OTGEN_EXAMPLES", "OTGEN_CACHE")))
    waited = hold_ups(built, tuple(places))

    def noted(jobs):
        built[:] = jobs, build(jobs)
        return built[1]

    page.build_page = noted

    class Door(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            within(PATIENCE, lambda: at_rest(*built))
            heavy = [name for name in HEAVY if name in sys.modules]
            self.request.sendall(" ".join(["at rest", *heavy, *waited]).encode())

    door = socketserver.TCPServer(("127.0.0.1", int(os.environ["OTGEN_TESTS_DOOR"])), Door)
    threading.Thread(target=door.serve_forever, daemon=True).start()


if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # as where app.py is the program
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("otgen").setLevel(logging.INFO)
    open_door()
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
