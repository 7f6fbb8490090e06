"""Run a plan: one function for the page, the command line and any worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import torch

from otgen.explain import metrics
from otgen.explain.evidence import Record, Unfinished
from otgen.guidance import sampling
from otgen.guidance.loop import Diverged, Snapshot, descend
from otgen.models import precision
from otgen.models.downloads import Report, fetch, silent
from otgen.painters.base import ImageGenerator, frozen, thawed
from otgen.results import uploads
from otgen.results.result import Result, uploaded
from otgen.run.assembly import adapted, begun, objective_of, start_of
from otgen.run.failures import explained
from otgen.run.fingerprint import fingerprint, versions
from otgen.run.judge import CUTOUTS, JUDGES, recognised
from otgen.run.notes import idle_place, truncated_prompts, unconverged
from otgen.run.plan import Plan, check_parent
from otgen.run.pool import encoder_of, forget, judge_of
from otgen.run.recorder import Recorder
from otgen.run.recorder import uint8 as as_uint8


def uint8(pictures: torch.Tensor) -> np.ndarray:
    """Copy pictures [L, 3, h, w] in [0, 1] off the device, as [L, h, w, 3] uint8."""
    return as_uint8(pictures).cpu().numpy()


def _numbers(
    plan: Plan, pictures: torch.Tensor, record: Record, made: list[dict]
) -> dict[str, dict]:
    """Return the numbers of each lane, and the description of its picture if there is one.

    They include the judge's counts if a judge knows the painted world.
    """
    settings, numbers = plan.settings, {}
    for lane, name in enumerate(settings.lanes):
        measured = metrics.numbers(record, lane)._asdict() | made[lane]
        if record.negative:
            measured["avoided"] = metrics.avoided(record, lane)
        if record.places:
            measured["placed"] = metrics.placed(record, lane)
        numbers[name] = measured | {"starved": list(measured["starved"])}  # as JSON gives it back
    judge = plan.card.judge
    if judge and settings.encoder is None and plan.words == plan.texts:  # a judge names, no more
        counted = recognised(judge_of(judge), JUDGES[judge], pictures, list(plan.texts))
        for name, counts in zip(settings.lanes, counted.tolist(), strict=True):
            numbers[name]["judge"] = {"found": counts, "of": CUTOUTS}
    return numbers


def compare(
    plan: Plan,
    watch: Callable[[Snapshot], bool] = lambda snapshot: True,
    report: Report = silent,
    resume: Unfinished | None = None,
    keep: Callable[[Callable[[], Result]], None] = lambda so_far: None,
) -> Result:
    """Run all lanes of a plan side by side.

    Args:
        watch: called with each snapshot. If it returns False, the run stops and returns its partial
            result.
        report: called during downloads with (what, downloaded bytes, total bytes).
        resume: the checkpoint of a run of this plan. On the same machine the pictures become those
            of a run that never stopped. On another machine the run starts from the beginning.
        keep: called after each step but the last, with a function that returns the result so far.

    Raises InputError (Unavailable if weights are not available), and Diverged if the first step or
    the last picture is not finite. A run that diverges later returns its last finite picture and
    the sentence that says so; it has no checkpoint, as it would diverge again. A run that diverges
    in reduced precision is first repeated in float32, once.
    """
    try:
        try:
            return _compare(plan, watch, report, resume, keep)
        except _NotFinite as reduced:
            why = str(reduced)
        return _in_float32(plan, watch, report, keep, why)
    except RuntimeError as failed:
        sentence = explained(failed, plan)
        if sentence is None:
            raise
        asked = failed
    # Outside the handlers, so that the run's tensors are no longer held by the error's frames.
    asked.__traceback__ = None
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise sentence


class _NotFinite(Exception):
    """A run diverged in reduced precision, and may not in float32."""


def _in_float32(
    plan: Plan,
    watch: Callable[[Snapshot], bool],
    report: Report,
    keep: Callable[[Callable[[], Result]], None],
    why: str,
) -> Result:
    """Run a plan from its beginning in float32. Half precision overflows on some GPUs."""
    forget()  # models that were loaded in reduced precision
    try:
        with precision.in_float32():
            result = _compare(plan, watch, report, None, keep)
    finally:
        forget()
    what = f"{why[0].lower()}{why[1:]}".partition(":")[0]  # without what to try
    note = f"The run was repeated in float32: in reduced precision, {what}."
    return result._replace(notes=(note, *result.notes))


def _compare(
    plan: Plan,
    watch: Callable[[Snapshot], bool],
    report: Report,
    resume: Unfinished | None,
    keep: Callable[[Callable[[], Result]], None],
) -> Result:
    began = time.perf_counter()
    settings = plan.settings
    device = precision.device()
    for name, _ in uploaded(settings):
        if not uploads.renew(name):  # before gigabytes of weights come in vain
            raise uploads.missing(name)
    check_parent(plan)
    for name in plan.models:
        fetch(name, report)
    fetched = time.perf_counter()
    precision.reset(device)
    start = start_of(plan)
    generator, encoder = adapted(plan, start), encoder_of(plan.encoder)
    (state, started), before = begun(plan, generator, start), 0.0
    objective = objective_of(plan, encoder, device, started)
    built = time.perf_counter()
    recorder = Recorder(
        objective=objective,
        prompts=plan.texts,
        lanes=settings.lanes,
        steps=settings.steps,
        negative=plan.negative,
        places=plan.places,
    )
    errors, notes, diverged = [], [*truncated_prompts(encoder, plan), *idle_place(plan)], ""
    last: Snapshot | None = None
    lanes, seed, steps = len(settings.lanes), settings.seed, settings.steps
    need = sampling.first(settings.sampling, settings.cutouts)
    if resume and resume.machine == fingerprint(device):
        with suppress(AttributeError, ValueError):  # where its file was changed: it begins anew
            kept = thawed(state, resume.state), _need(need, resume.need)
            recorder.restore(resume.record)
            (state, need), before = kept, resume.seconds
            errors += torch.from_numpy(resume.error[:-1]).to(device)

    def so_far() -> Result:
        painted = time.perf_counter()
        error = torch.stack(errors).cpu().numpy()  # [steps + 1, L]
        record, pictures = recorder.record(), last.show()
        if not pictures.isfinite().all():
            raise Diverged(
                f"The picture holds numbers that are not finite at step {last.step} of {steps}: "
                "try another seed."
            )
        made = generator.describe(last.state, last.loss.plan, last.loss.corners)
        numbers, complete = _numbers(plan, pictures, record, made), last.step == steps
        paint = before + painted - built
        left = Unfinished(
            record=record,
            state=frozen(last.state),
            error=error,
            seconds=paint,
            machine=fingerprint(device),
            need=None if last.need is None else last.need.numpy(),
        )
        return Result(
            id=plan.id,
            settings=settings,
            complete=complete,
            steps=last.step,
            pictures=uint8(pictures),
            record=record,
            numbers=numbers,
            timings={
                "fetch": fetched - began,
                "load": built - fetched,
                "paint": paint,
                "measure": time.perf_counter() - painted,
            },
            versions=versions(),
            revisions=plan.revisions,
            notes=(*notes, *unconverged(error, settings.lanes)),
            device=precision.record(device),
            unfinished=None if complete or diverged else left,
            state=_kept(left.state, generator) if complete else None,
            diverged=diverged,
            sampler=plan.card.sampler,
        )

    try:
        for snapshot in descend(generator, objective, lanes, seed, steps, len(errors), state, need):
            last = snapshot
            recorder(snapshot)
            errors.append(snapshot.loss.error)
            if not watch(snapshot):
                break
            if snapshot.step < steps:
                keep(so_far)
    except Diverged as wrong:
        _retry(wrong, device)
        if last is None:
            raise
        diverged = str(wrong)
    try:
        return so_far()
    except Diverged as wrong:
        _retry(wrong, device)
        raise


def _need(first: torch.Tensor | None, kept: np.ndarray | None) -> torch.Tensor | None:
    """Return the need of a checkpoint. Raises ValueError where it is not of a run with this one."""
    if first is None:
        return None
    if kept is None or kept.shape != first.shape:
        raise ValueError(f"need is {None if kept is None else kept.shape}, not {first.shape}")
    return torch.from_numpy(kept).to(first)


def _kept(state: dict[str, np.ndarray], generator: ImageGenerator) -> dict[str, np.ndarray]:
    """Return what a finished result keeps of its state."""
    return {name: part for name, part in state.items() if name not in generator.spent}


def _retry(diverged: Diverged, device: torch.device) -> None:
    """Raise _NotFinite if a run that diverged may be finite in float32."""
    if precision.dtype(device) is not torch.float32:
        raise _NotFinite(str(diverged)) from diverged
