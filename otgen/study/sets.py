"""A study's sets of prompts: those that its file lists, and those that it makes of words."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import NamedTuple

from otgen.recipe.prompts import InputError, shorten

MOST = 20_000  # sets, and runs of a study
_MOST_WORDS = 500  # of a list


class At(NamedTuple):
    """Where a mistake is."""

    file: Path

    def wrong(self, field: object, sentence: str) -> InputError:
        """Return what to raise: a sentence that names the file and the field."""
        return InputError(f"{shorten(self.file.name)}: {shorten(field, 60)} {sentence}")


def sets_of(table: dict, at: At) -> list[object]:
    """Return the sets of prompts, each as ``from_texts`` reads them. Raises InputError."""
    listed = table.get("prompts")
    if not isinstance(listed, list) or not listed:
        raise at.wrong("prompts", "must be a list of sets: try a line “- a cat | a castle” for "
                       "each.")  # fmt: skip
    sets = []
    for number, row in enumerate(listed, 1):
        if isinstance(row, dict):
            sets += _made(row, f"prompts, {number}", at)
        elif isinstance(row, str | list) and row:
            sets.append(row)
        else:
            raise at.wrong(f"prompts, {number}", f"is {shorten(row, 20)}; a set is a text such as "
                           "“a cat | a castle”, a list of prompts, or a table with pairs or a "
                           "grammar.")  # fmt: skip
    return sets


def _made(row: dict, field: str, at: At) -> list[object]:
    """Return the sets of a table: all pairs of some prompts, or all phrases of a grammar.

    take: only so many of them, drawn by the seed ``draw``.
    """
    kinds = {"pairs": {"pairs"}, "grammar": {"grammar", "words"}}
    kind = next((kind for kind in kinds if kind in row), None)
    if kind is None or not row.keys() <= kinds[kind] | {"take", "draw"}:
        raise at.wrong(field, "has a field that is not allowed; allowed are pairs, or grammar and "
                       "words, and take and draw.")  # fmt: skip
    made = _pairs(row, field, at) if kind == "pairs" else _phrases(row, field, at)
    take, draw = row.get("take", len(made)), row.get("draw", 0)
    for name, number, least, most in (
        ("take", take, 1, len(made)),
        ("draw", draw, 0, 2**32 - 1),
    ):
        if type(number) is not int or not least <= number <= most:
            raise at.wrong(f"{field}, {name}", f"is {shorten(number, 20)}; allowed is a whole "
                           f"number from {least} to {most}.")  # fmt: skip
    return made if take == len(made) else random.Random(draw).sample(made, take)


def _pairs(row: dict, field: str, at: At) -> list[object]:
    words = _words(row["pairs"], f"{field}, pairs", at)
    if len(words) < 2:
        raise at.wrong(f"{field}, pairs", "has one prompt; a pair needs two.")
    return [list(pair) for pair in itertools.combinations(words, 2)]


def _phrases(row: dict, field: str, at: At) -> list[object]:
    grammar, words = row["grammar"], row.get("words")
    slots = re.findall(r"{(\w+)}", grammar) if isinstance(grammar, str) else []
    slots = list(dict.fromkeys(slots))
    if not slots or not isinstance(words, dict) or words.keys() != set(slots):
        raise at.wrong(f"{field}, grammar", "must be a text with words in braces, and words a "
                       "table that lists each: try “a {colour} cat | a castle” and “colour: "
                       "[red, blue]”.")  # fmt: skip
    lists = [_words(words[slot], f"{field}, words, {slot}", at) for slot in slots]
    if math.prod(map(len, lists)) > MOST:
        raise at.wrong(f"{field}, words", f"make more than {MOST:,} sets: list fewer.")
    return [
        re.sub(r"{(\w+)}", lambda slot, chosen=chosen: chosen[slots.index(slot[1])], grammar)
        for chosen in itertools.product(*lists)
    ]


def _words(words: object, field: str, at: At) -> list[str]:
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise at.wrong(field, "must be a list of texts.")
    if len(words) > _MOST_WORDS:
        raise at.wrong(field, f"has {len(words):,} texts; at most {_MOST_WORDS} are allowed.")
    return list(apart(words, field, at))


def apart(values: list, name: str, at: At) -> tuple:
    """Return values, none of which may be there twice. Raises InputError."""
    twice = repeated(values)
    if twice:
        raise at.wrong(name, f"holds {shorten(twice[0])} twice: leave one out.")
    return tuple(values)


def repeated(values: Iterable[Hashable]) -> list[Hashable]:
    """Return the values that stand there more than once."""
    return [value for value, times in Counter(values).items() if times > 1]
