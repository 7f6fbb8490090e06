"""Settings: everything that decides what a run paints."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace

from otgen.prompts import InputError, Prompt, check, prompt, shorten

LANES = ("ot", "mean")
DISTANCES = ("cosine", "geodesic", "great-circle", "euclidean")

# Name -> (lowest, highest, what to try).
BOUNDS: dict[str, tuple[float, float, str]] = {
    "steps": (1, 2000, "100"),
    "cutouts": (2, 256, "64"),
    "epsilon": (0.001, 1000, "0.1, or 1000 for what is in effect the mean"),
    "seed": (0, 2**32 - 1, "1234"),
}


@dataclass(frozen=True)
class Settings:
    """One run.

    Args:
        prompts: 1 to 16. generator: a key of GENERATORS. lanes: couplings that run side by side, each once.
        steps: updates. cutouts: n. epsilon: smoothing of the transport plan, in units of the cost's spread:
            small is sharp, large is the mean. distance: between cutouts and prompts. seed: of all that is random.
    """

    prompts: tuple[Prompt, ...]
    generator: str = "diffusion-mini"
    lanes: tuple[str, ...] = LANES
    steps: int = 100
    cutouts: int = 64
    epsilon: float = 0.1
    distance: str = "great-circle"
    seed: int = 1234

    def as_dict(self) -> dict:
        """Return plain data for JSON."""
        data = asdict(self)
        data["prompts"] = [{"text": text, "weight": weight} for text, weight in self.prompts]
        data["lanes"] = list(self.lanes)
        return data

    def id(self, revisions: dict[str, str]) -> str:
        """Return 12 hex digits that name this run with these revisions of its models."""
        canonical = json.dumps([self.as_dict(), revisions], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _number(name: str, given: object, whole: bool) -> float:
    lowest, highest, attempt = BOUNDS[name]
    try:
        number = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not lowest <= number <= highest or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise InputError(
            f"{name} is {shorten(str(given), 20)}; allowed is {kind} from {lowest:g} to {highest:,.0f}: "
            f"try {attempt}."
        )
    return int(number) if whole else number


def _choice(kind: str, given: object, allowed: tuple[str, ...]) -> str:
    if given not in allowed:
        raise InputError(f"There is no {kind} {shorten(str(given), 20)}; there are: {', '.join(allowed)}.")
    return str(given)


def validated(settings: Settings) -> Settings:
    """Return the settings with every field checked and of its type. Raises InputError."""
    lanes = tuple(_choice("lane", lane, LANES) for lane in settings.lanes)
    if not lanes or len(set(lanes)) < len(lanes):
        raise InputError(
            f"The lanes are {shorten(', '.join(lanes))}; give one or more of {', '.join(LANES)}, each once."
        )
    return replace(
        settings,
        prompts=check([prompt(*row) for row in settings.prompts]),
        lanes=lanes,
        steps=_number("steps", settings.steps, whole=True),
        cutouts=_number("cutouts", settings.cutouts, whole=True),
        epsilon=_number("epsilon", settings.epsilon, whole=False),
        distance=_choice("distance", settings.distance, DISTANCES),
        seed=_number("seed", settings.seed, whole=True),
    )
