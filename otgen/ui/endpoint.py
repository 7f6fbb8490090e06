"""The endpoint /compare: the same run for programs, streamed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import gradio as gr

from otgen.generators import card
from otgen.job import Job, Status
from otgen.jobs import Jobs, QueueFull
from otgen.lanes import slug
from otgen.prompts import InputError, parse
from otgen.settings import LANES, Settings
from otgen.ui.handlers import follow

_DEFAULT = Settings(prompts=())


def _news(job: Job, status: Status) -> dict:
    return {
        "run": job.id,
        "state": status.state,
        "place": status.place,
        "step": status.step,
        "steps": status.steps,
        "steps_per_second": status.speed,
        "seconds_left": status.left,
        "counts": None
        if status.counts is None
        else dict(zip(job.settings.lanes, status.counts.tolist(), strict=True)),
    }


def add_endpoint(jobs: Jobs) -> None:
    """Add /compare to the Blocks that are being built."""

    async def compare(
        prompts: str = "a cat | a castle",
        generator: str = _DEFAULT.generator,
        steps: int | None = None,
        cutouts: int = _DEFAULT.cutouts,
        epsilon: float = _DEFAULT.epsilon,
        distance: str = _DEFAULT.distance,
        lanes: str = ",".join(LANES),
        seed: int = _DEFAULT.seed,
        encoder: str | None = None,
        height: int | None = None,
        width: int | None = None,
        guidance: float | None = None,
        told: str = _DEFAULT.told,
    ) -> AsyncIterator[dict]:
        """Paint prompts ("a cat :2 | a castle") under each lane's loss.

        Streams {"run", "state", "place", "step", "steps", "steps_per_second", "seconds_left",
        "counts"}; the last item has "result" (settings, numbers per lane, versions) and "files"
        (a PNG per lane) too.
        steps, encoder, height, width, guidance: what suits the generator, unless given.
        lanes: "ot", "mean", or "ot@0.01" with an epsilon of its own; at most 6, with commas.
        told: "prompts" where its network is to read them.
        """
        try:
            settings = Settings(
                prompts=parse(str(prompts)),
                generator=generator,
                lanes=tuple(lane.strip() for lane in str(lanes).split(",")),
                steps=card(generator).steps if steps is None else steps,
                cutouts=cutouts,
                epsilon=epsilon,
                distance=distance,
                seed=seed,
                encoder=encoder,
                height=height,
                width=width,
                guidance=guidance,
                told=told,
            )
            job = await asyncio.to_thread(jobs.ask, settings)
        except (InputError, QueueFull) as wrong:
            raise gr.Error(str(wrong), print_exception=False) from None
        async for status in follow(jobs, job):
            if not status.over:
                yield _news(job, status)
        if status.state == "failed":
            raise gr.Error(status.error, print_exception=False)
        yield _news(job, status) | (_outcome(status) if status.saved else {})

    gr.api(compare, api_name="compare", concurrency_limit=None)


def _outcome(status: Status) -> dict:
    saved = status.saved
    files = {
        lane: gr.FileData(path=str(saved.folder / f"{slug(lane)}.png")).model_dump()
        for lane in saved.settings.lanes
    }
    return {"result": json.loads((saved.folder / "result.json").read_text()), "files": files}
