"""A study's file, and the sentence for whatever can't be used in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from otgen.recipe.prompts import InputError
from otgen.study.recipe import read_study

ROOT = Path(__file__).resolve().parents[2]
_SETS = "prompts: [a cat | a castle]\n"


def _study(tmp_path: Path, text: str):
    file = tmp_path / "Some study.yaml"
    file.write_text(text)
    return read_study(file)


def test_runs_are_all_prompts_with_all_seeds_and_settings(tmp_path):
    study = _study(
        tmp_path,
        "title: T\nlanes: ot, mean\nseeds: 2\ncutouts: [8, 16]\nsteps: 5\n"
        "prompts: [a cat | a castle, [a tree, {text: a car, weight: 3}]]\n",
    )
    assert study.name == "some-study"
    assert study.sets == ("a cat | a castle", "a tree | a car :3")
    assert study.varied == {"cutouts": (8, 16)}
    seen = [(run.set, run.varied, run.plan.settings.seed) for run in study.runs]
    assert seen == [(s, (n,), seed) for s in (0, 1) for n in (8, 16) for seed in (1, 2)]
    assert {run.plan.settings.steps for run in study.runs} == {5}
    assert all(run.plan.settings.cutouts == run.varied[0] for run in study.runs)
    assert len(study.plans) == 8


def test_painters_take_the_steps_that_suit_them(tmp_path):
    study = _study(tmp_path, _SETS + "generator: [storybook, vqgan-mini]\n")
    assert [run.plan.settings.steps for run in study.runs] == [50, 100]


def test_settings_that_come_to_the_same_are_one_run(tmp_path):
    study = _study(tmp_path, _SETS + "height: [null, 256]\n")
    assert len(study.runs) == 2
    assert len(study.plans) == 1


def test_pairs_and_grammars_make_sets(tmp_path):
    study = _study(
        tmp_path,
        "prompts:\n  - pairs: [a cat, a castle, a tree]\n"
        '  - {grammar: "{a} | {b}", words: {a: [a car, a fish], b: [a city, a forest]}}\n',
    )
    assert study.sets[:3] == ("a cat | a castle", "a cat | a tree", "a castle | a tree")
    assert study.sets[3:] == (
        *("a car | a city", "a car | a forest", "a fish | a city", "a fish | a forest"),
    )


def test_a_drawn_part_is_the_same_each_time(tmp_path):
    text = "prompts:\n  - {pairs: [a cat, a castle, a tree, a car, a fish], take: 4, draw: 7}\n"
    one, other = _study(tmp_path, text), _study(tmp_path, text.replace("7", "8"))
    assert one.sets == _study(tmp_path, text).sets
    assert len(set(one.sets)) == 4
    assert set(one.sets) != set(other.sets)


def test_negative_prompts_tell_sets_apart(tmp_path):
    study = _study(tmp_path, 'prompts: ["a cat | a tree", "a cat | a tree | a dog :-1"]\n')
    assert study.sets == ("a cat | a tree", "a cat | a tree | a dog :-1")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lanes: ot\n", "“prompts” must be a list of sets"),
        ("prompts: a cat\n", "“prompts” must be a list of sets"),
        ("prompts: []\n", "“prompts” must be a list of sets"),
        ("prompts: [a cat, 7]\n", "“prompts, 2” is “7”"),
        ("prompts: [a cat, a cat]\n", "“prompts” hold “a cat” twice"),
        ("prompts: [a cat, a zeppelin]\n", "“prompts, 2” (“a zeppelin”) can't be painted"),
        ("prompts: ['a cat | [picture 0123456789ab]']\n", "texts: describe it in words"),
        ("prompts: [{pairs: [a cat]}]\n", "“prompts, 1, pairs” has one prompt"),
        ("prompts: [{pairs: [a cat, a tree], take: 9}]\n", "“prompts, 1, take” is “9”; allowed"),
        (
            "prompts: [{pairs: [a cat, a tree], of: 9}]\n",
            "“prompts, 1” has a field that is not allowed",
        ),
        ('prompts: [{grammar: "a {b}", words: {}}]\n', "“prompts, 1, grammar” must be a text"),
        ('prompts: [{grammar: "a {b}", words: {b: x}}]\n', "“prompts, 1, words, b” must be a list"),
        (_SETS + "seeds: none\n", "“seeds” is “none”"),
        (_SETS + "seeds: [1, -1]\n", "“seeds” is not valid. seed is “-1”; allowed"),
        (_SETS + "seeds: [1, 1]\n", "“seeds” holds “1” twice"),
        (_SETS + "seeds: true\n", "“seeds” is “True”"),
        (_SETS + "seeds: 30000\n", "“seeds” is “30000”"),
        (_SETS + "seeds: 20000\ncutouts: [8, 9]\n", "“prompts” make 40,000 runs"),
        (_SETS + "lanes: ot, nothing\n", "“lanes” is not valid. There is no lane “nothing”"),
        (_SETS + "steps: many\n", "“steps” is not valid. steps is “many”; allowed"),
        (_SETS + "steps: []\n", "“steps” is an empty list"),
        (_SETS + "steps: [5, 5]\n", "“steps” holds “5” twice"),
        (_SETS + "steps: [[5]]\n", "“steps” holds a list or a table"),
        (_SETS + "distance: far\n", "“distance” is not valid. There is no distance “far”"),
        (_SETS + "sprite: 3\n", "“sprite” is no field of a study"),
        (_SETS + "title: [a]\n", "“title” must be a text"),
        (_SETS + "cited: [{set: 2}]\n", "“cited, 1, set” is “2”"),
        (_SETS + "cited: [{counts: {ott: [1]}}]\n", "“cited, 1, counts” must give"),
        (_SETS + "generator: vqgan\n", "can't be painted. There is no generator “vqgan”"),
        (_SETS + "guidance: 1\n", "can't be painted. storybook has no guidance scale"),
        ("- a\n", "holds no options"),
        ("a: [\n", "is not YAML"),
    ],
)
def test_what_can_t_be_used_is_named(tmp_path, text, sentence):
    with pytest.raises(InputError) as refused:
        _study(tmp_path, text)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith(("“Some study.yaml”", "“/"))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("file", sorted(ROOT.glob("docs/**/*.yaml")), ids=lambda file: file.name)
def test_committed_studies_can_be_painted(file):
    assert read_study(file).runs
