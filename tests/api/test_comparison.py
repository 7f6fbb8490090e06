"""otgen as a program and a notebook use it."""

import inspect
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
from PIL import Image

import otgen
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.results.store import read

# One sprite: of what sprites try on each costs a run a third more.
ASKED = {"steps": 6, "cutouts": 8, "height": 128, "width": 128, "seed": 7, "sprites": 1}


@pytest.fixture(scope="module")
def made():
    steps = []
    result = otgen.compare(["a cat", "a castle :2"], **ASKED, progress=lambda *at: steps.append(at))
    return result, steps


def test_signature_is_that_of_the_settings():
    parameters = inspect.signature(otgen.compare).parameters
    assert set(parameters) == {field.name for field in fields(Settings)} | {"progress"}
    for field in fields(Settings):
        if field.name not in ("prompts", "steps", "start"):
            assert parameters[field.name].default == field.default, field.name


def test_comparison_is_what_was_asked(made):
    result, steps = made
    assert result.complete
    assert steps == [(step, 6) for step in range(7)]
    assert [prompt.weight for prompt in result.settings.prompts] == [1, 2]
    assert {lane: picture.size for lane, picture in result.pictures.items()} == {
        "ot": (128, 128),
        "mean": (128, 128),
    }
    assert set(result.numbers) == {"ot", "mean"}


def test_saved_comparison_is_a_result_of_the_page(made, tmp_path):
    result, _ = made
    folder = result.save(tmp_path / "new")
    saved = read(folder)
    assert saved.settings == result.settings
    assert folder.name == result.id
    with Image.open(folder / "ot.png") as picture:
        assert np.array_equal(np.asarray(picture), np.asarray(result.pictures["ot"]))


def test_notebook_shows_both_pictures_and_says_what_they_are(made):
    result, _ = made
    shown = result._repr_html_()
    assert shown.count("data:image/png;base64,") == 2
    assert 'alt="a cat | a castle, painted under mean"' in shown
    with pytest.raises(RuntimeError, match="needs a notebook"):
        result.show()


def test_plots_are_drawn_by_name(made):
    result, _ = made
    assert result.plot("lines", dark=True).axes
    with pytest.raises(otgen.InputError, match="There is no plot “pie”: try sheets, plane"):
        result.plot("pie")
    with pytest.raises(otgen.InputError, match="space needs 3 prompts"):
        result.plot("space")


def test_progress_may_stop_a_run():
    result = otgen.compare("a cat | a fox", **ASKED, progress=lambda step, steps: step < 2)
    assert (result.complete, result.result.steps) == (False, 2)


def test_wrong_setting_is_one_sentence():
    with pytest.raises(otgen.InputError, match="steps"):
        otgen.compare(["a cat"], steps=0)


def test_import_is_lazy():
    """``import otgen`` loads no network library."""
    heavy = "import otgen, sys; print(sorted({'torch', 'jax', 'matplotlib'} & set(sys.modules)))"
    printed = subprocess.run(
        [sys.executable, "-c", heavy], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "[]"
    assert not hasattr(otgen, "nothing_of_that_name")


def test_negative_prompts_are_taken_in_each_form():
    forms = [
        {"prompts": ["a cat", "a dog :-2"]},
        {"prompts": "a cat", "negative": "a dog :2"},
        {"prompts": "a cat", "negative": [{"text": "a dog", "weight": 2}]},
    ]
    made = [otgen.compare(**form, **ASKED | {"steps": 1, "cutouts": 2}) for form in forms]
    assert len({one.id for one in made}) == 1
    assert made[0].settings.negative == (Prompt("a dog", 2.0),)
    assert "a cat, without a dog, painted under ot" in made[0]._repr_html_()


def test_pictures_are_prompts(tmp_path, monkeypatch):
    monkeypatch.setenv("OTGEN_CACHE", str(tmp_path / "cache"))
    picture = Image.new("RGB", (40, 30), (200, 30, 0))
    picture.save(tmp_path / "given.png")
    forms = (
        [picture, {"image": tmp_path / "given.png", "weight": 2, "place": "left"}],
        [tmp_path / "given.png", {"image": picture, "weight": 2, "place": "left"}],
    )
    quick = {"generator": "vqgan-mini", "steps": 1, "cutouts": 4, "lanes": ["ot"]}
    made = [otgen.compare([*form, "a cat"], **quick) for form in forms]
    assert made[0].id == made[1].id
    (plain, placed, _) = made[0].settings.prompts
    assert placed == plain._replace(weight=2.0, place="left")


def test_plot_of_what_is_avoided_needs_a_negative_prompt(made):
    with pytest.raises(otgen.InputError, match="avoided needs a negative prompt"):
        made[0].plot("avoided")
