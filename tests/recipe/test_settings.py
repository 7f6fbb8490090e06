"""Settings: every field refused where it must be, and one id for one recipe."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest

from otgen.guidance.clip import ENCODERS as ENCODERS_THERE_ARE
from otgen.recipe.lanes import COUPLINGS as NAMED
from otgen.recipe.lanes import EXAMPLES, card_of, lane_of, title
from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.rules import Number, origin
from otgen.recipe.settings import Settings, rule, rules, seeded
from otgen.transport.couplings import COUPLINGS
from otgen.transport.direct import DIRECT

GOOD = Settings((Prompt("a cat"), Prompt("a castle", 2.0)))
NUMBERS = [name for name, of in rules().items() if isinstance(of, Number)]
WHOLE = ("steps", "cutouts", "seed")
NO_NUMBERS = ["", "many", None, True, False, [], {}, (1,), math.nan, "nan", "0x10", b"x", 1j]


def _refused(**changes) -> str:
    with pytest.raises(InputError) as wrong:
        replace(GOOD, **changes)
    message = str(wrong.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 250
    return message


def test_defaults_are_allowed():
    for field in fields(Settings):
        if field.name != "prompts":
            assert rule(field.name).check(field.name, field.default) == field.default


def test_settings_offer_what_there_is():
    assert set(NAMED) == set(COUPLINGS) | set(DIRECT)
    assert set(rule("encoder").allowed) == set(ENCODERS_THERE_ARE)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("name", [*WHOLE, "epsilon"])
def test_what_is_no_number_is_refused(name, value):
    message = _refused(**{name: value})
    assert message.startswith(f"{name} is “")
    assert "number from" in message
    assert "try" in message


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_out_of_range_are_refused(name):
    of = rule(name)
    lowest, highest, attempt = of.lowest, of.highest, of.example
    for value in (
        lowest - 1,
        -1e300,
        highest + 1,
        f"{highest * 2:.0f}",
        math.inf,
        -math.inf,
        10**400,
        10**5000,
    ):
        message = _refused(**{name: value})
        assert f"{lowest:g}" in message
        assert f"{highest:,.0f}" in message
        assert attempt in message
    for value in (lowest, highest):
        assert getattr(replace(GOOD, **{name: value}), name) == value


@pytest.mark.parametrize("name", WHOLE)
def test_fractions_are_refused_where_whole_numbers_are_asked_for(name):
    assert "whole number" in _refused(**{name: 10.5})
    assert "whole number" in _refused(**{name: "10.5"})


def test_numbers_written_as_text_become_numbers_of_one_type():
    typed = replace(GOOD, steps="50", cutouts=32.0, epsilon="0.5", seed=" 7 ")
    assert typed == replace(GOOD, steps=50, cutouts=32, epsilon=0.5, seed=7)
    assert [type(getattr(typed, name)) for name in WHOLE] == [int] * 3
    assert type(replace(GOOD, epsilon=1).epsilon) is float


@pytest.mark.parametrize("value", [-1, "-1", "−1", -1.0, None, "", " Random "], ids=repr)
def test_seed_that_is_asked_to_be_random_is_drawn(value):
    seeds = {seeded(value) for _ in range(4)}
    assert len(seeds) == 4
    assert all(replace(GOOD, seed=seed).seed == seed for seed in seeds)


@pytest.mark.parametrize("value", [0, "7", -2, "lucky", True])
def test_other_seeds_are_as_they_were_given(value):
    assert seeded(value) is value


@pytest.mark.parametrize(
    "lanes",
    [
        *((), ("ot", "ot"), ("sliced",), (None,), None, "ot", 3, [["ot"]], ("ot", "")),
        *(("ot@0.5", "ot@.50"), tuple(f"ot@{own}" for own in range(1, 8)), ("sliced@1",)),
    ],
)
def test_lanes_that_there_are_not_are_refused(lanes):
    message = _refused(lanes=lanes)
    assert "ot, mean" in message


@pytest.mark.parametrize(
    "lanes",
    [
        *(("ot",), ("mean",), ("mean", "ot"), ["ot", "mean"], ("ot@0.01", "ot", "ot@1000", "mean")),
        *((lane,) for lane in EXAMPLES),
        ("worst@0.01", "nearest@0.01", "divergence@0.5", "unbalanced@0.99", "unbalanced@0.01"),
    ],
)
def test_any_of_the_lanes_once_is_allowed(lanes):
    assert replace(GOOD, lanes=lanes).lanes == tuple(lanes)


@pytest.mark.parametrize("own", ["0", "-1", "nan", "1001", "sharp", "1@2", " ", "9" * 400])
def test_epsilon_of_a_lane_has_the_bounds_of_the_setting(own):
    message = _refused(lanes=(f"ot@{own}",))
    assert message.startswith("epsilon is “")
    assert "0.001 to 1,000" in message


@pytest.mark.parametrize("coupling", ["mean", "composite", "assignment"])
def test_lanes_without_an_epsilon_have_none(coupling):
    assert f"the {coupling} has none" in _refused(lanes=(f"{coupling}@0.5",))


@pytest.mark.parametrize("own", ["0", "1", "nan", ""])
def test_tau_of_a_lane_is_between_0_and_1(own):
    message = _refused(lanes=(f"unbalanced@{own}",))
    assert message.startswith("tau is “")
    assert "0.01 to 0.99: try 0.97" in message


def test_lane_with_a_tau_needs_it():
    assert "try background@0.97" in _refused(lanes=("background",))


def test_lane_is_known_by_its_title_too_and_by_how_it_begins():
    lanes = ("Nearest", "sink", "Mean of distances", "OT@0.5")
    assert replace(GOOD, lanes=lanes).lanes == ("nearest", "divergence", "mean", "ot@0.5")


def test_lane_has_one_name_however_its_epsilon_is_written():
    written = ("ot@1e-2", "ot@0.50", "ot@ 2 ", "ot@1e3", "ot@0.123456789")
    named = ("ot@0.01", "ot@0.5", "ot@2", "ot@1000", "ot@0.123457")
    assert replace(GOOD, lanes=written).lanes == named


@pytest.mark.parametrize("value", ["manhattan", "", None, 1, ["cosine"], "Cosine"])
def test_unknown_distance_is_refused_with_those_there_are(value):
    assert "cosine, geodesic, great-circle, euclidean" in _refused(distance=value)


def test_unknown_encoder_is_refused_with_those_there_are():
    assert "clip-mini" in _refused(encoder="clip-maxi")


@pytest.mark.parametrize(
    "prompts", [(), None, ((" ", 1),), (("a cat", 0),), ((None, 1),), ((7, 1),)]
)
def test_prompts_that_can_not_be_used_are_refused(prompts):
    _refused(prompts=prompts)


def test_one_recipe_has_one_id():
    revisions = {"vqgan-mini": "0123"}
    name = GOOD.id(revisions)
    assert len(name) == 12
    assert set(name) <= set("0123456789abcdef")
    assert replace(GOOD, steps="50", epsilon="0.10", lanes=["ot", "mean"]).id(revisions) == name
    assert replace(GOOD, prompts=(("a  cat", 1), ("a castle", "2"))).id(revisions) == name


def test_ids_are_those_of_before_there_were_more_kinds_of_lanes():
    asked = replace(GOOD, lanes=("ot@0.01", "mean", "ot"), seed=7)
    assert asked.id({"vqgan-mini": "0123"}) == "5f53faa13745"


def test_everything_that_changes_the_picture_changes_the_id():
    others = {
        "prompts": (Prompt("a cat"), Prompt("a castle", 3.0)),
        "generator": "vqgan-mini",
        "lanes": ("mean", "ot"),
        "steps": 99,
        "cutouts": 63,
        "epsilon": 0.2,
        "distance": "cosine",
        "seed": 1,
        "encoder": "clip-vit-b32",
        "height": 256,
        "width": 256,
        "guidance": 0.2,
        "conditioning": "prompts",
        "start": "0123456789ab",
        "sprites": 4,
        "truncation": 0.5,
        "imagenet_class": 0,
        "negative": (Prompt("a dog"),),
        "strength": 0.5,
        "anchor": 2.0,
        "parent": "0123456789ab@50",
        "sampling": "adaptive",
    }
    assert set(others) == {field.name for field in fields(Settings)}
    revisions = {"vqgan-mini": "0123"}
    names = {GOOD.id(revisions), GOOD.id({"vqgan-mini": "4567"})}
    names |= {replace(GOOD, **{field: value}).id(revisions) for field, value in others.items()}
    assert len(names) == 2 + len(others)
    placed = (Prompt("a cat", place="left"), Prompt("a castle"))
    assert replace(GOOD, prompts=placed).id(revisions) not in names


def test_parent_is_a_result_its_step_and_perhaps_one_of_its_lanes():
    assert origin("0123456789ab@50") == ("0123456789ab", 50, "")
    assert origin("0123456789ab@7/ot@0.01") == ("0123456789ab", 7, "ot@0.01")
    both = {replace(GOOD, parent=f"0123456789ab@{step}").id({}) for step in (7, 50)}
    assert len(both) == 2
    for wrong in ("0123456789ab", "../../etc@1", "0123456789ab@x", "0123456789ab@1/..", 7):
        assert "0123456789ab@50" in _refused(parent=wrong)


def test_reference_explains_every_lane_as_the_page_does():
    said = (Path(__file__).parents[2] / "docs" / "reference.md").read_text()
    for lane in EXAMPLES:
        card = card_of(lane)
        assert f"| `{lane}` | {title(lane)} | {card.says} | {card.source} |" in said


def test_lane_is_named_with_its_number():
    names = "ot", "ot@0.01", "nearest@0.5", "unbalanced@0.9", "unheard-of@1"
    titles = "Optimal transport", "OT, ε 0.01", "Nearest prompts, ε 0.5", "Unbalanced OT, τ 0.9"
    assert tuple(map(title, names)) == (*titles, "unheard-of@1")
    assert lane_of("nearest@0.5", 0.1) == ("nearest", 0.5)
    assert lane_of("unbalanced@0.9", 0.1) == ("unbalanced@0.9", 0.1)
