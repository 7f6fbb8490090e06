"""Phrases of the storybook's world."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from otgen.world.storybook.words import (
    COLOUR_WORDS,
    COLOURS,
    PLACES,
    STYLES,
    THINGS,
    phrase_of,
    plural_of,
)

LENGTH = 24  # tokens of a prompt, with its two ends
_NUMBERS = ("two", "three", "four", "many", "some")
_FILLERS = ("a", "an", "the", "and", "with", "of", "in", "on", "at", "my", "little", "big", "small")


class Caption(NamedTuple):
    """A text and what a crop must show for it to be true: rows of the tables, -1 for nothing.

    colours: of each thing, -1 where the text says none.
    """

    text: str
    things: tuple[int, ...] = ()
    colours: tuple[int, ...] = ()
    place: int = -1
    style: int = -1


def _either(first: str, others: tuple[str, ...], rng: np.random.Generator) -> str:
    """Return the first word or, two times in five, one that means the same."""
    return str(rng.choice(others)) if others and rng.random() < 0.4 else first


def _of_thing(thing: int, colour: int, rng: np.random.Generator) -> str:
    """Name a thing: with its article, in the plural, in other words, with a colour."""
    name = list(THINGS)[thing]
    tint = list(COLOURS)[colour] if colour >= 0 else ""
    if tint:
        tint = _either(tint, COLOUR_WORDS.get(tint, ()), rng) + " "
    if rng.random() < 0.2:
        many = f"{tint}{plural_of(name)}"
        return f"{rng.choice(_NUMBERS)} {many}" if rng.random() < 0.5 else many
    words = _either(name, THINGS[name].others, rng)
    if rng.random() < 0.12:
        return f"{tint}{words}"
    if rng.random() < 0.08:
        return f"{rng.choice(('the', 'my', 'a little', 'a big', 'a small'))} {tint}{words}"
    if not tint:
        return phrase_of(words)
    return f"{'an' if tint[0] in 'aeiou' else 'a'} {tint}{words}"


def compose(
    things: tuple[int, ...],
    colours: tuple[int, ...],
    place: int,
    style: int,
    rng: np.random.Generator,
) -> Caption:
    """Say that a picture shows these things, this place and this style (-1: leave out)."""
    subject = " and ".join(
        _of_thing(thing, colour, rng) for thing, colour in zip(things, colours, strict=True)
    )
    if place >= 0:
        alone, behind = list(PLACES.values())[place]
        if not subject:
            subject = str(rng.choice(alone))
        elif rng.random() < 0.8:
            subject = f"{subject} {rng.choice(behind)}"
        else:
            subject = f"{subject} and {rng.choice(alone)}"
    if style >= 0:
        manner = str(rng.choice(list(STYLES.values())[style]))
        subject = f"{manner} {subject}" if subject else manner.removesuffix(" of")
    return Caption(subject, things, colours, place, style)


def names(rng: np.random.Generator | None = None) -> list[str]:
    """Return a text for each thing, place and style; in other words where ``rng`` draws them."""
    if rng is None:
        things = [phrase_of(name) for name in THINGS]
        places = [place.alone[0] for place in PLACES.values()]
        styles = [said[0].removesuffix(" of") for said in STYLES.values()]
    else:
        things = [_of_thing(row, -1, rng) for row in range(len(THINGS))]
        places = [str(rng.choice(place.alone + place.behind)) for place in PLACES.values()]
        styles = [str(rng.choice(said)).removesuffix(" of") for said in STYLES.values()]
    return things + places + styles


@cache
def words() -> tuple[str, ...]:
    """Return every word of the world, sorted."""
    phrases = [*THINGS, *COLOURS, *_NUMBERS, *_FILLERS, *map(plural_of, THINGS)]
    for thing in THINGS.values():
        phrases += thing.others
    for group in (*COLOUR_WORDS.values(), *STYLES.values()):
        phrases += group
    for place in PLACES.values():
        phrases += place.alone + place.behind
    return tuple(sorted({word for phrase in phrases for word in phrase.split()}))
