"""Settings: everything that decides what a run paints.

The annotation of a field defines its allowed values, default, help text and error message. The
form, links, JSON, the command line and the endpoint all use it. Existing settings are always valid:
creating or replacing them with an invalid value raises InputError.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, fields
from dataclasses import dataclass as plain_dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import PlainValidator
from pydantic.dataclasses import dataclass

from otgen.recipe.prompts import InputError, Prompt, check, number, prompt, shorten

COUPLINGS = ("ot", "mean")  # that a lane may have
LANES = ("ot", "mean")  # of a run that names none
MOST_LANES = 6


class Rule:
    """The rule of a field: which values are allowed.

    Attributes:
        help: the purpose of the field, in a few words.
    """

    help: str

    def check(self, name: str, given: object) -> Any:
        """Return a valid value in the field's type. Raises InputError."""
        raise NotImplementedError

    def describe(self) -> str:
        """Return the purpose of the field and its allowed values."""
        return self.help

    def __get_pydantic_core_schema__(self, source, handler):
        """Make pydantic validate by this rule only."""
        checked = PlainValidator(lambda given, info: self.check(info.field_name, given))
        return checked.__get_pydantic_core_schema__(source, handler)


def _absent(given: object) -> bool:
    return given is None or given == ""


@plain_dataclass(frozen=True)
class Number(Rule):
    """A number from ``lowest`` to ``highest``. ``example``: what to try.

    unit: the value is a whole multiple of it; 0 allows any number. optional: may be left out.
    """

    help: str
    lowest: float
    highest: float
    example: str
    unit: int = 1
    optional: bool = False

    def describe(self) -> str:
        return f"{self.help}; {self.lowest:g} to {self.highest:.0f}"

    def check(self, name: str, given: object) -> float | None:
        if self.optional and _absent(given):
            return None
        value = number(given)
        if not self.lowest <= value <= self.highest or (self.unit and value != int(value)):
            kind = "a whole number" if self.unit else "a number"
            raise InputError(
                f"{name} is {shorten(given, 20)}; allowed is {kind} from {self.lowest:g} to "
                f"{self.highest:,.0f}: try {self.example}."
            )
        if self.unit and value % self.unit:
            raise InputError(
                f"{name} is {value:g}; allowed are multiples of {self.unit} pixels: "
                f"try {value - value % self.unit:g}."
            )
        return int(value) if self.unit else value


@plain_dataclass(frozen=True)
class Choice(Rule):
    """One of ``allowed``. ``kind`` is their name in messages. optional: may be left out."""

    help: str
    kind: str
    allowed: tuple[str, ...]
    optional: bool = False

    def describe(self) -> str:
        return f"{self.help}: {', '.join(self.allowed)}"

    def check(self, name: str, given: object) -> str | None:
        if self.optional and _absent(given):
            return None
        if given not in self.allowed:
            raise InputError(
                f"There is no {self.kind} {shorten(given, 20)}; there are: "
                f"{', '.join(self.allowed)}."
            )
        return str(given)


@plain_dataclass(frozen=True)
class Prompts(Rule):
    help: str

    def check(self, name: str, given: object) -> tuple[Prompt, ...]:
        return check([prompt(*row) for row in given or ()])


@plain_dataclass(frozen=True)
class Generator(Rule):
    """Any name: ``painters.catalogue`` rejects unknown ones, with a list of the known ones.

    A link may name a painter of a later otgen. The rest of its settings can still be used.
    """

    help: str

    def check(self, name: str, given: object) -> str:
        return given


@plain_dataclass(frozen=True)
class StartPicture(Rule):
    help: str

    def check(self, name: str, given: object) -> str:
        if not isinstance(given, str) or not re.fullmatch(r"([0-9a-f]{12})?", given):
            raise InputError(
                f"The picture to start from is named {shorten(given, 20)}; a name is 12 of 0-9 "
                "and a-f: upload the picture again, or leave it out."
            )
        return given


