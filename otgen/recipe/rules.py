"""Rules: what a setting may hold, what it is for, and the sentence that refuses a value."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import PlainValidator

from otgen.recipe.lanes import COUPLINGS, EXAMPLES, example, meant
from otgen.recipe.prompts import (
    MOST_NEGATIVE,
    InputError,
    Prompt,
    check,
    number,
    prompt,
    rows,
    shorten,
)

MOST_LANES = 6
_PARENT = re.compile(r"([0-9a-f]{12})@([0-9]{1,4})(?:/([a-z]{1,20}(?:@[0-9.e+-]{1,20})?))?")


class Rule(ABC):
    """The rule of a field: which values are allowed.

    Attributes:
        help: the purpose of the field, in a few words.
    """

    help: str

    @abstractmethod
    def check(self, name: str, entry: object) -> Any:
        """Return a valid value in the field's type. Raises InputError."""

    def describe(self) -> str:
        """Return the purpose of the field and its allowed values."""
        return self.help

    def __get_pydantic_core_schema__(self, source, handler):
        """Make pydantic validate by this rule only."""
        checked = PlainValidator(lambda entry, info: self.check(info.field_name, entry))
        return checked.__get_pydantic_core_schema__(source, handler)


def _absent(entry: object) -> bool:
    return entry is None or entry == ""


@dataclass(frozen=True)
class Number(Rule):
    """A number from ``lowest`` to ``highest``. ``example``: what to try, with any painter.

    unit: the value is a whole multiple of it; 0 allows any number. optional: may be left out.
    """

    help: str
    lowest: float
    highest: float
    example: str
    unit: int = 1
    optional: bool = False

    def describe(self) -> str:
        return f"{self.help}; {self.lowest:g} to {self.highest:.10g}"

    def check(self, name: str, entry: object) -> float | None:
        if self.optional and _absent(entry):
            return None
        value = number(entry)
        if not self.lowest <= value <= self.highest or (self.unit and value != int(value)):
            kind = "a whole number" if self.unit else "a number"
            raise InputError(
                f"{name} is {shorten(entry, 20)}; allowed is {kind} from {self.lowest:g} to "
                f"{self.highest:,.10g}: try {self.example}."
            )
        if self.unit and value % self.unit:
            raise InputError(
                f"{name} is {value:g}; allowed are multiples of {self.unit} pixels: try "
                f"{self.example}."
            )
        return int(value) if self.unit else value


@dataclass(frozen=True)
class Seed(Number):
    """A whole number. Whoever asks a person for it draws one first, see ``settings.seeded``."""

    def describe(self) -> str:
        return f"{Number.describe(self)}; -1 or random draws one"


@dataclass(frozen=True)
class Choice(Rule):
    """One of ``allowed``. ``kind`` is their name in messages. optional: may be left out."""

    help: str
    kind: str
    allowed: tuple[str, ...]
    optional: bool = False

    def describe(self) -> str:
        return f"{self.help}: {', '.join(self.allowed)}"

    def check(self, name: str, entry: object) -> str | None:
        if self.optional and _absent(entry):
            return None
        if entry not in self.allowed:
            raise InputError(
                f"There is no {self.kind} {shorten(entry, 20)}; there are: "
                f"{', '.join(self.allowed)}."
            )
        return str(entry)


@dataclass(frozen=True)
class Prompts(Rule):
    help: str

    def check(self, name: str, entry: object) -> tuple[Prompt, ...]:
        return check([prompt(*row) for row in entry or ()])


@dataclass(frozen=True)
class Negative(Rule):
    help: str

    def check(self, name: str, entry: object) -> tuple[Prompt, ...]:
        entry = rows(entry) if isinstance(entry, str) else entry or ()
        prompts = tuple(prompt(*row) for row in entry)
        for text, _, place in prompts:
            if place:
                raise InputError(
                    f"The negative prompt {shorten(text)} has the place {shorten(place)}; what is "
                    "not wanted is pushed away everywhere: leave its place out."
                )
        if len(prompts) > MOST_NEGATIVE:
            raise InputError(
                f"There are {len(prompts)} negative prompts; at most {MOST_NEGATIVE} are allowed: "
                "remove some, or join two in one."
            )
        return prompts


