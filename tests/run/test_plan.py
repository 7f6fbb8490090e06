"""What is known of a run before it is run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from helpers import settings

from otgen.painters.catalogue import GENERATORS
from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings, rule, rules
from otgen.results.result import describe
from otgen.run.comparison import compare
from otgen.run.plan import from_texts, plan
from otgen.service.availability import verdict
from otgen.service.pace import Pace


def test_recipe_has_one_id_however_it_is_written():
    usual = settings(encoder="clip-mini", height=128, width=128)
    assert plan(usual).settings == plan(settings()).settings == settings()
    assert plan(usual).id == plan(plan(usual).settings).id == plan(settings()).id
    assert plan(settings(seed=4)).id != plan(settings()).id


@pytest.mark.parametrize(
    "values",
    [
        {"prompts": "a cat | a boat :-2", "negative": "a field"},
        {"prompts": ["a cat", "a boat :-2"], "negative": ["a field"]},
        {"prompts": [{"text": "a cat"}, {"text": "a boat", "weight": -2}], "negative": "a field"},
        {"prompts": "a cat", "negative": [{"text": "a boat", "weight": 2}, "a field"]},
    ],
)
def test_negative_prompts_are_read_however_they_are_given(values):
    rest = {"generator": "vqgan-mini", "lanes": "ot", "steps": None}
    asked = from_texts(rest | values)
    assert asked.prompts == (Prompt("a cat"),)
    assert asked.negative == (Prompt("a boat", 2.0), Prompt("a field"))


@pytest.mark.parametrize(
    "prompts",
    [
        "a cat @left :2 | a boat",
        ["a cat :2 @Left", "a boat"],
        [{"text": "a cat", "weight": 2, "place": "left"}, "a boat"],
        [{"text": "a cat", "weight": 2, "place": "0,0,.5,1"}, {"text": "a boat"}],
    ],
)
def test_places_are_read_however_they_are_given(prompts):
    asked = from_texts({"generator": "vqgan-mini", "steps": 2, "lanes": "ot", "prompts": prompts})
    assert asked.prompts == (Prompt("a cat", 2.0, "left"), Prompt("a boat"))
    assert plan(asked).places == ("left", "")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"strength": 0.5, "start": "0123456789ab"}, "vqgan-mini lays no noise"),
        (
            {"generator": "diffusion-mini", "strength": 0.5},
            "starts from noise alone: give it a pic",
        ),
        ({"anchor": "2"}, "nothing to hold on to"),
        ({"generator": "storybook", "anchor": 2}, "storybook can't be held to a picture"),
        ({"start": "0123456789ab", "parent": "0123456789ab@2"}, "not from both"),
        ({"generator": "storybook", "start": "0123456789ab"}, "or take a VQGAN or a diffusion"),
        ({"generator": "diffusion-mini", "start": "0" * 12, "strength": 0}, "from 0.01 to 1"),
    ],
)
def test_what_says_how_a_run_keeps_to_its_start_needs_one(changes, says):
    texts = {"generator": "vqgan-mini", "prompts": "a", "lanes": "ot", "steps": 2}
    with pytest.raises(InputError, match=says):
        plan(from_texts(texts | changes))


def test_usual_strength_and_no_anchor_are_not_part_of_a_recipe():
    asked = settings(generator="diffusion-mini", start="0123456789ab")
    usual = GENERATORS["diffusion-mini"].strength
    assert plan(replace(asked, strength=usual, anchor=0)).id == plan(asked).id
    assert not {"strength", "anchor", "parent"} & plan(asked).settings.as_dict().keys()


def test_words_of_negative_prompts_are_checked_too():
    with pytest.raises(InputError, match="does not know “zebra”"):
        plan(settings(negative=(Prompt("a zebra"),)))


def test_everything_below_the_plan_asks_nobody_again(monkeypatch):
    """Neither the catalogue nor a rule of the settings: both are out of order from here on."""
    planned = plan(settings(steps=1, cutouts=2))

    def refuse(*_):
        raise AssertionError("it was asked again")

    monkeypatch.setattr("otgen.painters.catalogue.GENERATORS", {})
    for name in rules():
        monkeypatch.setattr(type(rule(name)), "check", refuse)
    pace = Pace()
    assert verdict(planned, pace.of(planned)).can
    result = compare(planned)
    pace.note(planned, result.timings["paint"], 2)
    assert pace.seconds(planned) > 0
    assert result.id == planned.id
    assert describe(result)["settings"] == planned.settings.as_dict()


def test_what_the_generator_chooses_is_known():
    usual = plan(settings())
    assert usual.encoder == "clip-mini"
    assert (usual.height, usual.width) == (128, 128)
    assert usual.models == tuple(usual.revisions) == ("vqgan-mini", "clip-mini")
    wide = plan(settings(generator="vqgan-imagenet", width=512, encoder="clip-vit-l14"))
    assert (wide.height, wide.width) == (256, 512)
    assert wide.models[1:] == ("clip-vit-l14",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompts": (Prompt("a dragon"),)}, ("dragon", "castle")),
        ({"prompts": (Prompt("a 🐈"),)}, ("🐈", "castle")),
        ({"prompts": (Prompt("一只猫"),)}, ("一只猫", "castle")),
        ({"prompts": (Prompt("a cat for $5"),)}, ("$", "castle")),
        ({"generator": "stylegan"}, ("stylegan", "vqgan-mini")),
        ({"generator": None}, ("None", "vqgan-mini")),
        ({"height": 64}, ("64", "128")),
        ({"steps": 0}, ("0", "1")),
    ],
)
def test_bad_settings_are_refused(changes, said):
    with pytest.raises(InputError) as wrong:
        plan(settings(**changes))
    assert all(word in str(wrong.value) for word in said)


def sized(generator: str, **changes) -> Settings:
    """Return a run at the smallest size."""
    side = 256 if generator == "diffusion" else 128
    return settings(generator=generator, **{"height": side, "width": side} | changes)


@pytest.mark.parametrize("height", [128, 144, 1024])
def test_vqgan_paints_multiples_of_16(height):
    assert plan(sized("vqgan-imagenet", height=height)).settings.height == height


@pytest.mark.parametrize(
    ("generator", "changes", "says"),
    [
        ("vqgan-imagenet", {"height": 136}, "multiples of 16 from 128 to 1024"),
        ("diffusion", {"width": 272}, "multiples of 64"),
        ("vqgan-imagenet", {"guidance": 1}, "no guidance scale"),
        ("vqgan-imagenet", {"conditioning": "prompts"}, "no text network"),
        ("vqgan-mini", {"height": 256, "width": 256}, "128 pixels only"),
        ("diffusion", {"encoder": "clip"}, "There is no encoder"),
    ],
)
def test_settings_that_a_generator_cannot_meet(generator, changes, says):
    with pytest.raises(InputError, match=says):
        plan(sized(generator, **changes))


@pytest.mark.parametrize(
    ("generator", "width", "nearest"),
    [
        ("vqgan-imagenet", 1000, "992 or 1008"),
        ("diffusion", 136, "256"),
        ("diffusion", 520, "512 or 576"),
        ("vqgan-mini", 1000, "128"),
    ],
)
def test_refused_size_names_the_nearest_that_the_painter_has(generator, width, nearest):
    with pytest.raises(InputError, match=rf"width is “{width}”.*try {nearest}\."):
        plan(settings(generator=generator, width=width))


TEXTS = {"prompts": "a cat", "generator": "storybook", "lanes": "ot", "steps": None}
ODD = {
    "height": ("1", 100, "140", 300, "1001", 1e300, -8, 128.5),
    "width": ("64", 1032),
    "guidance": (99, "-1", "much"),
    "sprites": (0, 99, "1.5"),
    "truncation": (0, "1.5"),
    "imagenet_class": (1000, "1.5"),
    "conditioning": ("everything",),
    "start": ("picture.png",),
}
ADVICE = re.compile(r"try (\d+)(?: or (\d+))?\.$|choose “(\w+)”|there are: (\w+), (\w+)\.$")


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize(("name", "entry"), [(name, odd) for name in ODD for odd in ODD[name]])
def test_what_a_refusal_advises_is_accepted(generator, name, entry):
    """For the painter at hand, at once: a second refusal would say that the first was wrong."""
    texts = TEXTS | {"generator": generator}
    with pytest.raises(InputError) as refused:
        plan(from_texts(texts | {name: entry}))
    said = str(refused.value)
    advised = ADVICE.search(said)
    values = [value for value in advised.groups() if value] if advised else [""]
    assert advised or re.search(r"leav(e|ing) (it|guidance|their number) out", said), said
    for value in values:
        plan(from_texts(texts | {name: value} if value else texts))


@pytest.mark.parametrize(
    "value",
    [
        "a cat :2 | a tree",
        "a cat :2\na tree",
        ["a cat :2", "a tree"],
        ["a cat :2 | a tree"],
        [{"text": "a cat", "weight": 2}, "a tree"],
        [{"text": "a cat", "weight": "2"}, {"text": "a tree"}],
    ],
)
@pytest.mark.parametrize("lanes", ["ot, mean", ["ot", "mean"], ["ot ", "mean"]])
def test_texts_and_lists_mean_the_same_settings(value, lanes):
    parsed = from_texts(TEXTS | {"prompts": value, "lanes": lanes})
    assert parsed.prompts == (Prompt("a cat", 2.0), Prompt("a tree"))
    assert parsed.lanes == ("ot", "mean")


def test_text_with_a_weight_of_its_own_is_taken_as_it_is():
    parsed = from_texts(TEXTS | {"prompts": [{"text": "a tram at 12 :30", "weight": 1}]})
    assert parsed.prompts == (Prompt("a tram at 12 :30"),)


@pytest.mark.parametrize("value", [[], [""], [7], [None], [["a cat"]], [{}], [{"text": 7}], {}, 7])
def test_prompts_that_are_no_texts_are_refused(value):
    with pytest.raises(InputError, match="rompt"):
        plan(from_texts(TEXTS | {"prompts": value}))


@pytest.mark.parametrize("value", [[], [7], [None], [["ot"]], {"ot": 1}, ["ot", "ot"], 7])
def test_lanes_that_are_no_names_are_refused(value):
    with pytest.raises(InputError, match="lane"):
        from_texts(TEXTS | {"lanes": value})


def test_punctuation_stops_no_small_painter():
    assert plan(settings(prompts=(Prompt("A cat, a castle."), Prompt("“a house”!")))).id
