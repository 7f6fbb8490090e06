"""Ask for a run in a person's event."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable

from gradio.context import LocalContext

from otgen.recipe.settings import Settings
from otgen.service.job import Job
from otgen.service.queue import Jobs


def program() -> str:
    """Return who calls an endpoint: its session, which a client keeps, or what all others share."""
    request = LocalContext.request.get(None)
    return str(getattr(request, "session_hash", None) or "a program")


async def ask(jobs: Jobs, settings: Callable[[], Settings], page: str) -> Job:
    """Return the run of some settings, for a page. Raises InputError and QueueFull.

    A run that has to be painted in the event is painted in a thread that has the event's request.
    It goes on when the event ends, as other runs do.
    """
    job = await asyncio.to_thread(lambda: jobs.ask(settings(), page))
    if jobs.take(job):
        event = contextvars.copy_context()
        threading.Thread(
            target=event.run, args=(jobs.paint, job), name="otgen-visited", daemon=True
        ).start()
    return job
