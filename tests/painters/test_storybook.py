"""The storybook's words, its sprite decoder and what lays sprites over a place."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from helpers import uniform
from torch.nn import functional as F

from otgen.models.catalogue import asset
from otgen.painters.storybook import decoder
from otgen.painters.storybook.compositor import composed, placed, seamed, spans, tinted
from otgen.run.pool import encoder_of
from otgen.training.tokenizer import END, word_tokenizer
from otgen.world.storybook import captions
from otgen.world.storybook.words import (
    COLOURS,
    PLACES,
    STYLES,
    THINGS,
    canonical_prompts,
    phrase_of,
)


@pytest.fixture(scope="module")
def sprites():
    return decoder.load(asset("storybook-sprites"))


def test_world_is_as_large_as_it_is_said_to_be():
    assert len(THINGS) >= 100
    assert (len(PLACES), len(STYLES), len(COLOURS)) == (12, 6, 8)
    assert len(captions.words()) >= 300
    icons = [thing.icon for thing in THINGS.values()]
    assert len(set(icons)) == len(icons)


def test_no_word_names_two_things():
    said = [words for name, thing in THINGS.items() for words in (name, *thing.others)]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        ("apple", "an apple"),
        ("unicorn", "a unicorn"),
        ("ufo", "a ufo"),
        ("ice cream", "ice cream"),
        ("bunch of grapes", "bunch of grapes"),
        ("umbrella", "an umbrella"),
    ],
)
def test_articles_are_those_of_english(words, phrase):
    assert phrase_of(words) == phrase


def test_tokenizer_knows_every_phrase_of_the_grammar():
    tokenizer, rng = word_tokenizer(captions.words(), captions.LENGTH), np.random.default_rng(0)
    texts = list(canonical_prompts().values()) + captions.names(rng)
    for _ in range(300):
        thing, colour, place, style = (
            int(rng.integers(-1, len(table))) for table in (THINGS, COLOURS, PLACES, STYLES)
        )
        things = (thing,) if thing >= 0 else ()
        if things or place >= 0 or style >= 0:
            texts.append(captions.compose(things, (colour,) * len(things), place, style, rng).text)
    tokens = tokenizer(texts)["input_ids"]
    assert max(map(len, tokens)) <= captions.LENGTH
    assert not any(tokenizer.unk_token_id in row for row in tokens)


def test_shipped_clip_reads_every_word_of_a_phrase():
    """transformers reads a text at its largest number where the end's is 2: not at its end."""
    clip = encoder_of("storybook-clip")
    assert clip.model.config.text_config.eos_token_id == clip.reader.tokenizer.token_to_id(END) > 2
    for one, other in (
        ("a watercolour of a castle", "a watercolour of a tulip"),
        ("an owl in a forest", "an owl in a city"),
        ("a red car", "a red house"),
        ("a watercolour of the sea", "a watercolour"),
    ):
        v = clip.texts([one, other])
        assert v[0] @ v[1] < 0.95, (one, other)


def test_decoder_holds_three_drawings_of_every_thing(sprites):
    _, codes, drawings = sprites
    assert codes.shape == (3 * len(THINGS), decoder.DIM)
    assert drawings == 3 * list(THINGS)


@torch.no_grad()
def test_drawings_that_ship_are_what_the_decoder_makes_of_the_codes(sprites):
    shipped = decoder.drawings(asset("storybook-sprites"))
    assert len(shipped) == len(sprites[1])
    some = torch.arange(0, len(shipped), 23)
    made = decoder.decoded(sprites[0], sprites[1][some], decoder.SMALL)
    assert (shipped[some] - made).abs().max() < 0.003  # half of one of 255 colours


@torch.no_grad()
def test_sprites_are_premultiplied_colours_with_an_opacity(sprites):
    made = sprites[0](sprites[1][:4], side=48)
    assert made.shape == (4, 4, 48, 48)
    assert made.min() >= 0
    assert (made[:, :3] <= made[:, 3:] + 1e-5).all()
    assert (made[:, 3].amax((1, 2)) > 0.9).all()


@torch.no_grad()
def test_sprite_is_as_crisp_when_it_is_drawn_larger(sprites):
    """Opacity is near 0 or 1 but for a rim, whose part of the area shrinks with the side."""
    for side, most in ((96, 0.2), (384, 0.08)):
        alpha = sprites[0](sprites[1][:12], side, sharpness=2.0)[:, 3]
        undecided = ((alpha > 0.05) & (alpha < 0.95)).float().mean((1, 2))
        assert undecided.mean() < most


