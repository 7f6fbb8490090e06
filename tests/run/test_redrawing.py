"""Results drawn anew from what is kept of them."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from helpers import settings
from PIL import Image

from otgen.painters.catalogue import GENERATORS, LARGE
from otgen.recipe.codec import from_file
from otgen.recipe.prompts import InputError
from otgen.results.result import STATE
from otgen.results.saving import save
from otgen.results.store import read
from otgen.run.comparison import compare
from otgen.run.plan import plan
from otgen.run.redrawing import SCALABLE, main, redrawn, save_redrawn


@pytest.fixture(scope="module")
def result():
    asked = settings(generator="storybook", height=128, width=128, sprites=1)
    return compare(plan(asked))


@pytest.fixture
def saved(result, tmp_path):
    return read(save(result, tmp_path))


def test_painters_that_can_are_those_whose_cards_say_so():
    assert SCALABLE.keys() == {name for name, card in GENERATORS.items() if card.scalable}


def test_large_picture_is_the_results_with_its_recipe(saved):
    data = redrawn(saved, "mean", "large")
    with Image.open(io.BytesIO(data)) as large, Image.open(saved.folder / "mean.png") as small:
        assert large.size == (LARGE * 128, LARGE * 128)
        off = np.asarray(large.reduce(LARGE)).astype(int) - np.asarray(small)
    assert np.abs(off).mean() < 4  # of 255; another seed's place is 40 off
    recipe = from_file(data)
    assert (recipe.settings, recipe.id) == (saved.settings, saved.id)


def test_files_are_written_beside_the_results_own(saved):
    save_redrawn(saved, ["large", "svg"])
    made = {path.name for path in saved.folder.iterdir()}
    assert {"ot-large.png", "mean-large.png", "ot.svg", "mean.svg"} <= made
    assert read(saved.folder) == saved


def test_partial_result_keeps_no_state_and_is_refused(result, tmp_path):
    stopped = result._replace(complete=False, steps=1, state=None)
    saved = read(save(stopped, tmp_path))
    assert not (saved.folder / STATE).exists()
    with pytest.raises(InputError, match=r"ended at step 1 of 2.*continue the run"):
        redrawn(saved, "ot", "large")


def test_result_whose_state_is_gone_says_so(saved):
    (saved.folder / STATE).unlink()
    with pytest.raises(InputError, match=r"did not keep.*delete it and paint it again"):
        redrawn(saved, "ot", "svg")


@pytest.mark.parametrize("damage", [b"", b"PK no zip", "empty"])
def test_damaged_state_is_one_sentence(saved, damage):
    if damage == "empty":
        np.savez(saved.folder / STATE, things=np.zeros(3))
    else:
        (saved.folder / STATE).write_bytes(damage)
    with pytest.raises(InputError, match="is damaged: delete the result"):
        redrawn(saved, "ot", "svg")


def test_result_of_other_models_is_refused(saved):
    with pytest.raises(InputError, match="painted with other models"):
        redrawn(saved._replace(id="0" * 12), "ot", "svg")


def test_painter_of_pixels_is_refused(saved):
    data = json.loads((saved.folder / "result.json").read_text())
    data["settings"] = settings().as_dict()
    (saved.folder / "result.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=r"vqgan-mini paints pixels.*take storybook"):
        redrawn(read(saved.folder), "ot", "svg")


def test_process_says_a_refusal_in_a_sentence(saved, capfd, tmp_path):
    assert main(str(tmp_path / "nowhere"), "ot", "svg") == 2
    assert capfd.readouterr() == ("", "The result was deleted a moment ago.\n")
    assert main(str(saved.folder), "ot", "svg") == 0
    assert capfd.readouterr().out.startswith("<svg ")
