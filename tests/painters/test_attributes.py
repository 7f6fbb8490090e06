"""The attributes that prompts ask for: looks, and what is read in their costs."""

from __future__ import annotations

import torch

from otgen.painters.storybook import attributes
from otgen.painters.storybook.attributes import ATTRIBUTES
from otgen.world.storybook.words import COLOURS, PLACES, STYLES, THINGS

SIDE = 24


def looks(ground=0.45) -> torch.Tensor:
    """Return looks at a grey disc and a grey bar, before grey places that become lighter."""
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, 32)] * 2, indexing="ij")
    shapes = torch.stack([(x**2 + y**2 < 0.8).float(), (y.abs() < 0.3).float()])[:, None]
    drawings = torch.cat([0.5 * shapes.expand(-1, 3, -1, -1), shapes], 1)
    places = torch.linspace(0.1, 0.9, len(PLACES))[:, None, None, None].expand(-1, 3, 64, 64)
    return attributes.pictured(drawings, torch.full((3, 64, 64), ground), places, SIDE)


def test_things_are_looked_at_in_every_tint_style_and_place_and_places_in_every_style():
    seen = looks()
    things = 2 * (sum(ATTRIBUTES) - 1)
    assert seen.shape == (things + len(PLACES) * len(STYLES), 3, SIDE, SIDE)
    assert seen.min() >= 0
    assert seen.max() <= 1
    disc = seen[: sum(ATTRIBUTES) - 1]
    middles = disc[: ATTRIBUTES[0], :, SIDE // 2, SIDE // 2]
    colours = torch.tensor(list(COLOURS.values()))
    torch.testing.assert_close(middles[1:], colours, atol=0.02, rtol=0)
    before = disc[-ATTRIBUTES[2] :, 0, 0, 0]
    torch.testing.assert_close(before, torch.linspace(0.1, 0.9, len(PLACES)), atol=0.01, rtol=0)
    styled = disc[ATTRIBUTES[0] : ATTRIBUTES[0] + ATTRIBUTES[1] - 1]
    assert (torch.cdist(styled.flatten(1), disc[:1].flatten(1)) > 0.5).all()


def likes_red(seen: torch.Tensor) -> torch.Tensor:
    """Cost a prompt that is nearest to what is red, and one that nothing is nearer to."""
    red = (seen[:, 0] - seen[:, 1:].mean(1)).mean((1, 2))
    return torch.stack([1 - red, torch.ones_like(red)], -1)


def test_prompt_of_an_encoder_that_likes_red_asks_for_the_red_tint_and_for_no_place():
    which = torch.tensor([7, 3])
    saved = attributes.looked(likes_red(looks()), which).savings.of_things
    assert saved.shape == (len(THINGS), sum(ATTRIBUTES), 2)
    assert list(COLOURS)[int(saved[7, :, 0].argmin()) - 1] == "red"
    assert (saved[[7, 3], 1, 0] < -0.05).all()
    assert (saved[:, ATTRIBUTES[0] :] == 0).all()
    assert (saved[..., 1] == 0).all()
    others = torch.ones(len(THINGS), dtype=torch.bool)
    others[which] = False
    assert (saved[others] == 0).all()


def test_kind_of_wear_that_only_resembles_what_is_asked_for_does_not_count():
    plain = torch.ones(2, 1)
    tints, styles = torch.zeros(2, 3, 1), torch.zeros(2, 2, 1)
    tints[0, 1], styles[0, 1] = -0.5, -0.2
    asked = attributes._asked([tints, styles], plain)
    assert asked[0, 1] < -0.4
    assert (asked[:, 3:] == 0).all()
    styles[0, 1] = -0.45
    assert (attributes._asked([tints, styles], plain)[0, [1, 4]] < -0.4).all()


def test_prompt_that_a_plain_thing_meets_asks_for_nothing():
    """What would bring another thing a little nearer is of no use: none has it better."""
    tints = torch.zeros(2, 3, 1)
    tints[1, 2] = -0.4
    assert (attributes._asked([tints, tints], torch.tensor([[0.5], [1.0]])) == 0).all()


def test_cost_that_is_a_little_less_says_nothing():
    assert (attributes._asked([torch.full((1, 2, 1), -0.03)], torch.ones(1, 1)) == 0).all()
