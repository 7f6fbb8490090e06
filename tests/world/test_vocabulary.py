"""The words that the page lists can be read; what a pick makes of a row's text."""

from __future__ import annotations

import json
import re

import pytest

from otgen.recipe.settings import rule
from otgen.ui import vocabulary
from otgen.ui.look import script
from otgen.ui.prompt_rows import prompt_rows as component
from otgen.world.mini.words import BACKGROUNDS, OBJECTS
from otgen.world.storybook.words import COLOURS, KINDS, PLACES, STYLES, THINGS

WORLDS = vocabulary.worlds()
PHRASES = script("phrases")


def entries(world: str) -> list[dict]:
    return [entry for kind in WORLDS[world]["kinds"].values() for entry in kind]


@pytest.mark.parametrize("world", WORLDS)
def test_every_phrase_that_a_pick_writes_can_be_read(world):
    known = set(WORLDS[world]["known"])
    for entry in entries(world):
        assert set(f"{entry['alone']} {entry['behind']}".split()) <= known, entry
    assert set(WORLDS[world]["means"].values()) <= known


@pytest.mark.parametrize("world", WORLDS)
def test_each_entry_is_there_once_and_found_by_words_of_its_own(world):
    names = [entry["name"] for entry in entries(world)]
    assert len(set(names)) == len(names)
    for entry in entries(world):
        assert entry["name"] not in entry["others"]
        assert len(set(entry["others"])) == len(entry["others"])


def test_storybook_lists_all_of_its_world_by_kind():
    kinds = WORLDS["storybook"]["kinds"]
    assert list(kinds) == [*KINDS, "places", "styles", "colours"]
    listed = {kind: [entry["name"] for entry in entries] for kind, entries in kinds.items()}
    assert [name for kind in KINDS for name in listed[kind]] == list(THINGS)
    assert [listed[kind] for kind in ("places", "styles", "colours")] == [
        list(PLACES),
        list(STYLES),
        list(COLOURS),
    ]
    cat = kinds["animals"][0]
    assert (cat["alone"], cat["behind"]) == ("a cat", "and a cat")
    assert {"cats", "kitten"} <= set(cat["others"])


def test_mini_world_keeps_its_words():
    kinds = WORLDS["mini"]["kinds"]
    assert [entry["name"] for entry in kinds["things"]] == list(OBJECTS)
    assert [entry["name"] for entry in kinds["places"]] == list(BACKGROUNDS)
    assert "dragon" not in WORLDS["mini"]["known"]


def test_what_people_look_for_leads_to_things_that_there_are():
    names = {entry["name"] for entry in entries("storybook")}
    for near in vocabulary._RELATED.values():
        assert set(near) <= names
    assert not vocabulary._RELATED.keys() & names


def test_small_painters_and_encoders_have_a_world_and_no_others():
    assert set(vocabulary.PAINTERS.values()) == set(vocabulary.ENCODERS.values()) == set(WORLDS)
    assert {name for name in rule("encoder").allowed if name in vocabulary.ENCODERS} == {
        name for name in rule("encoder").allowed if not re.match("clip-vit|laion", name)
    }


def test_no_text_enters_the_template_that_gradio_evaluates():
    rows = component([{"text": "${alert(1)}", "weight": "1"}], "diffusion-mini", "clip-mini")
    assert not re.search(r"\$\{|\{\{|\bcat\b", rows.html_template)
    assert json.loads(json.dumps(rows.props))["worlds"] == WORLDS


@pytest.fixture(scope="module")
def call(browser):
    """Return a function that calls one of the script's functions with a world and more."""
    page = browser.new_page()
    code = (
        "([source, name, values]) => "
        "new Function(`${source}; return ${name}(...arguments)`)(...values)"
    )
    yield lambda name, *args: page.evaluate(code, [PHRASES, name, args])
    page.close()


@pytest.mark.parametrize(
    ("said", "picks", "expected"),
    [
        ("", "cat", "a cat"),
        ("a fox ", "cat", "a fox and a cat"),
        ("", "cat,forest,watercolour", "a watercolour of a cat in a forest"),
        ("", "cat,watercolour,neon", "a neon sign of a cat"),
        ("A Watercolor of", "cat", "A Watercolor of a cat"),
        ("", "watercolour,grapes", "a watercolour of grapes"),
        ("an apple", "red", "a red apple"),
        ("a red apple in a room", "orange", "an orange apple in a room"),
        ("two cats", "blue", "two blue cats"),
        ("grapes and a palm tree", "pink", "grapes and a pink palm tree"),
        ("a sketch of the sea", "green", "a sketch of the green sea"),
        ("", "red,car", "a red car"),
        ("", "red,grapes", "red grapes"),
        ("", "orange,cat,blue", "a blue cat"),
        ("", "ocean,fish", "the ocean and a fish"),
    ],
)
def test_picks_compose_a_phrase(call, said, picks, expected):
    world = WORLDS["storybook"]
    for pick in picks.split(","):
        kind, entry = next(
            (kind, entry)
            for kind, actual in world["kinds"].items()
            for entry in actual
            if entry["name"] == pick
        )
        said = call("joined", world, said, kind, entry)
    assert said == expected


@pytest.mark.parametrize(
    ("world", "typed", "expected"),
    [
        ("storybook", "catt", ["cat"]),
        ("storybook", "dragonn", ["dragon"]),
        ("storybook", "castel", ["castle"]),
        ("storybook", "kittens", ["cats", "kitten"]),
        ("storybook", "automobiles", ["cars", "automobile"]),
        ("storybook", "bird", ["owl", "parrot", "duck"]),
        ("storybook", "palmtree", ["palm"]),
        ("storybook", ",", ["and"]),
        ("storybook", "2", ["two"]),
        ("storybook", "zeppelin", []),
        ("storybook", "猫", []),
        ("mini", "automobile", ["car"]),
        ("mini", "cats", ["cat"]),
        ("mini", "2", []),
    ],
)
def test_near_words_are_those_that_were_meant(call, world, typed, expected):
    args = call("nearest", WORLDS[world], typed)
    assert args[: len(expected)] == expected
    assert bool(args) == bool(expected)
    assert len(args) <= 3
