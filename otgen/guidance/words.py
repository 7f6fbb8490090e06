"""The words that a small encoder knows, and prompts that have others. Without torch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from otgen.recipe.prompts import InputError, shorten

_ENDS = 2  # tokens that begin and end a text


class Vocabulary(NamedTuple):
    """The words of a tokenizer of whole words, sorted; and how many of them a text may have."""

    known: tuple[str, ...]
    longest: int


@lru_cache(maxsize=8)
def vocabulary(folder: Path) -> Vocabulary:
    """Read the vocabulary of a shipped encoder from its folder."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    special = {token["content"] for token in tokenizer["added_tokens"]}
    known = sorted(word for word in tokenizer["model"]["vocab"] if word not in special)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return Vocabulary(tuple(known), config["text_config"]["max_position_embeddings"] - _ENDS)


_SILENT = re.compile(r"[.,;:!?…\"“”„'’‘()\[\]-]+")


def plain(text: str) -> str:
    """Return a text without the punctuation that says nothing of what a picture shows."""
    return " ".join(_SILENT.sub(" ", text).split())


_SHORTEST = 4  # letters of a word whose other number is looked for: "as" is not the plural of "a"
_OTHER_NUMBER = (("ies", "y"), ("es", ""), ("s", ""), ("", "s"))  # endings, and what they become


def _familiar(word: str, known: tuple[str, ...]) -> str:
    """Return a word that is known, itself or in the other number; "" where neither is."""
    if word in known or len(word) < _SHORTEST:
        return word if word in known else ""
    for end, other in _OTHER_NUMBER:
        if word.endswith(end) and (found := word.removesuffix(end) + other) in known:
            return found
    return ""


def readable(text: str, vocabulary: Vocabulary) -> str:
    """Return a text of known words as its encoder reads it: "forests" where it knows "forest"."""
    return re.sub(
        r"\w+", lambda word: _familiar(word[0].lower(), vocabulary.known) or word[0], plain(text)
    )


def _split(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]+", plain(text).lower())


def check_words(vocabulary: Vocabulary, texts: Iterable[str]) -> None:
    """Raise InputError where texts have words that are not known, or one has too many words."""
    words = {text: _split(text) for text in texts}
    every = dict.fromkeys(word for of_text in words.values() for word in of_text)
    unknown = [word for word in every if not _familiar(word, vocabulary.known)]
    if unknown:
        named = ", ".join(shorten(word, 20) for word in unknown[:5])
        examples = ", ".join(_examples(unknown[:5], vocabulary.known))
        raise InputError(
            f"This small model does not know {named}; it knows few words, such as {examples}: "
            "the page lists them under the prompts."
        )
    for text, of_text in words.items():
        if len(of_text) > vocabulary.longest:
            raise InputError(
                f"{shorten(text)} has {len(of_text)} words; this model reads "
                f"{vocabulary.longest}: shorten it or split it into several prompts."
            )


def _examples(unknown: list[str], known: tuple[str, ...], most: int = 5) -> list[str]:
    """Return words that are known: those near to the unknown ones, then some of many letters.

    known: sorted. The nearest of each unknown word come first; the rest begin each with another
    letter, so that no list of a world's things is needed.
    """
    near = [get_close_matches(word, known, 3) for word in unknown]
    nearest = [found for place in range(3) for each in near for found in each[place : place + 1]]
    others = {word[0]: word for word in reversed(known) if len(word) > 3}
    return list(dict.fromkeys([*nearest, *(others[letter] for letter in sorted(others))]))[:most]
