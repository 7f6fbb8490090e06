"""Which runs are let into the queue."""

from __future__ import annotations

from collections.abc import Sequence

from otgen.recipe.prompts import InputError
from otgen.run.plan import Plan
from otgen.service.job import Job

LONGEST_QUEUE = 20


class QueueFull(RuntimeError):
    """No more runs are taken; the message says so in a sentence."""


def admit(planned: Plan, visitor: str, visited: bool, waiting: Sequence[Job], most: int) -> None:
    """Raise QueueFull or InputError unless a run may wait behind those that wait.

    Args:
        visitor: the page that asks, "" if this server asks. visited: whether the run has to be
            painted in its visitor's event. most: runs that a visitor may have in the queue.
    """
    of_visitor = sum(visitor in job.visitors for job in waiting)
    if visitor and of_visitor >= most:
        raise QueueFull(
            f"This page has {most} runs in the queue already: wait for one of them, or stop it."
        )
    if visited and not visitor:
        raise InputError(
            f"{planned.card.title} needs a GPU, which this Space gives to a visitor's single run, "
            "not to experiments: paint it alone, or take storybook."
        )
    if len(waiting) >= LONGEST_QUEUE:
        raise QueueFull(f"{LONGEST_QUEUE} runs are waiting already: try again in a few minutes.")
