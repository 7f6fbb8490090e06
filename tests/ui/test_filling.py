"""Settings from outside, as the form can hold them."""

import json
from dataclasses import replace

import pytest
from kept import EXAMPLE

from otgen.recipe.codec import Recipe, from_file, from_query
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.ui.filling import changed, fitted

SETTINGS = Settings((Prompt("a cat"), Prompt("a castle", 2.0)), seed=5)


def test_what_the_form_holds_is_taken_over_without_a_word():
    assert fitted(Recipe(SETTINGS, ())) == Recipe(SETTINGS, ())


def test_unknown_painter_is_said_and_left():
    held = fitted(from_query({"prompts": "a cat", "generator": "dall-e", "seed": "3"}))
    assert held.settings.generator == Settings.generator
    assert held.settings.seed == 3
    assert "dall-e" in held.notes[0]


def test_what_the_form_can_t_hold_is_said():
    change = {"guidance": 3.0, "generator": "vqgan-mini"}
    (note,) = fitted(Recipe(replace(SETTINGS, **change), ())).notes
    assert "can't hold guidance “3.0”: it is left out" in note


@pytest.mark.parametrize("name", ["ot.png", "mean.png", "result.json"])
def test_files_of_a_result_give_its_settings_and_id(name):
    data = json.loads((EXAMPLE / "result.json").read_text())
    recipe = from_file((EXAMPLE / name).read_bytes())
    assert recipe.settings.as_dict() == data["settings"]
    assert recipe.id == data["id"]


def test_run_of_other_models_is_said():
    recipe = from_file((EXAMPLE / "ot.png").read_bytes())
    assert changed(recipe.id, recipe.settings) == ""
    assert "another picture" in changed("000000000000", recipe.settings)
    assert changed("", recipe.settings) == ""
