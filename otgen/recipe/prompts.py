"""Prompts as a person types them: one per line or ``a | b``, with a weight as ``a cat :2``.

A negative weight, ``a dog :-1``, makes a negative prompt: what the picture is not to show. A place,
``an owl @left`` or ``an owl @0.1,0.2,0.5,0.8 :2``, says where in the picture a prompt belongs.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from otgen.recipe import places

MOST_PROMPTS = 16
MOST_NEGATIVE = 8
LONGEST = 300  # characters of one prompt
LIGHTEST, HEAVIEST = 0.001, 1000.0  # weights; their ratio stays within float32

# A colon after a letter needs no blank before it: "a cat:2" weighs 2; "16:9" and "12:30" are text.
_WEIGHT = r"[:：]\s*(?P<weight>[+＋−－-]?(?:[.,．，]?\d|nan|inf)\S*)"
_WEIGHTED = re.compile(
    rf"^(?P<text>.*?\S)(?:\s+|(?<=[^\W\d_])){_WEIGHT}$",
    re.IGNORECASE,
)
# An @ needs a blank before it, and a place after it: what else follows an @ is text.
_PLACED = re.compile(
    rf"^(?P<text>.*\S)\s+[@＠](?P<place>[^@＠:：]+)(?:{_WEIGHT})?$",
    re.IGNORECASE,
)


_STOPPED = re.compile(r"([+-]?[\d.,]+)[:：][+-]?[\d.,]+")  # as the notebooks of VQGAN+CLIP wrote it
_COMMA = re.compile(r"(?P<before>[+-]?\d*),(?P<after>\d+)")  # of decimals: "1,5", ",5"
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_PICTURE = re.compile(r"\[picture ([0-9a-f]{12})\]", re.IGNORECASE)


class InputError(Exception):
    """Input of a person is not valid.

    The message says what was given, what is allowed and what to try.
    """


class Prompt(NamedTuple):
    """A text and its weight (> 0; only the ratio to the other weights matters).

    place: where it belongs, as ``places.place`` has it; "" for anywhere.
    """

    text: str
    weight: float = 1.0
    place: str = ""


def number(value: object) -> float:
    """Return a value as a float: NaN if it is no number, infinite if it is too large.

    In a text, a comma may stand before decimals: "1,5" is 1.5. "1,000" is no number: it is 1 to
    some and a thousand to others.
    """
    if isinstance(value, bool):
        return math.nan
    if isinstance(value, str):
        value = _ascii(value)
        if (comma := _COMMA.fullmatch(value)) and not _THOUSANDS.fullmatch(value):
            value = f"{comma['before']}.{comma['after']}"
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan
    except OverflowError:
        return math.inf


def _ascii(text: str) -> str:
    """Return a number's text in half width, with the minus of keyboards."""
    return unicodedata.normalize("NFKC", text).replace("−", "-").strip()


def exact(number: float) -> str:
    """Return a number as the shortest text that reads back as the same number: 2.0 is "2"."""
    short = f"{number:g}"
    return short if float(short) == number else repr(float(number))


