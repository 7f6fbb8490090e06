"""Whether what a reader wrote names a prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from otgen.world.storybook.words import PLACES, THINGS, canonical_prompts, plural_of


def names_of(text: str) -> set[str]:
    """Return what a prompt may be called.

    Of the storybook's prompts, the words of its world for the same thing or place; of others, the
    prompt without its article, and its last word: "a watercolour of a fox" is a fox.
    """
    name = next((name for name, said in canonical_prompts().items() if said == text), None)
    if name is None:
        plain = _plain(text)
        return {plain, plain.rpartition(" ")[2]}
    if name in PLACES:
        return {name, _plain(text), *PLACES[name].alone}
    words = {name, *THINGS[name].others}
    return words | {f"{word}s" for word in words} | {plural_of(name)}


def named(names: Sequence[Sequence[str]], said: Sequence[str]) -> list[bool]:
    """Tell which prompts a reader named.

    A name stands for one prompt: of "a tree" and "a palm tree", "green palm tree" is the second.

    Args:
        names: of each prompt, what it may be called. said: what the reader sees, a name each.
    """
    words = [(_plain(word), row) for row, each in enumerate(names) for word in each]
    hits = [False] * len(names)
    for name in map(_plain, said):
        held = [(len(word), row) for word, row in words if word and f" {word} " in f" {name} "]
        if held:
            hits[max(held)[1]] = True
    return hits


def _plain(said: str) -> str:
    """Return a name without what does not name: articles, capitals, points."""
    words = re.sub(r"[^\w\s'-]", " ", said.lower()).split()
    return " ".join(word for word in words if word not in ("a", "an", "the"))
