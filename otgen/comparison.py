"""Run settings: one plain function for the page, the command line and any worker."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
import torch

from otgen import __version__, analysis, weights
from otgen.couplings import THRESHOLD
from otgen.cutouts import CutoutSpec
from otgen.descent import Diverged, Snapshot, descend
from otgen.embeddings import ClipEncoder, load
from otgen.generators import card
from otgen.generators.base import ImageGenerator
from otgen.objective import Objective
from otgen.prompts import shares
from otgen.settings import Settings, validated
from otgen.world.judge import CUTOUTS, found, judge


class Result(NamedTuple):
    """What a run made; all arrays are numpy.

    steps: updates done, fewer than asked for where ``complete`` is False. pictures: [L, h, w, 3] uint8.
    losses: [steps + 1, L]. counts: [steps + 1, L, m], cutouts nearest to each prompt. cost, plan: [L, n, m] and
    corners [n, 4, 2] of the last step. numbers: per lane, plain data. timings: seconds. notes: sentences that
    a person should read.
    """

    id: str
    settings: Settings
    complete: bool
    steps: int
    pictures: np.ndarray
    losses: np.ndarray
    counts: np.ndarray
    cost: np.ndarray
    plan: np.ndarray
    corners: np.ndarray
    numbers: dict[str, dict]
    timings: dict[str, float]
    versions: dict[str, str]
    revisions: dict[str, str]
    notes: tuple[str, ...]


@lru_cache(maxsize=2)
def generator_of(name: str) -> ImageGenerator:
    """Build a generator, or return the one built before; the two used last are kept."""
    return card(name).build(weights.device())


@lru_cache(maxsize=2)
def encoder_of(name: str) -> ClipEncoder:
    """Load an encoder, or return the one loaded before; the two used last are kept."""
    return load(weights.asset(name), weights.device())


@lru_cache(maxsize=1)
def _judge() -> ClipEncoder:
    return judge(weights.device())


def checked(settings: Settings) -> Settings:
    """Check settings against everything that is known before a run. Raises InputError."""
    settings = validated(settings)
    encoder_of(card(settings.generator).encoder).check_words([text for text, _ in settings.prompts])
    return settings


def run_id(settings: Settings) -> str:
    """Return the id that a run of these settings has, before it is run."""
    return settings.id(weights.revisions(settings.generator, card(settings.generator).encoder))


def uint8(pictures: torch.Tensor) -> np.ndarray:
    """Copy pictures [L, 3, h, w] in [0, 1] off the device, as [L, h, w, 3] uint8."""
    return (pictures * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def _objective(settings: Settings, encoder: ClipEncoder, device: torch.device) -> Objective:
    return Objective(
        encoder,
        encoder.texts([text for text, _ in settings.prompts]),
        torch.tensor(shares(settings.prompts), device=device),
        settings.lanes,
        torch.full((len(settings.lanes),), settings.epsilon, device=device),
        settings.distance,
        settings.cutouts,
        CutoutSpec(),
        settings.seed,
    )


def _numbers(settings: Settings, last: Snapshot, counted: np.ndarray) -> dict[str, dict]:
    """Return the numbers of each lane."""
    prompts = [text for text, _ in settings.prompts]
    recognised = found(_judge(), last.image, prompts) if settings.generator.endswith("-mini") else None
    numbers = {}
    for lane, name in enumerate(settings.lanes):
        numbers[name] = {
            "counts": counted[lane].tolist(),
            "balance": analysis.balance(counted[lane]),
            "mass": last.loss.plan[lane].sum(0).tolist(),
        }
        if recognised is not None:
            numbers[name]["judge"] = {"found": recognised[lane].tolist(), "of": CUTOUTS}
    return numbers


def compare(settings: Settings, watch: Callable[[Snapshot], bool] = lambda snapshot: True) -> Result:
    """Run every lane of the settings side by side.

    Args:
        watch: called with each snapshot; returning False stops the run, and what was made is returned.

    Raises InputError, and Diverged where not even the first step is finite. A run that diverges later returns
    its last sound picture with a note.
    """
    settings = checked(settings)
    began = time.perf_counter()
    device = weights.device()
    generator, encoder = generator_of(settings.generator), encoder_of(card(settings.generator).encoder)
    objective = _objective(settings, encoder, device)
    loaded = time.perf_counter()
    losses, nearest, errors, notes = [], [], [], []
    last: Snapshot | None = None
    try:
        for snapshot in descend(generator, objective, len(settings.lanes), settings.seed, settings.steps):
            last = snapshot
            losses.append(snapshot.loss.value)
            nearest.append(snapshot.loss.cost.argmin(-1))
            errors.append(snapshot.loss.error)
            if not watch(snapshot):
                break
    except Diverged as diverged:
        if last is None:
            raise
        notes.append(str(diverged))
    painted = time.perf_counter()
    assert last is not None
    error = torch.stack(errors).cpu().numpy()  # [steps + 1, L]
    notes += _unconverged(error, settings.lanes)
    prompts = torch.arange(len(settings.prompts), device=device)
    counted = (torch.stack(nearest)[..., None] == prompts).sum(-2).cpu().numpy()
    numbers = _numbers(settings, last, counted[-1])
    return Result(
        id=run_id(settings),
        settings=settings,
        complete=last.step == settings.steps,
        steps=last.step,
        pictures=uint8(last.image),
        losses=torch.stack(losses).cpu().numpy(),
        counts=counted,
        cost=last.loss.cost.cpu().numpy(),
        plan=last.loss.plan.cpu().numpy(),
        corners=last.loss.corners.numpy(),
        numbers=numbers,
        timings={
            "load": loaded - began,
            "paint": painted - loaded,
            "measure": time.perf_counter() - painted,
        },
        versions=versions(),
        revisions=weights.revisions(settings.generator, card(settings.generator).encoder),
        notes=tuple(notes),
    )


def _unconverged(error: np.ndarray, lanes: tuple[str, ...]) -> list[str]:
    """Say where Sinkhorn stopped short: error [steps + 1, L]."""
    notes = []
    for lane, name in enumerate(lanes):
        late = np.flatnonzero(error[:, lane] > 2 * THRESHOLD)
        if len(late):
            notes.append(
                f"Sinkhorn did not converge in lane {name} at {len(late)} of {len(error)} steps, first at step "
                f"{late[0]} (marginals off by up to {error[:, lane].max():.1e}): try a larger epsilon."
            )
    return notes


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    packages = ("torch", "jax", "ott-jax", "diffusers", "transformers")
    return {
        "otgen": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