def shorten(value: object, most: int = 40) -> str:
    """Return a value in quotes, cut to ``most`` characters and safe for a message."""
    try:
        text = str(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        text = "an integer of thousands of digits"
    plain = "".join(character if character.isprintable() else " " for character in text[: most + 1])
    return f"“{plain[:most]}…”" if len(text) > most else f"“{plain}”"


def prompt(text: object, weight: object = 1.0, place: object = "") -> Prompt:
    """Validate one prompt. Raises InputError."""
    if not isinstance(text, str):
        raise InputError(f"A prompt is {shorten(text)}; it must be text: try “a cat”.")
    text = " ".join(text.split())
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(
            f"A prompt, {shorten(text)}, has bytes that are not UTF-8 text: type it again."
        )
    if name := picture_of(text):
        text = pictured(name)
    if not text:
        raise InputError(
            "A prompt is empty: write a few words, for example “a cat”, or remove its row."
        )
    if len(text) > LONGEST:
        raise InputError(
            f"A prompt has {len(text):,} characters ({shorten(text)}); at most {LONGEST} are "
            "allowed: shorten it or split it into several prompts."
        )
    weighs = number(weight)
    if isinstance(weight, str) and (stopped := _STOPPED.fullmatch(weight)):
        raise InputError(
            f"The weight of {shorten(text)} is {shorten(weight, 20)}, a weight and a stop as in "
            f"other tools; otgen has no stop: write the weight alone, {stopped[1]}."
        )
    if isinstance(weight, str) and _THOUSANDS.fullmatch(written := _ascii(weight)):
        readings = (f"{float(written.replace(',', point)):g}" for point in (".", ""))
        raise InputError(
            f"The weight of {shorten(text)} is {shorten(weight, 20)}, which may mean "
            f"{' or '.join(readings)}: write one of them."
        )
    if not LIGHTEST <= weighs <= HEAVIEST:
        raise InputError(
            f"The weight of {shorten(text)} is {shorten(weight, 20)}; a weight is a number above "
            f"0, from {LIGHTEST:g} to {HEAVIEST:g}: try 1, or remove the prompt to leave it out."
        )
    return Prompt(text, weighs, _place(text, place))


def _place(text: str, value: object) -> str:
    """Validate the place of a prompt. Raises InputError."""
    try:
        place = places.place(value or "") if isinstance(value, str | None) else None
    except ValueError:
        place = None
    if place is None:
        raise InputError(
            f"The place of {shorten(text, 30)} is {shorten(value, 30)}; a place is left, right, "
            "top, bottom, centre, a corner such as top-left, or a box of four parts of the sides, "
            f"0 to 1 and {places.LEAST:g} apart: try “0.1,0.2,0.5,0.8”."
        )
    return place


def pictured(name: str) -> str:
    """Return the text of a prompt that is an uploaded picture, by its name."""
    return f"[picture {name}]"


def picture_of(text: str) -> str:
    """Return the name of the uploaded picture that a prompt is, "" where it is a text."""
    match = _PICTURE.fullmatch(text)
    return match[1].lower() if match else ""


def parse(text: str) -> tuple[Prompt, ...]:
    """Read prompts as ``rows`` does, and validate their number. Raises InputError."""
    prompts = rows(text)
    parted(prompts)
    return prompts


def rows(text: str) -> tuple[Prompt, ...]:
    """Read any number of prompts, separated by line breaks or ``|``. Raises InputError.

    ``a cat :2`` weighs 2, ``a cat @left`` belongs to the left. Weights may be below 0, see
    ``parted``.
    """
    with suppress(UnicodeError):  # a terminal's bytes, where the locale is not UTF-8: LC_ALL=C
        text = text.encode("utf-8", "surrogateescape").decode("utf-8")
    typed = [row.strip() for row in re.split(r"[\n|]", text)]
    return tuple(map(_row, filter(None, typed)))


def _row(row: str) -> Prompt:
    """Read one prompt: a text, then a place or a weight or both, in either order."""
    text, place, weight = split(row)
    if weight is None and (weighted := _WEIGHTED.match(text)):
        text, weight = weighted["text"], weighted["weight"]
    return signed(text, 1.0 if weight is None else weight, place)


def split(row: str) -> tuple[str, str, str | None]:
    """Split a row that ends in a place; return its text, place ("" for none), weight if it has one.

    Raises InputError for four numbers after an @ that are no box.
    """
    match = _PLACED.match(row)
    try:
        place = places.place(match["place"]) if match else None
    except ValueError:
        place = _place(match["text"], match["place"])  # says what is wrong with it
    return (row, "", None) if place is None else (match["text"], place, match["weight"])


def signed(text: object, weight: object = 1.0, place: object = "") -> Prompt:
    """Validate one prompt, whose weight may be below 0. Raises InputError."""
    weighs = number(weight)
    if not LIGHTEST <= -weighs <= HEAVIEST:
        return prompt(text, weight, place)
    return prompt(text, place=place)._replace(weight=weighs)


def parted(prompts: Iterable[Prompt]) -> tuple[tuple[Prompt, ...], tuple[Prompt, ...]]:
    """Return the prompts, then the negative ones among them with weights above 0.

    Raises InputError for a number of prompts that is not allowed.
    """
    signed = tuple(prompts)
    wanted = tuple(one for one in signed if not one.weight < 0)
    negative = tuple(one._replace(weight=-one.weight) for one in signed if one.weight < 0)
    if negative and not wanted:
        raise InputError(
            f"There are negative prompts alone ({shorten(negative[0].text)}): add at least one for "
            "what the picture is to show, such as “a fox”."
        )
    return check(wanted), negative


def check(prompts: list[Prompt] | tuple[Prompt, ...]) -> tuple[Prompt, ...]:
    """Validate the number of prompts. Raises InputError."""
    if not prompts:
        raise InputError(
            "There is no prompt: write at least one, for example “a cat”; two show more."
        )
    if len(prompts) > MOST_PROMPTS:
        raise InputError(
            f"There are {len(prompts)} prompts; at most {MOST_PROMPTS} are allowed: "
            "remove some, or join two in one."
        )
    return tuple(prompts)


def placed(prompts: tuple[Prompt, ...]) -> tuple[str, ...]:
    """Return where each prompt belongs; none if all do anywhere."""
    return tuple(one.place for one in prompts) if any(one.place for one in prompts) else ()


def shares(prompts: tuple[Prompt, ...]) -> tuple[float, ...]:
    """Return the weights normalised to sum to 1: the marginal b."""
    total = math.fsum(prompt.weight for prompt in prompts)
    return tuple(prompt.weight / total for prompt in prompts)