def test_untinted_sprite_is_itself_and_a_tint_keeps_black_white_and_opacity():
    rgba = uniform(2, 4, 8, 8)
    rgba[:, :3] *= rgba[:, 3:]
    own = F.one_hot(torch.zeros(2, dtype=torch.long), 1 + len(COLOURS)).float()
    torch.testing.assert_close(tinted(rgba, own), rgba)
    greys = torch.ones(1, 4, 1, 2)
    greys[0, :3, 0, 0] = 0  # a black and a white pixel
    blue = F.one_hot(torch.tensor([1 + list(COLOURS).index("blue")]), 1 + len(COLOURS)).float()
    torch.testing.assert_close(tinted(greys, blue), greys, atol=1e-5, rtol=0)
    half = torch.cat([torch.full((1, 3, 1, 1), 0.5), torch.ones(1, 1, 1, 1)], 1)
    torch.testing.assert_close(tinted(half, blue)[0, :3, 0, 0], torch.tensor(COLOURS["blue"]))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 128), (128, 64)])
def test_sprite_lies_where_its_pose_says_at_every_aspect(height, width):
    solid = torch.ones(1, 1, 4, 32, 32)
    pose = torch.tensor([[[0.5, -0.25, math.log(0.25), 0.0, 0.0, 0.0]]])
    alpha = placed(solid, pose, torch.ones(1, 1), height, width)[0, 0, 3]
    rows, columns = torch.nonzero(alpha > 0.5, as_tuple=True)
    short = min(height, width)
    assert columns.float().mean() + 0.5 == pytest.approx(0.75 * width, abs=1)
    assert rows.float().mean() + 0.5 == pytest.approx(0.375 * height, abs=1)
    assert alpha.sum() == pytest.approx((0.25 * short) ** 2, rel=0.05)


def test_mirrored_sprite_has_left_and_right_exchanged():
    sprite = uniform(1, 1, 4, 32, 32)
    pose = torch.zeros(1, 1, 6)
    there, back = (placed(sprite, pose, torch.full((1, 1), way), 32, 32) for way in (1.0, -1.0))
    torch.testing.assert_close(there.flip(-1), back, atol=1e-4, rtol=0)


def test_deeper_sprite_is_covered_and_a_closed_gate_hides():
    layers = torch.zeros(1, 2, 4, 4, 4)
    layers[0, 0, 0], layers[0, 1, 1], layers[0, :, 3] = 1, 1, 1  # a red and a green square
    ground = torch.zeros(1, 3, 4, 4)
    depth, open_gates = torch.tensor([[1.0, -1.0]]), torch.ones(1, 2)
    shown = composed(layers, depth, open_gates, ground, 40.0)
    assert shown.image[0, 0].min() > 0.99  # the red one lies in front
    total = shown.visible.sum(1) + shown.ground
    torch.testing.assert_close(total, torch.ones(1, 4, 4))
    hidden = composed(layers, depth, torch.tensor([[0.0, 1.0]]), ground, 40.0)
    assert hidden.image[0, 1].min() > 0.99
    assert composed(layers, depth, torch.zeros(1, 2), ground, 40.0).ground.min() == 1


def test_seam_shows_each_ground_on_its_side():
    black, white = torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)
    shown = seamed(black, white, torch.tensor([[0.0, 0.0, 50.0]]))[0, 0]
    assert shown[:, 0].max() < 0.01
    assert shown[:, -1].min() > 0.99


def test_gradient_reaches_pose_gate_and_depth():
    sprite = uniform(1, 2, 4, 16, 16)
    pose = (0.1 * uniform(1, 2, 6, seed=1)).requires_grad_()
    gates = torch.full((1, 2), 0.7, requires_grad=True)
    layers = placed(sprite, pose, torch.ones(1, 2), 16, 16)
    image = composed(layers, pose[..., -1], gates, uniform(1, 3, 16, 16, seed=2), 4.0).image
    (image * uniform(1, 3, 16, 16, seed=3)).sum().backward()
    assert (pose.grad != 0).all()
    assert (gates.grad != 0).all()


def test_spans_are_where_the_grounds_of_a_seam_lie():
    """Its normal to the right, down, and to the left of an off-centre line."""
    seam = torch.tensor([[0.0, 0.0, 500.0], [torch.pi / 2, 0.0, 500.0], [torch.pi, 0.5, 500.0]])
    first, second = spans(seam, cells=64).unbind(1)
    expected = [[0, 0, 0.5, 1], [0, 0, 1, 0.5], [0.25, 0, 1, 1]]
    torch.testing.assert_close(first, torch.tensor(expected), atol=0.01, rtol=0)
    expected = [[0.5, 0, 1, 1], [0, 0.5, 1, 1], [0, 0, 0.25, 1]]
    torch.testing.assert_close(second, torch.tensor(expected), atol=0.01, rtol=0)
