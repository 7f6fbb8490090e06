"""The words of the small worlds, as the page shows, finds and checks them: plain data."""

from __future__ import annotations

from typing import Any, NamedTuple

from otgen.world.mini import captions as mini_captions
from otgen.world.mini import words as mini
from otgen.world.storybook import captions as storybook_captions
from otgen.world.storybook import words as storybook

# Whose words the page lists, and who can read no others; a name that is missing knows any word.
PAINTERS = {
    "storybook": "storybook",
    "diffusion-mini": "mini",
    "vqgan-mini": "mini",
    "siren": "storybook",
    "fourier": "storybook",
}
ENCODERS = {"storybook-clip": "storybook", "clip-mini": "mini"}

# What people write, in the words that both worlds may have for it.
_MEANS = {",": "and", "&": "and", "+": "and", "2": "two", "3": "three", "4": "four", "1": "a"}

# What people look for, and what comes near to it.
_RELATED: dict[str, tuple[str, ...]] = {
    "bird": ("owl", "parrot", "duck"),
    "insect": ("bee", "butterfly", "ladybird"),
    "tiger": ("lion", "cat"),
    "wolf": ("dog", "fox"),
    "goat": ("sheep",),
    "deer": ("horse", "giraffe"),
    "dolphin": ("whale", "shark"),
    "flower": ("sunflower", "rose", "tulip"),
    "fruit": ("apple", "banana", "strawberry"),
    "vegetable": ("carrot", "corn", "pumpkin"),
    "truck": ("car", "bus", "tractor"),
    "lorry": ("car", "bus", "tractor"),
    "van": ("car", "bus"),
    "computer": ("television", "telephone", "robot"),
    "instrument": ("guitar", "trumpet", "drum"),
    "sun": ("sunset", "sunflower"),
    "moon": ("night", "space"),
    "beach": ("ocean", "desert"),
    "lake": ("ocean",),
    "river": ("ocean",),
    "water": ("ocean", "underwater"),
    "snow": ("mountains", "snowman"),
    "hill": ("mountains", "meadow"),
    "jungle": ("forest",),
    "garden": ("meadow", "sunflower"),
    "street": ("city", "car"),
    "building": ("house", "castle", "city"),
}


class Entry(NamedTuple):
    """A thing, place, style or colour.

    alone: the phrase of an empty row. behind: the one behind other words. others: words by which
    it is found too; of a style, the phrases that it is also said in.
    """

    name: str
    alone: str
    behind: str
    others: tuple[str, ...] = ()


def _synonyms(name: str, *others: str) -> tuple[str, ...]:
    """Return words that find an entry, each once: those given, and what people look for."""
    related = (word for word, near in _RELATED.items() if name in near)
    return tuple(dict.fromkeys(word for word in (*others, *related) if word != name))


def _storybook() -> dict[str, list[Entry]]:
    def thing(name: str, about: storybook.Thing) -> Entry:
        phrase = storybook.phrase_of(name)
        synonyms = _synonyms(name, storybook.plural_of(name), *about.others)
        return Entry(name, phrase, f"and {phrase}", synonyms)

    def place(name: str, said: storybook.Place) -> Entry:
        synonyms = _synonyms(name, *said.alone, *said.behind)
        return Entry(name, said.alone[0], said.behind[0], synonyms)

    things = {
        kind: [thing(name, about) for name, about in things.items()]
        for kind, things in storybook.KINDS.items()
    }
    places = [place(name, said) for name, said in storybook.PLACES.items()]
    styles = [Entry(name, said[0], "", said[1:]) for name, said in storybook.STYLES.items()]
    colours = [
        Entry(name, name, name, storybook.COLOUR_WORDS.get(name, ())) for name in storybook.COLOURS
    ]
    return things | {"places": places, "styles": styles, "colours": colours}


def _mini() -> dict[str, list[Entry]]:
    def thing(name: str) -> Entry:
        phrase = mini.object_phrase(name)
        kinds = (kind for kind, things in storybook.KINDS.items() if name in things)
        also = storybook.THINGS[name].others if name in storybook.THINGS else ()
        synonyms = _synonyms(name, f"{name}s", *mini.SYNONYMS.get(name, ()), *also)
        return Entry(name, phrase, f"and {phrase}", tuple(dict.fromkeys((*synonyms, *kinds))))

    def place(name: str, alone: str, behind: str) -> Entry:
        others = (*mini.SYNONYMS.get(alone, ()), *mini.SYNONYMS.get(behind, ()))
        return Entry(name, alone, behind, _synonyms(name, *others))

    return {
        "things": [thing(name) for name in mini.OBJECTS],
        "places": [place(name, *said) for name, said in mini.BACKGROUNDS.items()],
        "styles": [Entry(name, said[0], "", said[1:]) for name, said in mini.STYLES.items()],
    }


def worlds() -> dict[str, dict[str, Any]]:
    """Return each world for the page, as JSON: its entries by kind, and every word it can read.

    known: what its encoder's tokenizer holds. means: how to say what it does not hold.
    """
    made = {
        "storybook": (_storybook(), storybook_captions.words()),
        "mini": (_mini(), mini_captions.words()),
    }
    return {
        name: {
            "kinds": {
                kind: [entry._asdict() | {"others": list(entry.others)} for entry in entries]
                for kind, entries in kinds.items()
            },
            "known": list(known),
            "means": {said: word for said, word in _MEANS.items() if word in known},
        }
        for name, (kinds, known) in made.items()
    }
