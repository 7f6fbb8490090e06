"""What a storybook's picture is made of: as data, as a list on the page, as a picture's text."""

from __future__ import annotations

import torch

from otgen.painters.storybook import description
from otgen.ui.parts import alt, parts
from otgen.world.storybook.words import COLOURS, PLACES, STYLES, THINGS

NAMES = list(THINGS)


def weights(count: int, **most: float) -> torch.Tensor:
    row = torch.zeros(count)
    for name, weight in most.items():
        row[NAMES.index(name)] = weight
    return row


def described(mass: list[list[float]], asked: list[float]) -> list[dict]:
    """Describe one picture: a large cat, a small red car, and one that is not seen."""
    things = torch.stack([weights(115, car=0.9), weights(115, cat=1.0), weights(115, dog=1.0)])
    tints = torch.zeros(3, 1 + len(COLOURS))
    tints[0, 1], tints[1:, 0] = 1.0, 1.0
    (sprites,) = description.sprites(
        things[None],
        tints[None],
        torch.tensor([[0.1, 0.3, 0.001]]),
        torch.zeros(1, 3, 4),
        torch.tensor([mass]),
        torch.tensor([[asked]]),
    )
    return sprites


def test_sprites_are_told_the_largest_first_and_what_is_not_seen_is_left_out():
    cat, car = described([[1.0, 3.0], [2.0, 2.0], [1.0, 1.0]], [0.5, 0.5])
    assert (cat["thing"], cat["colour"], cat["weight"]) == ("cat", "", 1.0)
    assert (car["thing"], car["colour"]) == ("car", "red")
    assert (car["follows"], car["share"], car["lift"]) == (1, 0.75, 1.5)


def test_sprite_follows_the_prompt_that_has_most_of_it_beyond_its_share():
    _, car = described([[2.4, 1.6], [1.0, 1.0], [1.0, 1.0]], [0.8, 0.2])
    assert (car["follows"], car["share"], car["lift"]) == (1, 0.4, 2.0)


def test_list_has_the_colour_of_the_prompt_and_none_where_no_prompt_leads():
    sprites = described([[1.0, 3.0], [2.0, 2.0], [1.0, 1.0]], [0.5, 0.5])
    made = {"sprites": sprites, "places": {"city": 0.9}, "style": "plain"}
    html = parts(made, ["a cat", "<b>a red car</b>"])
    assert html.count("<li") == 3
    assert "75% of its mass follows “&lt;b&gt;a red car&lt;/b&gt;”" in html
    assert html.count("--dot") == 1
    assert "it follows no prompt more than the others" in html
    assert parts({}, ["a cat"]) == ""


def test_picture_is_said_in_words():
    sprites = described([[1.0, 3.0], [2.0, 2.0], [1.0, 1.0]], [0.5, 0.5])
    made = {"sprites": [*sprites, sprites[0]], "places": {"city": 0.9}}
    assert alt(made) == "2 cats and a red car before city"
    assert alt({}) == ""


def test_backdrop_sums_both_grounds():
    grounds = torch.zeros(1, 2, len(PLACES))
    grounds[0, 0, 2], grounds[0, 1, 2], grounds[0, 1, 0] = 1.0, 0.5, 0.5
    styles = torch.eye(len(STYLES))[1:2]
    (backdrop,) = description.backdrop(grounds, styles, torch.tensor([[0.4, 0.2]]))
    assert backdrop == {"places": {"ocean": 0.5, "sunset": 0.1}, "style": "watercolour"}