@plain_dataclass(frozen=True)
class Lanes(Rule):
    """Couplings, each once. "ot@0.01" is "ot" with its own epsilon."""

    help: str

    def check(self, name: str, given: object) -> tuple[str, ...]:
        lanes = tuple(map(self._lane, given)) if isinstance(given, (tuple, list)) else ()
        if not 1 <= len(lanes) <= MOST_LANES or len(set(lanes)) < len(lanes):
            said = ", ".join(lanes) if lanes else given
            raise InputError(
                f"The lanes are {shorten(said)}; allowed are 1 to {MOST_LANES} of "
                f"{', '.join(COUPLINGS)} and ot@ with an epsilon, such as ot@0.01, each once: try "
                f"{', '.join(COUPLINGS)}."
            )
        return lanes

    def _lane(self, given: object) -> str:
        coupling, at, own = str(given).strip().partition("@")
        if coupling not in COUPLINGS:
            raise InputError(
                f"There is no lane {shorten(given, 20)}; there are: {', '.join(COUPLINGS)}, and "
                "ot@ with an epsilon of its own: try ot@0.01."
            )
        if not at:
            return coupling
        if coupling == "mean":
            raise InputError(
                f"The lane {shorten(given, 20)} has an epsilon, and the mean has none: try mean, "
                "or ot@0.1."
            )
        return f"{coupling}@{rule('epsilon').check('epsilon', own):g}"


_SIDE = (128, 1024, "256", 8, True)  # pixels; a painter may want coarser multiples


@dataclass(frozen=True)
class Settings:
    """One run. For an optional setting, None means the painter's default."""

    prompts: Annotated[tuple[Prompt, ...], Prompts("1 to 16 texts, each with a weight")]
    generator: Annotated[str, Generator("the painter")] = "storybook"
    lanes: Annotated[tuple[str, ...], Lanes("losses that run side by side, at most 6")] = LANES
    steps: Annotated[int, Number("updates of the picture", 1, 2000, "100")] = 50
    cutouts: Annotated[int, Number("looks at the picture per step", 2, 256, "64")] = 64
    epsilon: Annotated[
        float,
        Number(
            "how softly cutouts are matched, in units of the cost's spread: 0.01 is sharp, 1000 is "
            "the mean",
            0.001,
            1000,
            "0.1, or 1000 for what is in effect the mean",
            unit=0,
        ),
    ] = 0.1
    distance: Annotated[
        str,
        Choice(
            "between a cutout and a prompt",
            "distance",
            ("cosine", "geodesic", "great-circle", "euclidean"),
        ),
    ] = "great-circle"
    seed: Annotated[int, Number("of all that is random", 0, 2**32 - 1, "1234")] = 1234
    encoder: Annotated[
        str | None,
        Choice(
            "the CLIP that compares cutouts and prompts",
            "encoder",
            (
                "storybook-clip",
                "clip-mini",
                "clip-vit-b32",
                "clip-vit-b16",
                "clip-vit-l14",
                "laion-b32",
            ),
            optional=True,
        ),
    ] = None
    height: Annotated[int | None, Number("of the picture, in pixels", *_SIDE)] = None
    width: Annotated[int | None, Number("of the picture, in pixels", *_SIDE)] = None
    guidance: Annotated[
        float | None,
        Number(
            "how hard the prompts steer a diffusion",
            0,
            10,
            "0.1, or 0 for what the generator paints by itself",
            unit=0,
            optional=True,
        ),
    ] = None
    conditioning: Annotated[
        str,
        Choice(
            "what Stable Diffusion's own text network reads",
            "conditioning",
            ("nothing", "prompts"),
        ),
    ] = "nothing"
    start: Annotated[str, StartPicture("the name of an uploaded picture to start from")] = ""
    sprites: Annotated[
        int | None,
        Number("things in a storybook's picture, at most", 1, 16, "6", optional=True),
    ] = None

    def as_dict(self) -> dict:
        """Return plain data for JSON, without the painter's defaults, so a recipe has one form."""
        defaults = {field.name: field.default for field in fields(self)}
        left_out = {name for name, default in defaults.items() if default in (None, "", "nothing")}
        data = {
            name: value
            for name, value in asdict(self).items()
            if name not in left_out or value != defaults[name]
        }
        data["prompts"] = [{"text": text, "weight": weight} for text, weight in self.prompts]
        data["lanes"] = list(self.lanes)
        return data

    def id(self, revisions: dict[str, str]) -> str:
        """Return 12 hex digits that identify this run with these revisions of its models."""
        data = self.as_dict()
        if "conditioning" in data:  # the field's first name, kept so that ids stay what they were
            data["told"] = data.pop("conditioning")
        canonical = json.dumps([data, revisions], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


@cache
def rules() -> dict[str, Rule]:
    """Return the rule of every field, by its name."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        name: next(part for part in get_args(hint) if isinstance(part, Rule))
        for name, hint in hints.items()
        if not name.startswith("_")
    }


def rule(name: str) -> Rule:
    """Return the rule of a field."""
    return rules()[name]
