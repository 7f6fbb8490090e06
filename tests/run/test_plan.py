"""What is known of a run before it is run."""

from __future__ import annotations

import pytest
from helpers import settings

from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings
from otgen.run.plan import canonical, checked, encoder_name, needed, run_id, size


def test_recipe_has_one_id_however_it_is_written():
    usual = settings(encoder="clip-mini", height=128, width=128)
    assert canonical(usual) == canonical(settings()) == settings()
    assert run_id(usual) == run_id(checked(usual)) == run_id(settings())
    assert run_id(settings(seed=4)) != run_id(settings())


def test_what_the_generator_chooses_is_known():
    assert encoder_name(settings()) == "clip-mini"
    assert size(settings()) == (128, 128)
    assert needed(settings()) == ("vqgan-mini", "clip-mini")
    assert size(settings(generator="vqgan-imagenet", width=512)) == (256, 512)
    assert needed(settings(generator="vqgan-imagenet", encoder="clip-vit-l14"))[1:] == (
        "clip-vit-l14",
    )


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
        checked(settings(**changes))
    assert all(word in str(wrong.value) for word in said)


def sized(generator: str, **changes) -> Settings:
    """Return a run at the smallest size."""
    side = 256 if generator == "diffusion" else 128
    return settings(generator=generator, **{"height": side, "width": side} | changes)


@pytest.mark.parametrize("height", [128, 144, 1024])
def test_vqgan_paints_multiples_of_16(height):
    assert checked(sized("vqgan-imagenet", height=height)).height == height


@pytest.mark.parametrize(
    ("generator", "changes", "says"),
    [
        ("vqgan-imagenet", {"height": 136}, "multiples of 16 from 128 to 1024"),
        ("vqgan-imagenet", {"height": 1040}, "128 to 1,024"),
        ("diffusion", {"width": 272}, "multiples of 64"),
        ("vqgan-imagenet", {"guidance": 1}, "no guidance scale"),
        ("vqgan-imagenet", {"told": "prompts"}, "can't be told"),
        ("vqgan-mini", {"height": 256, "width": 256}, "128 pixels only"),
        ("diffusion", {"encoder": "clip"}, "There is no encoder"),
    ],
)
def test_settings_that_a_generator_cannot_meet(generator, changes, says):
    with pytest.raises(InputError, match=says):
        checked(sized(generator, **changes))
