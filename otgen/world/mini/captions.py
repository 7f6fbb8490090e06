"""Captions of the mini world: a small grammar and its words."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from otgen.world.mini.words import BACKGROUNDS, OBJECTS, STYLES, SYNONYMS, object_phrase

LENGTH = 24  # tokens of a prompt, with its two ends


class Caption(NamedTuple):
    """A text and what a crop must show for it to be true; -1 where it says nothing."""

    text: str
    objects: tuple[int, ...]
    background: int
    style: int


def _either(phrase: str, rng: np.random.Generator) -> str:
    """Return the phrase or, a third of the time, one that means the same."""
    others = SYNONYMS.get(phrase, ())
    return str(rng.choice(others)) if others and rng.random() < 0.33 else phrase


def compose(
    objects: tuple[int, ...], background: int, style: int, rng: np.random.Generator
) -> Caption:
    """Say that a scene shows these objects, this place and this style (-1: leave out)."""
    places, manners = list(BACKGROUNDS.values()), list(STYLES.values())
    names = [object_phrase(_either(list(OBJECTS)[index], rng)) for index in objects]
    subject = " and ".join(names)
    if background >= 0:
        alone, behind = places[background]
        if not names:
            subject = _either(alone, rng)
        elif rng.random() < 0.8:
            subject = f"{subject} {_either(behind, rng)}"
        else:
            subject = f"{subject} and {_either(alone, rng)}"
    if style >= 0:
        manner = str(rng.choice(manners[style]))
        subject = f"{manner} {subject}" if subject else manner.removesuffix(" of")
    return Caption(subject, objects, background, style)


def canonical() -> list[Caption]:
    """Return captions that name one thing each, in the order of ``vocabulary.canonical_names``."""
    things = [Caption(object_phrase(name), (i,), -1, -1) for i, name in enumerate(OBJECTS)]
    places = [Caption(alone, (), i, -1) for i, (alone, _) in enumerate(BACKGROUNDS.values())]
    manners = [Caption(p[0].removesuffix(" of"), (), -1, i) for i, p in enumerate(STYLES.values())]
    return things + places + manners


@cache
def words() -> tuple[str, ...]:
    """Return every word of the grammar, sorted."""
    phrases = [*OBJECTS, *STYLES, *SYNONYMS, "a an the and"]
    phrases += [
        phrase
        for group in (*BACKGROUNDS.values(), *STYLES.values(), *SYNONYMS.values())
        for phrase in group
    ]
    return tuple(sorted({word for phrase in phrases for word in phrase.split()}))
