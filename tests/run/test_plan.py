"""What is known of a run before it is run."""

from __future__ import annotations

import pytest
from helpers import settings

from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings, rule, rules
from otgen.results.result import describe
from otgen.run.comparison import compare
from otgen.run.plan import plan
from otgen.service.availability import verdict
from otgen.service.pace import Pace


def test_recipe_has_one_id_however_it_is_written():
    usual = settings(encoder="clip-mini", height=128, width=128)
    assert plan(usual).settings == plan(settings()).settings == settings()
    assert plan(usual).id == plan(plan(usual).settings).id == plan(settings()).id
    assert plan(settings(seed=4)).id != plan(settings()).id


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
        ("vqgan-imagenet", {"height": 1040}, "128 to 1,024"),
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
    with pytest.raises(InputError, match=rf"width is {width}.*try {nearest}\."):
        plan(settings(generator=generator, width=width))


def test_punctuation_stops_no_small_painter():
    assert plan(settings(prompts=(Prompt("A cat, a castle."), Prompt("“a house”!")))).id
