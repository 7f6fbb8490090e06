"""A study's file: prompts, seeds, lanes and settings, resolved to plans of runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

from otgen.recipe.codec import as_text
from otgen.recipe.files import read_table
from otgen.recipe.prompts import InputError, picture_of, shorten
from otgen.recipe.settings import LANES, Settings, rule
from otgen.run.plan import Plan, from_texts, plan
from otgen.study.kept import name_of
from otgen.study.sets import MOST, At, apart, repeated, sets_of

_SEED = rule("seed")
SETTINGS = tuple(
    field.name
    for field in fields(Settings)
    if field.name
    not in ("prompts", "lanes", "seed", "start", "negative", "strength", "anchor", "parent")
)
"""What a study may set, to one value or to a list of them."""
_OWN = ("title", "about", "prompts", "seeds", "lanes", "cited")


class Run(NamedTuple):
    """A run of a study. set: an index of ``Study.sets``. varied: its values of ``Study.varied``."""

    plan: Plan
    set: int
    varied: tuple[object, ...]


class Cited(NamedTuple):
    """What others found on a set of prompts.

    set: an index of ``Study.sets``. counts: by lane, cutouts nearest to each prompt. says: or a
    sentence.
    """

    source: str
    set: int
    counts: dict[str, tuple[int, ...]]
    says: str


@dataclass(frozen=True)
class Study:
    """A study, in the order of its file.

    Args:
        name: of its folder. sets: the prompts of each set, as texts. lanes: the first is the one
            that the others are compared with. varied: settings of several values, the first of
            which is the one that the others are compared with.
    """

    name: str
    title: str
    about: str
    sets: tuple[str, ...]
    seeds: tuple[int, ...]
    lanes: tuple[str, ...]
    varied: dict[str, tuple[object, ...]]
    runs: tuple[Run, ...]
    cited: tuple[Cited, ...]

    @property
    def plans(self) -> dict[str, Plan]:
        """The plans by their ids; two runs whose settings come to the same are one."""
        return {run.plan.id: run.plan for run in self.runs}


def read_study(file: Path) -> Study:
    """Read a study's file, and validate all that can be validated before it begins.

    Raises InputError, which names the field.
    """
    table, at = read_table(file), At(file)
    for name in table:
        if name not in (*_OWN, *SETTINGS):
            raise at.wrong(name, f"is no field of a study; there are: {', '.join(_OWN)} and the "
                           f"settings {', '.join(SETTINGS)}.")  # fmt: skip
    sets, seeds = sets_of(table, at), _seeds(table, at)
    lanes = _checked(at, "lanes", _texts(table.get("lanes", list(LANES))))
    values = {name: _values(table[name], name, at) for name in SETTINGS if name in table}
    many = len(sets) * len(seeds) * math.prod(map(len, values.values()))
    if many > MOST:
        raise at.wrong("prompts", f"make {many:,} runs with the seeds and settings; at most "
                       f"{MOST:,} are allowed: take fewer.")  # fmt: skip
    varied = {name: each for name, each in values.items() if len(each) > 1}
    runs = tuple(_runs(sets, seeds, lanes, values, at))
    texts = tuple(_said(run.plan.settings) for run in runs[:: len(runs) // len(sets)])
    twice = repeated(texts)
    if twice:
        raise at.wrong("prompts", f"hold {shorten(twice[0])} twice: leave one out.")
    return Study(
        name=name_of(file),
        title=_text(table, "title", file.stem, at),
        about=_text(table, "about", "", at),
        sets=texts,
        seeds=seeds,
        lanes=lanes,
        varied=varied,
        runs=runs,
        cited=tuple(_cited(table, texts, lanes, at)),
    )


def _said(settings: Settings) -> str:
    """Return a set of prompts in one line, as it can be read again."""
    negative = tuple(one._replace(weight=-one.weight) for one in settings.negative)
    return " | ".join(as_text((*settings.prompts, *negative)).splitlines())


def _text(table: dict, name: str, usual: str, at: At) -> str:
    text = table.get(name, usual)
    if not isinstance(text, str) or len(text) > 2000:
        raise at.wrong(name, "must be a text of at most 2,000 characters.")
    return " ".join(text.split())


def _texts(value: object) -> object:
    """Return the parts of a text with commas; what is no text as it is."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _checked(at: At, name: str, value: object):
    """Check a value by the rule of its setting. Raises InputError."""
    try:
        return rule(name).check(name, value)
    except InputError as wrong:
        raise at.wrong(name, f"is not valid. {wrong}") from None


