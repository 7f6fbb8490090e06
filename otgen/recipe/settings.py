"""Settings: everything that decides what a run paints."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from otgen.recipe.prompts import InputError, Prompt, check, number, prompt, shorten

LANES = ("ot", "mean")
MOST_LANES = 6
DISTANCES = ("cosine", "geodesic", "great-circle", "euclidean")
ENCODERS = (
    "storybook-clip",
    "clip-mini",
    "clip-vit-b32",
    "clip-vit-b16",
    "clip-vit-l14",
    "laion-b32",
)
TOLD = ("nothing", "prompts")
SIZE_UNIT = 8  # pixels; a generator may want coarser ones

# Name -> (lowest, highest, what to try).
BOUNDS: dict[str, tuple[float, float, str]] = {
    "steps": (1, 2000, "100"),
    "cutouts": (2, 256, "64"),
    "epsilon": (0.001, 1000, "0.1, or 1000 for what is in effect the mean"),
    "seed": (0, 2**32 - 1, "1234"),
    "height": (128, 1024, "256"),
    "width": (128, 1024, "256"),
    "guidance": (0, 10, "0.1, or 0 for what the generator paints by itself"),
    "sprites": (1, 16, "6"),
}


@dataclass(frozen=True)
class Settings:
    """One run.

    Args:
        prompts: 1 to 16. generator: a key of GENERATORS. lanes: couplings that run side by side,
            at most 6, each once; "ot@0.01" is "ot" with an epsilon of its own.
        steps: updates. cutouts: n. epsilon: smoothing of the transport plan, in units of the cost's
            spread: small is sharp, large is the mean. distance: between cutouts and prompts.
            seed: of all that is random.
        encoder: one of ENCODERS. height, width: pixels. guidance: strength of guidance, for
            diffusion. sprites: of a storybook's picture; these five are the generator's own choice
            where None. told: what a text-conditioned network is told, the prompts joined or
            nothing. start: names the picture to start from (``starts.keep``), "" for none.
    """

    prompts: tuple[Prompt, ...]
    generator: str = "storybook"
    lanes: tuple[str, ...] = LANES
    steps: int = 50
    cutouts: int = 64
    epsilon: float = 0.1
    distance: str = "great-circle"
    seed: int = 1234
    encoder: str | None = None
    height: int | None = None
    width: int | None = None
    guidance: float | None = None
    told: str = "nothing"
    start: str = ""
    sprites: int | None = None

    def as_dict(self) -> dict:
        """Return plain data for JSON, less what is left to the generator: a recipe has one form."""
        left = {
            "encoder": None,
            "height": None,
            "width": None,
            "guidance": None,
            "told": TOLD[0],
            "start": "",
            "sprites": None,
        }
        data = {
            key: value
            for key, value in asdict(self).items()
            if key not in left or value != left[key]
        }
        data["prompts"] = [{"text": text, "weight": weight} for text, weight in self.prompts]
        data["lanes"] = list(self.lanes)
        return data

    def id(self, revisions: dict[str, str]) -> str:
        """Return 12 hex digits that name this run with these revisions of its models."""
        canonical = json.dumps([self.as_dict(), revisions], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _number(name: str, given: object, whole: bool) -> float:
    lowest, highest, attempt = BOUNDS[name]
    value = number(given)
    if not lowest <= value <= highest or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise InputError(
            f"{name} is {shorten(given, 20)}; allowed is {kind} from {lowest:g} to {highest:,.0f}: "
            f"try {attempt}."
        )
    return int(value) if whole else value


def _choice(kind: str, given: object, allowed: tuple[str, ...]) -> str:
    if given not in allowed:
        raise InputError(
            f"There is no {kind} {shorten(given, 20)}; there are: {', '.join(allowed)}."
        )
    return str(given)


def _optional(given: object, check: Callable[[object], object]):
    return None if given is None or given == "" else check(given)


def _side(name: str, given: object) -> float:
    pixels = _number(name, given, whole=True)
    if pixels % SIZE_UNIT:
        raise InputError(
            f"{name} is {pixels:g}; allowed are multiples of {SIZE_UNIT} pixels: "
            f"try {pixels - pixels % SIZE_UNIT:g}."
        )
    return pixels


def _start(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(r"([0-9a-f]{12})?", given):
        raise InputError(
            f"The picture to start from is named {shorten(given, 20)}; a name is 12 of 0-9 and "
            "a-f: upload the picture again, or leave it out."
        )
    return given


def _lane(given: object) -> str:
    coupling, at, own = str(given).strip().partition("@")
    if coupling not in LANES:
        raise InputError(
            f"There is no lane {shorten(given, 20)}; there are: {', '.join(LANES)}, and ot@ with "
            "an epsilon of its own: try ot@0.01."
        )
    if not at:
        return coupling
    if coupling == "mean":
        raise InputError(
            f"The lane {shorten(given, 20)} has an epsilon, and the mean has none: try mean, or "
            "ot@0.1."
        )
    return f"{coupling}@{_number('epsilon', own, whole=False):g}"


def _lanes(given: object) -> tuple[str, ...]:
    lanes = tuple(map(_lane, given)) if isinstance(given, (tuple, list)) else ()
    if not 1 <= len(lanes) <= MOST_LANES or len(set(lanes)) < len(lanes):
        said = ", ".join(lanes) if lanes else given
        raise InputError(
            f"The lanes are {shorten(said)}; allowed are 1 to {MOST_LANES} of {', '.join(LANES)} "
            f"and ot@ with an epsilon, such as ot@0.01, each once: try {', '.join(LANES)}."
        )
    return lanes


def validated(settings: Settings) -> Settings:
    """Return the settings with every field checked and of its type. Raises InputError."""
    return replace(
        settings,
        prompts=check([prompt(*row) for row in settings.prompts or ()]),
        lanes=_lanes(settings.lanes),
        steps=_number("steps", settings.steps, whole=True),
        cutouts=_number("cutouts", settings.cutouts, whole=True),
        epsilon=_number("epsilon", settings.epsilon, whole=False),
        distance=_choice("distance", settings.distance, DISTANCES),
        seed=_number("seed", settings.seed, whole=True),
        encoder=_optional(settings.encoder, lambda given: _choice("encoder", given, ENCODERS)),
        height=_optional(settings.height, lambda given: _side("height", given)),
        width=_optional(settings.width, lambda given: _side("width", given)),
        guidance=_optional(
            settings.guidance, lambda given: _number("guidance", given, whole=False)
        ),
        told=_choice("way to tell the network", settings.told, TOLD),
        start=_start(settings.start),
        sprites=_optional(settings.sprites, lambda given: _number("sprites", given, whole=True)),
    )
