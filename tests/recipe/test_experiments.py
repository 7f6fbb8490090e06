"""Experiments: the runs that they are made of, and their figures."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from otgen.explain.plots import to_png, to_svg
from otgen.recipe.experiments import DIAL, base, dial, ladder, of_seeds, settings_of, steps_of
from otgen.recipe.lanes import lane_of, slug
from otgen.recipe.prompts import InputError, Prompt, shares
from otgen.recipe.settings import Settings
from otgen.results.figure_text import describe
from otgen.results.figures import FIGURES, cell, rungs, save
from otgen.results.result import Saved
from otgen.results.spread import MEASURES, over

THREE = Settings((Prompt("a cat", 3.0), Prompt("a castle"), Prompt("a tree")), epsilon=0.3, seed=3)
KINDS = ("ladder", "dial", "seeds-3")
AWKWARD = ("$x_1$ <b>", "🐈 一只猫", "قطة", "very long " * 30, "&amp; <script>")


def saved(folder, step, seed=0) -> Saved:
    """Make up a result: pictures of one colour a lane, all cutouts at the first prompt."""
    folder.mkdir(parents=True)
    m, lanes = len(step.settings.prompts), step.settings.lanes
    for lane, name in enumerate(lanes):
        Image.new("RGB", (16, 12), (8 * seed, 20 * lane, 0)).save(folder / f"{slug(name)}.png")
    asked = shares(step.settings.prompts)
    numbers = {
        name: {"counts": [8] + [0] * (m - 1), "asked": asked, "balance": 0.0} for name in lanes
    }
    return Saved("0" * 12, folder, step.settings, True, 2, numbers, 1.0, ())


def test_ladder_is_each_prompt_alone_and_then_one_more_at_a_time():
    steps = ladder(THREE)
    assert [step.numbers for step in steps] == ["1", "2", "3", "1 + 2", "1 + 2 + 3"]
    assert [steps[0].title, steps[3].title] == ["prompt 1", "prompts 1 + 2"]
    alone, together = steps[:3], steps[3:]
    assert [step.settings.prompts for step in alone] == [
        (Prompt(prompt.text),) for prompt in THREE.prompts
    ]
    assert {step.settings.lanes for step in alone} == {("ot",)}
    assert [step.settings.prompts for step in together] == [THREE.prompts[:2], THREE.prompts]
    assert {step.settings.lanes for step in together} == {("ot", "mean")}
    assert {step.settings.epsilon for step in together} == {0.3}
    for step in steps:
        assert step.settings == step.settings
        assert (step.settings.seed, step.settings.cutouts) == (THREE.seed, THREE.cutouts)


def test_prompt_alone_is_one_recipe_whatever_the_others_and_the_dial_are():
    other = replace(THREE, prompts=(Prompt("a cat"), Prompt("a fish", 5.0)), epsilon=2.0)
    assert ladder(other)[0].settings == ladder(THREE)[0].settings


def test_dial_goes_from_sharp_to_the_mean_in_one_run():
    (step,) = dial(THREE)
    assert step.settings == step.settings
    assert step.settings.prompts == THREE.prompts
    *soft, last = (lane_of(name, 0) for name in step.settings.lanes)
    assert last.coupling == "mean"
    assert [coupling for coupling, _ in soft] == ["ot"] * 4
    assert [epsilon for _, epsilon in soft] == sorted({epsilon for _, epsilon in soft})
    assert dial(replace(THREE, epsilon=7.0, lanes=("mean",))) == (step,)  # one recipe


@pytest.mark.parametrize("kind", KINDS)
def test_one_prompt_leaves_nothing_to_compare(kind):
    with pytest.raises(InputError, match="add another"):
        steps_of(kind, Settings((Prompt("a cat"),)))


def test_seeds_are_the_same_run_from_the_next_starts():
    last = replace(THREE, seed=2**32 - 1, lanes=("ot", "mean", "ot@2"))
    steps = steps_of(of_seeds(3), last)
    assert [step.settings for step in steps] == [
        replace(last, seed=seed) for seed in (2**32 - 1, 0, 1)
    ]
    assert [step.title for step in steps] == ["seed 4294967295", "seed 0", "seed 1"]
    assert settings_of("seeds-3", last) == last
    assert settings_of("ladder", last).lanes == ("ot", "mean")


@pytest.mark.parametrize("many", [1, 17, 2.5, "x", None, float("nan"), float("inf"), "9" * 99])
def test_number_of_seeds_is_bounded(many):
    with pytest.raises(InputError, match="It can be 2 to 16: try 4"):
        of_seeds(many)


def test_kinds_are_named_exactly():
    assert [base(kind) for kind in ("ladder", "dial", "seeds-2", "seeds-16")] == [
        *("ladder", "dial", "seeds", "seeds")
    ]
    for wrong in (
        "",
        "seeds",
        "seeds-1",
        "seeds-17",
        "seeds-999",
        "seeds-04",
        "seeds-٣",
        "ladder-2",
        "x",
    ):
        assert base(wrong) == ""


def test_measures_are_told_over_complete_results(tmp_path):
    steps = steps_of("seeds-4", replace(THREE, prompts=THREE.prompts[1:]))
    results = [saved(tmp_path / str(place), step) for place, step in enumerate(steps)]
    for place, (counts, judged) in enumerate((((4, 4), (5, 9)), ((2, 6), (4, 60)))):
        results[place].numbers["ot"] |= {"counts": counts, "judge": {"found": judged, "of": 64}}
    part = [results[0], results[1], results[2]._replace(complete=False), None]
    texts = {measure.title: over(part, "ot", measure) for measure in MEASURES}
    assert texts == {
        "Balance": "0 ± 0 %",
        "Least prompt": "75 ± 35 %",  # all of its share, and half
        "All prompts found": "1 of 2",
        "Least found": "7 ± 1 %",
    }
    assert over(part, "mean", MEASURES[2]) == "–"  # no judge looked


def test_rungs_hold_the_right_pictures(tmp_path):
    steps = ladder(THREE)
    results = [saved(tmp_path / str(seed), step, seed) for seed, step in enumerate(steps)]
    rows = rungs(steps, results)
    alone = [tuple(cell.picture[0, 0]) for cell in rows.alone]
    assert alone == [(0, 0, 0), (8, 0, 0), (16, 0, 0)]
    together = [[tuple(cell.picture[0, 0]) for cell in both] for both in rows.together]
    assert together == [[(24, 0, 0), (24, 20, 0)], [(32, 0, 0), (32, 20, 0)]]
    assert rows.alone[1].prompts == (1,)
    assert rows.together[1][0].asked == pytest.approx((0.6, 0.2, 0.2))


def test_a_figure_holds_its_pictures_small(tmp_path):
    step = ladder(THREE)[-1]
    result = saved(tmp_path / "run", step)
    Image.new("RGB", (1024, 512), (9, 9, 9)).save(result.folder / "ot.png")
    assert cell(step, result, "ot").picture.shape == (220, 440, 3)


def test_a_picture_that_diverged_says_so(tmp_path):
    steps = ladder(THREE)
    results = [saved(tmp_path / str(seed), step, seed) for seed, step in enumerate(steps)]
    results[-1] = results[-1]._replace(diverged="It diverged.")
    texts = [text.get_text() for text in FIGURES["ladder"](steps, results).findobj(Text)]
    said = f"diverged after step {results[-1].steps}"
    assert texts.count(said) == len(results[-1].settings.lanes)


@pytest.mark.parametrize("m", [2, 3, 16])
def test_ladder_shows_every_picture_once(m, tmp_path):
    steps = ladder(replace(THREE, prompts=tuple(Prompt(f"prompt {j}") for j in range(m))))
    results = [saved(tmp_path / str(seed), step, seed) for seed, step in enumerate(steps)]
    for width in (390, 900):
        figure = FIGURES["ladder"](steps, results, width=width)
        boxes = [axes.get_position() for axes in figure.axes if axes.images]
        shown = [tuple(axes.images[0].get_array()[0, 0]) for axes in figure.axes if axes.images]
        assert len(shown) == len(set(shown)) == m + 2 * (m - 1)
        for box in boxes:
            assert 0 <= box.x0 < box.x1 <= 1
            assert 0 <= box.y0 < box.y1 <= 1
        assert not any(
            one.x0 < other.x1 - 1e-9
            and other.x0 < one.x1 - 1e-9
            and one.y0 < other.y1 - 1e-9
            and other.y0 < one.y1 - 1e-9
            for place, one in enumerate(boxes)
            for other in boxes[:place]
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("m", [2, 5, 16])
def test_figure_draws_whatever_is_there_at_its_width(kind, m, tmp_path):
    prompts = tuple(Prompt(text) for text in (AWKWARD * 4)[:m])
    steps = steps_of(kind, replace(THREE, prompts=prompts))
    results = [saved(tmp_path / str(place), step) for place, step in enumerate(steps)]
    for there, dark, width in ((results, False, 900), ([*results[:-1], None], True, 390)):
        figure = FIGURES[base(kind)](steps, there, dark=dark, width=width)
        with Image.open(BytesIO(to_png(figure, scale=0.5))) as picture:
            assert picture.width == width // 2
    assert b"<script>" not in to_svg(figure, describe(kind, steps, results))


@pytest.mark.parametrize("kind", KINDS)
def test_words_state_the_counts_and_what_is_not_painted(kind, tmp_path):
    steps = steps_of(kind, THREE)
    results = [saved(tmp_path / str(place), step) for place, step in enumerate(steps)]
    said = describe(kind, steps, results)
    assert "1 “a cat”, 2 “a castle”, 3 “a tree”" in said
    run = "Seed 5" if kind.startswith("seeds") else "1 + 2 + 3"
    assert f"{run}, Mean of distances: 8 / 0 / 0" in said
    assert "not painted" in describe(kind, steps, [*results[:-1], None])


def test_figure_is_named_by_what_it_shows(tmp_path):
    steps = dial(THREE)
    result = saved(tmp_path / "a", steps[0])
    file = save("dial", steps, [result], tmp_path)
    assert file.name.startswith("dial-")
    assert file.with_suffix(".svg").read_text().rstrip().endswith("</svg>")
    with Image.open(file) as picture:
        assert "OT, ε 0.01: 8 / 0 / 0" in picture.text["Description"]
        assert np.asarray(picture).any()
    assert save("dial", steps, [result], tmp_path) == file
    assert save("dial", steps, [result._replace(id="1" * 12)], tmp_path) != file


def test_dial_has_five_lanes():
    assert len(DIAL) == len(set(DIAL)) == 5