def _seeds(table: dict, at: At) -> tuple[int, ...]:
    """Return the seeds: a list, or 1 to the number that is given."""
    seeds = table.get("seeds", 1)
    if isinstance(seeds, int) and not isinstance(seeds, bool) and 1 <= seeds <= MOST:
        return tuple(range(1, seeds + 1))
    if not isinstance(seeds, list) or not seeds:
        raise at.wrong("seeds", f"is {shorten(seeds, 20)}; it must be a number of seeds or a list "
                       "of them: try 8, or [1, 2, 3].")  # fmt: skip
    return apart([_checked_seed(seed, at) for seed in seeds], "seeds", at)


def _checked_seed(seed: object, at: At) -> int:
    try:
        return _SEED.check("seed", seed)
    except InputError as wrong:
        raise at.wrong("seeds", f"is not valid. {wrong}") from None


def _values(entry: object, name: str, at: At) -> tuple[object, ...]:
    listed = entry if isinstance(entry, list) else [entry]
    if not listed:
        raise at.wrong(name, "is an empty list: name a value, or leave it out.")
    if any(isinstance(value, list | dict) for value in listed):
        raise at.wrong(name, "holds a list or a table; it must be a value or a list of values.")
    if name == "steps":  # None means what suits the painter
        return apart([v if v is None else _checked(at, name, v) for v in listed], name, at)
    return apart([_checked(at, name, value) for value in listed], name, at)


def _runs(
    sets: list[object],
    seeds: tuple[int, ...],
    lanes: tuple[str, ...],
    values: dict[str, tuple[object, ...]],
    at: At,
) -> Iterator[Run]:
    """Yield the runs, set after set. Raises InputError."""
    usual = {field.name: field.default for field in fields(Settings)} | {"steps": None}
    several = [name for name, each in values.items() if len(each) > 1]
    for place, prompts in enumerate(sets):
        for chosen in itertools.product(*values.values()):
            named = dict(zip(values, chosen, strict=True))
            varied = tuple(named[name] for name in several)
            for seed in seeds:
                own = {"prompts": prompts, "negative": [], "lanes": list(lanes), "seed": seed}
                try:
                    planned = plan(from_texts({**usual, **named, **own}))
                    _check_texts(planned.settings)
                except InputError as wrong:
                    said = f"({shorten(prompts)}) can't be painted. {wrong}"
                    raise at.wrong(f"prompts, {place + 1}", said) from None
                yield Run(planned, place, varied)


def _check_texts(settings: Settings) -> None:
    """Raise InputError where a prompt is an uploaded picture, which no machine keeps for long."""
    for one in (*settings.prompts, *settings.negative):
        if picture_of(one.text):
            raise InputError(
                f"{shorten(one.text)} is an uploaded picture, and the prompts of a study are "
                "texts: describe it in words."
            )


def _cited(table: dict, sets: tuple[str, ...], lanes: tuple[str, ...], at: At) -> Iterator[Cited]:
    rows = table.get("cited", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise at.wrong("cited", "must be a list of tables with source, set, and counts or says.")
    for number, row in enumerate(rows, 1):
        field = f"cited, {number}"
        if not row.keys() <= {"source", "set", "counts", "says"}:
            raise at.wrong(field, "has other fields than source, set, counts and says.")
        place, counts = row.get("set", 1), row.get("counts", {})
        if type(place) is not int or not 1 <= place <= len(sets):
            raise at.wrong(f"{field}, set", f"is {shorten(place, 20)}; allowed is the number of a "
                           f"set, from 1 to {len(sets)}.")  # fmt: skip
        if not isinstance(counts, dict) or not all(
            lane in lanes and isinstance(each, list) and all(type(one) is int for one in each)
            for lane, each in counts.items()
        ):
            raise at.wrong(f"{field}, counts", "must give a list of whole numbers for a lane of "
                           "the study: try “ot: [36, 28]”.")  # fmt: skip
        yield Cited(
            _text(row, "source", "", at),
            place - 1,
            {lane: tuple(each) for lane, each in counts.items()},
            _text(row, "says", "", at),
        )
