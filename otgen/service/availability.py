"""Whether a run can be painted on this machine, and how long it would take."""

from __future__ import annotations

from typing import NamedTuple

from otgen.models import catalogue
from otgen.models.cache import missing_bytes, present, reachable
from otgen.models.catalogue import TABLE
from otgen.recipe.settings import Settings
from otgen.run.events import Machine
from otgen.run.plan import Plan
from otgen.service.pace import duration

# 1e12 operations of an encoder for one cutout, forward and backward, counted (weights frozen).
_ENCODER_WORK = {
    "clip-vit-b32": 0.0177,
    "laion-b32": 0.0177,
    "clip-vit-b16": 0.0717,
    "clip-vit-l14": 0.3305,
}


LONG = 60.0  # seconds of painting from which a run of what ships says so before it starts


class Verdict(NamedTuple):
    """Whether a run can be had on this machine.

    can: it can run, maybe after a download, maybe slowly. download: bytes still to come. seconds:
    an estimate of the painting on a machine without a GPU, None where nothing can be said, or need
    be: what ships takes seconds.
    sentence: what to tell a person, "" where there is nothing to say. instead: a generator to
    offer where it can't run, or "".
    """

    can: bool
    download: int
    seconds: float | None
    sentence: str
    instead: str = ""


def work(plan: Plan) -> float | None:
    """Return a run's operations, in 1e12, None where they were not counted."""
    about, settings = plan.card, plan.settings
    if not about.work or plan.encoder not in _ENCODER_WORK:
        return None
    painting = about.work * plan.height * plan.width / about.sizes.usual**2
    step = len(settings.lanes) * (painting + settings.cutouts * _ENCODER_WORK[plan.encoder])
    return settings.steps * step


def estimate(plan: Plan, speed: float) -> float | None:
    """Return the seconds a run would paint without a GPU, None where its work was not counted.

    From counted operations: a rough figure; the first steps of a run tell better.

    Args:
        speed: of the CPU, 1e12 operations a second.
    """
    operations = work(plan)
    return operations and operations / speed


def amount(size: int) -> str:
    """Return bytes in words: "605 MB", "1.6 GB"."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def weighs(plan: Plan) -> bool:
    """Tell whether it matters what a run is painted on: what ships takes seconds anyway."""
    return any(name in TABLE for name in plan.models)


def verdict(plan: Plan, machine: Machine | None = None, pace: float | None = None) -> Verdict:
    """Say whether a run can be had here, what it downloads, and its time where there is no GPU.

    Args:
        machine: what it is painted on, None where that is not known.
        pace: seconds a step and lane, measured on this machine or guessed from what was.
    """
    about, names, settings = plan.card, plan.models, plan.settings
    absent = [name for name in names if not present(name)]
    download = missing_bytes(*names)
    if absent and not reachable():
        return Verdict(
            False,
            download,
            None,
            f"{about.title} can't paint here now: its weights are not on this machine, and the hub "
            "that has them can't be reached.",
            Settings.generator,
        )
    said = []
    if absent:
        nearly = "" if all(TABLE[name].measured for name in absent) else "About "
        said.append(f"{nearly}{amount(download)} are downloaded first, once.")
    seconds = None
    if not weighs(plan) and pace and pace * settings.steps * len(settings.lanes) >= LONG:
        seconds = pace * settings.steps * len(settings.lanes)
        said.append(f"It paints for about {duration(seconds)} here.")
    if weighs(plan) and machine and machine.device == "cpu":
        if pace is None:
            seconds, source = estimate(plan, machine.speed), "this machine's measured speed"
        else:
            seconds, source = pace * settings.steps * len(settings.lanes), "steps measured here"
        if seconds is not None:
            said.append(
                f"Without a GPU, as here, it paints for about {duration(seconds)} "
                f"(estimated from {source})."
            )
    if weighs(plan) and machine:
        said.append(machine.note)
    return Verdict(True, download, seconds, " ".join(filter(None, said)))


def licences(models: tuple[str, ...]) -> dict[str, str]:
    """Return model -> licence of those that are downloaded."""
    return {name: TABLE[name].licence for name in models if name in TABLE}


def memory_bytes(models: tuple[str, ...]) -> int:
    """Return the bytes of models when loaded; painting needs more."""
    return sum(
        TABLE[name].memory if name in TABLE else 2 * _shipped_bytes(name)  # float16 to float32
        for name in models
    )


def download_bytes(models: tuple[str, ...]) -> int:
    """Return the bytes of models that are not shipped, nearly so where none is stated."""
    return sum(TABLE[name].download for name in models if name in TABLE)


def _shipped_bytes(name: str) -> int:
    return sum(file.stat().st_size for file in catalogue.asset(name).rglob("*.safetensors"))