@dataclass(frozen=True)
class Generator(Rule):
    """Any name: ``painters.catalogue`` rejects unknown ones, with a list of the known ones.

    A link may name a painter of a later otgen. The rest of its settings can still be used.
    """

    help: str

    def check(self, name: str, entry: object) -> str:
        return entry


@dataclass(frozen=True)
class StartPicture(Rule):
    help: str

    def check(self, name: str, entry: object) -> str:
        if not isinstance(entry, str) or not re.fullmatch(r"([0-9a-f]{12})?", entry):
            raise InputError(
                f"The picture to start from is named {shorten(entry, 20)}; a name is 12 of 0-9 "
                "and a-f: upload the picture again, or leave it out."
            )
        return entry


class Origin(NamedTuple):
    """Where a run goes on from: a result, its step, and one of its lanes, "" for each its own."""

    id: str
    step: int
    lane: str

    @property
    def name(self) -> str:
        """The name of the result's state at this step, of whichever lanes."""
        return f"{self.id}@{self.step}"


def origin(parent: str) -> Origin:
    """Read the setting ``parent``, which is not "". Raises InputError."""
    match = _PARENT.fullmatch(parent) if isinstance(parent, str) else None
    if not match:
        raise InputError(
            f"The result to go on from is {shorten(parent)}; allowed is ID@STEP or "
            "ID@STEP/LOSS, such as 0123456789ab@50/mean: choose Go on from here under a result, or "
            "leave it out."
        )
    return Origin(match[1], int(match[2]), match[3] or "")


@dataclass(frozen=True)
class Parent(Rule):
    help: str

    def check(self, name: str, entry: object) -> str:
        if entry != "":
            origin(entry)
        return entry


_TAU = Number("how much a missed share costs", 0.01, 0.99, "0.97", unit=0)


@dataclass(frozen=True)
class Lanes(Rule):
    """Couplings, each once. "ot@0.01" is "ot" with its own epsilon, "unbalanced@0.97" has a tau.

    epsilon: the rule of that one.
    """

    help: str
    epsilon: Number

    def check(self, name: str, entry: object) -> tuple[str, ...]:
        lanes = tuple(map(self._lane, entry)) if isinstance(entry, (tuple, list)) else ()
        if not 1 <= len(lanes) <= MOST_LANES or len(set(lanes)) < len(lanes):
            said = ", ".join(lanes) if lanes else entry
            raise InputError(
                f"The lanes are {shorten(said)}; allowed are 1 to {MOST_LANES} of "
                f"{', '.join(EXAMPLES)}, some with an epsilon, such as ot@0.01, each once: try ot, "
                "mean."
            )
        return lanes

    def _lane(self, entry: object) -> str:
        written, at, own = str(entry).strip().partition("@")
        coupling = meant(written)
        if coupling not in COUPLINGS:
            raise InputError(
                f"There is no lane {shorten(entry, 20)}; there are: {', '.join(EXAMPLES)}; "
                "some take an epsilon of their own: try ot@0.01."
            )
        number = COUPLINGS[coupling].number
        if number == "tau":
            if not at:
                raise InputError(
                    f"The lane {coupling} lacks its tau, the number after an @: try "
                    f"{example(coupling)}."
                )
            return f"{coupling}@{_TAU.check('tau', own):g}"
        if not at:
            return coupling
        if not number:
            raise InputError(
                f"The lane {shorten(entry, 20)} has an epsilon, and the {coupling} has none: try "
                f"{coupling}, or ot@0.1."
            )
        return f"{coupling}@{self.epsilon.check('epsilon', own):g}"
