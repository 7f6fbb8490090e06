"""The form as data: what it holds means the settings it was filled from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers import settings

from otgen.painters.catalogue import GENERATORS
from otgen.recipe.lanes import EXAMPLES
from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import rule
from otgen.run.plan import plan
from otgen.ui import form

WIDE = {"encoder": "clip-vit-l14", "height": 512, "width": 768}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"generator": "storybook", "sprites": 3, "height": 128},
        {"generator": "diffusion-mini", "guidance": 2.5, "lanes": ("mean",)},
        {"generator": "vqgan-imagenet", "start": "0123456789ab"} | WIDE,
        {"generator": "vqgan-mini", "start": "0123456789ab", "anchor": 1 / 3},
        {"generator": "diffusion-mini", "start": "0123456789ab", "strength": 0.25, "anchor": 2},
        {"generator": "diffusion-mini", "parent": "0123456789ab@50", "strength": 0.25},
        {"generator": "storybook", "parent": "0123456789ab@50/ot@0.01"},
        {"generator": "diffusion", "guidance": 0.0, "conditioning": "prompts"} | WIDE,
        {"generator": "biggan-256", "truncation": 0.35, "imagenet_class": 0},
        {"generator": "biggan-512"},
        {"encoder": "clip-vit-b32"},
        {"lanes": ("ot@0.01", "mean", "ot@2")},
        {"lanes": ("mean", "ot")},
        *({"lanes": (lane,)} for lane in EXAMPLES),
        *({"epsilon": epsilon} for epsilon in (0.001, 0.005, 0.0123456789, 1 / 3, 999.99)),
        {"prompts": (Prompt("a cat", 1.23456789), Prompt("a castle", 1 / 3))},
        {"generator": "diffusion-mini", "guidance": 1 / 3},
        {"negative": (Prompt("a boat", 1 / 3), Prompt("a field"))},
        {"sampling": "adaptive"},
    ],
)
def test_form_filled_from_settings_means_them(changes):
    asked = settings(**changes)
    assert plan(form.settings(form.fields(asked))).settings == plan(asked).settings


def test_rows_with_a_weight_below_0_are_negative_prompts():
    rows = [("a cat", "2"), ("a boat", "-1"), ("a field | a tree :2", "−1.5")]
    held = form.fields(settings()) | {
        "prompts": [{"text": text, "weight": weight} for text, weight in rows]
    }
    asked = form.settings(held)
    assert asked.prompts == (Prompt("a cat", 2.0),)
    assert asked.negative == (Prompt("a boat"), Prompt("a field", 1.5), Prompt("a tree", 3.0))
    with pytest.raises(InputError, match="negative prompts alone"):
        form.settings(held | {"prompts": held["prompts"][1:]})


@pytest.mark.parametrize(
    ("row", "read"),
    [
        ({"text": "an owl", "weight": "2", "place": "left!"}, ("an owl", 2.0, "left!")),
        ({"text": "an owl @ [.1,.2,.5,.8]", "weight": "1"}, ("an owl", 1.0, "0.1,0.2,0.5,0.8")),
        ({"text": "an owl @top", "weight": "1", "place": "left"}, ("an owl", 1.0, "top")),
        ({"text": "an owl @top :2", "weight": "2", "place": ""}, ("an owl", 4.0, "top")),
        ({"text": "an owl @top @anywhere", "weight": "1"}, ("an owl @top", 1.0, "")),
        ({"text": "me @1,2,3,4 @anywhere", "weight": "1"}, ("me @1,2,3,4", 1.0, "")),
    ],
)
def test_place_is_chosen_or_written(row, read):
    held = form.fields(settings()) | {"prompts": [row, {"text": "a dog", "weight": "-1"}]}
    asked = form.settings(held)
    assert asked.prompts == (Prompt(*read),)
    assert form.settings(form.fields(asked)) == asked


def test_negative_row_has_no_place():
    rows = [{"text": "a cat", "weight": "1"}, {"text": "a dog", "weight": "-1", "place": "left"}]
    asked = form.settings(form.fields(settings()) | {"prompts": rows})
    assert asked.negative == (Prompt("a dog"),)


@pytest.mark.parametrize("generator", GENERATORS)
def test_what_a_painter_has_no_use_for_is_left_out(generator):
    """As when another painter is chosen and Paint is pressed before the form has followed."""
    asked = settings(
        generator="diffusion", guidance=1.0, conditioning="prompts", start="0" * 12, **WIDE
    )
    values = form.fields(replace(asked, start="0123456789ab")) | {"generator": generator}
    values["truncation"] = 0.5
    chosen, about = form.settings(values), GENERATORS[generator]
    assert (chosen.guidance is not None) == (about.guidance is not None)
    assert (chosen.conditioning == "prompts") == about.reads
    assert bool(chosen.start) == about.takes_start
    assert (chosen.height is not None) == (about.sizes.least < about.sizes.most)
    assert (chosen.sprites is None) or about.sprites
    assert (chosen.truncation is None) == (about.truncation is None)


def test_cleared_numbers_are_left_to_the_painter():
    cleared = {"height": None, "width": None, "guidance": None}
    chosen = form.settings(form.fields(settings(generator="diffusion")) | cleared)
    assert (chosen.height, chosen.width, chosen.guidance) == (None, None, None)


def test_strength_and_anchor_are_left_out_where_nothing_is_started_from():
    values = form.fields(settings(generator="diffusion-mini")) | {"anchor": 2.0, "strength": 0.3}
    assert form.settings(values) == form.settings(values | {"anchor": None, "strength": None})
    chosen = form.settings(values | {"start": "0123456789ab data:image/webp;base64,AA"})
    assert (chosen.start, chosen.strength, chosen.anchor) == ("0123456789ab", 0.3, 2.0)
    chosen = form.settings(values | {"parent": "0123456789ab@50/mean ot,mean"})
    assert (chosen.parent, chosen.strength, chosen.anchor) == ("0123456789ab@50/mean", 0.3, 2.0)


def test_every_encoder_has_a_title():
    assert tuple(form.ENCODER_TITLES) == rule("encoder").allowed


def test_prompts_pasted_into_one_row_become_prompts_of_their_own():
    rows = [{"text": "a cat | a tree :2\na bird", "weight": "2"}, {"text": "a fox", "weight": "1"}]
    chosen = form.settings(form.fields(settings()) | {"prompts": rows})
    expected = (("a cat", 2.0), ("a tree", 4.0), ("a bird", 2.0), ("a fox", 1.0))
    assert chosen.prompts == tuple(Prompt(*row) for row in expected)


def test_row_keeps_a_text_that_looks_as_if_it_had_a_weight():
    rows = [{"text": "a tram 12 :30", "weight": "1"}]
    chosen = form.settings(form.fields(settings()) | {"prompts": rows})
    assert chosen.prompts == (Prompt("a tram 12 :30"),)


@pytest.mark.parametrize(
    ("generator", "height", "advice"),
    [("diffusion", 100, "256"), ("diffusion", 300, "256 or 320"), ("vqgan-wikiart", 140, "128 or")],
)
def test_refused_size_is_answered_for_the_painter(generator, height, advice):
    values = form.fields(settings(generator=generator)) | {"height": height}
    with pytest.raises(InputError, match=f"{generator} paints .*try {advice}"):
        form.settings(values)
