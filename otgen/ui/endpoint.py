"""The endpoints for programs: /compare, /status, /result, /list and /stop."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import gradio as gr

from otgen.painters.catalogue import choices
from otgen.recipe.lanes import described
from otgen.recipe.prompts import InputError, shorten
from otgen.recipe.rules import MOST_LANES
from otgen.recipe.settings import Settings, rule
from otgen.results import library
from otgen.results.parents import named
from otgen.results.result import ANEW, ending
from otgen.run.plan import from_texts
from otgen.service.admission import QueueFull
from otgen.service.job import Job, Status
from otgen.service.queue import Jobs
from otgen.ui.anew import addresses
from otgen.ui.asking import ask, program
from otgen.ui.files import address
from otgen.ui.watching import follow

_MOST = 100  # results in one answer of /list
_COMPARE = """Paint one picture from several prompts, once under each lane's loss.

Streams {"run", "state", "place", "step", "steps", "steps_per_second", "seconds_left",
"counts", "error"}; the last item has "result" (settings, numbers per lane, versions) and
"files" (a PNG per lane, as addresses below the page's own) too, and where the painter can
draw a finished picture anew, "large" and "svg", addresses at which it does. The run goes on
if the caller goes away: /status and /result find it by "run". What ran before is not run again,
and a run that was stopped goes on; one that diverged is returned as it is, with "error".

Args:
"""


def _parameters() -> dict[str, inspect.Parameter]:
    """Return what /compare takes: the settings, prompts and lanes as lists or texts."""
    hints, parameters = get_type_hints(Settings), {}
    for field in fields(Settings):
        kind, default = hints[field.name], field.default
        if field.name == "prompts":
            kind, default = list[str | dict] | str, ["a cat", "a castle"]
        elif field.name == "negative":
            kind, default = list[str | dict] | str, []
        elif field.name == "lanes":
            kind, default = list[str] | str, list(default)
        elif field.name == "steps":
            kind, default = int | None, None
        elif field.name == "seed":
            kind = int | str
        parameters[field.name] = inspect.Parameter(
            field.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind
        )
    del parameters["start"]  # it names an upload, which the endpoint does not take
    return parameters


_PARAMETERS = _parameters()


def _described(compare: Callable) -> Callable:
    """Give /compare the signature and the words that the settings have."""
    said = {name: rule(name).describe() for name in _PARAMETERS} | {
        "prompts": '1 to 16; ":2" makes one weigh 2: ["a cat :2", "a castle"], or '
        '[{"text": "a cat", "weight": 2}, ...] as results have them, or "a cat :2 | a castle"; '
        'one with a weight below 0, "a dog :-1", is a negative prompt; "a cat @left" (right, top, '
        'bottom, centre, top-left..., or a box "@0.1,0.2,0.5,0.8") belongs there in the picture',
        "parent": "the id of a result to go on from with these prompts and settings",
        "generator": choices(),
        "lanes": f'losses: {described()}; at most {MOST_LANES}; ["ot", "mean"], or "ot,mean"',
    }
    optional = [name for name, part in _PARAMETERS.items() if part.default is None]
    said |= {name: f"{said[name]}; what suits the painter, unless given" for name in optional}
    compare.__doc__ = _COMPARE + "".join(f"    {name}: {text}.\n" for name, text in said.items())
    returns = inspect.signature(compare).return_annotation
    compare.__signature__ = inspect.Signature([*_PARAMETERS.values()], return_annotation=returns)
    compare.__annotations__ = {name: part.annotation for name, part in _PARAMETERS.items()}
    return compare


def _refuse(sentence: object) -> gr.Error:
    return gr.Error(str(sentence), print_exception=False)


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
        "error": status.error,
    }


def _outcome(status: Status) -> dict:
    """Return a result's data, and the addresses of its pictures: no path of the host."""
    saved = status.saved
    try:
        data = json.loads((saved.folder / "result.json").read_text(encoding="utf-8"))
    except OSError:
        raise _refuse("The result was deleted a moment ago.") from None
    files = {"files": {lane: address(saved, lane) for lane in saved.settings.lanes}}
    anew = {kind: by_lane for kind in ANEW if (by_lane := addresses(saved, kind))}
    return {"result": data} | files | anew


def _listing(store: Path, search: str, most: int) -> list[dict]:
    if not library.listed():
        raise _refuse("This Space does not list what its visitors made.")
    if not 1 <= most <= _MOST:
        raise _refuse(f"most is {shorten(most, 20)}; allowed is 1 to {_MOST}: try 20.")
    return [
        saved.settings.as_dict()
        | {
            "run": saved.id,
            "state": ending(saved),
            "complete": saved.complete,
            "steps": saved.steps,
            "pinned": pinned,
        }
        for saved, pinned in library.entries(store, search, int(most))
    ]


def add_endpoints(jobs: Jobs) -> None:
    """Add the endpoints to the Blocks that are being built."""

    def known(run: str) -> tuple[Job, Status]:
        job = jobs.get(str(run))
        if job is None:
            raise _refuse(
                f"There is no run {shorten(run, 20)} here: take the id that /compare or /list gave."
            )
        return job, jobs.status(job)

    def settings(values: dict[str, object]) -> Settings:
        if values["parent"]:
            values["parent"] = named(str(values["parent"]), jobs.find)
        return from_texts(values)

    async def compare(*inputs: object) -> AsyncIterator[dict]:
        try:
            values = dict(zip(_PARAMETERS, inputs, strict=True))
            job = await ask(jobs, lambda: settings(values), program())
        except (InputError, QueueFull) as wrong:
            raise _refuse(wrong) from None
        async for status in follow(jobs, job):
            if status and not status.over:
                yield _news(job, status)
        if status.state == "failed" or (status.error and not status.saved):
            raise _refuse(status.error)
        outcome = await asyncio.to_thread(_outcome, status) if status.saved else {}
        yield _news(job, status) | outcome

    def status(run: str) -> dict:
        """Say how a run goes: what /compare streams, once.

        "state" is "queued", "loading", "running", "done", "stopped", "diverged" (it is no finite
        number any more; "error" says what to try) or "failed".

        Args:
            run: the id that /compare or /list gave.
        """
        return _news(*known(run))

    def result(run: str) -> dict:
        """Return the "result" and "files" of a run that is over, as /compare's last item has them.

        A stopped run has those of its last step, one that diverged those of its last finite step.

        Args:
            run: the id that /compare or /list gave.
        """
        _, now = known(run)
        if now.saved is None:
            why = now.error or f"it is {now.state}, step {now.step} of {now.steps}"
            raise _refuse(f"The run has no result yet ({why}): ask /status.")
        return _outcome(now)

    def list_results(search: str = "", most: int = 20) -> list[dict]:
        """List the results that are kept, newest first: "run", "prompts", "state", "steps"...

        On a public Space only where its host shows a gallery.

        Args:
            search: words that the prompts must hold, all of them; "" lists everything.
            most: results in the answer, 1 to 100.
        """
        return _listing(jobs.store, str(search), most)

    def stop(run: str) -> dict:
        """Stop a run: what it made is kept, and /compare with the same settings goes on from there.

        What /status says is returned; a run that is over stays as it is. On a public Space a run
        goes on if anybody else asked for it too.

        Args:
            run: the id that /compare or /list gave.
        """
        job, _ = known(run)
        if not jobs.stoppable(job, program()):
            raise _refuse("Another visitor asked for this run, so it goes on.")
        jobs.stop(job.id, program())
        return _news(job, jobs.status(job))

    gr.api(_described(compare), api_name="compare", concurrency_limit=None)
    shorts = {"status": status, "result": result, "list": list_results, "stop": stop}
    for name, short in shorts.items():
        gr.api(short, api_name=name, queue=False)
