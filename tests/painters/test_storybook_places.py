"""The places of the storybook: one picture per seed at every size, each its own."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from otgen.painters.storybook.places import PLACES, draw

NAMES = list(PLACES)


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """Return the picture averaged down to [side, side, 3], channel by channel."""
    channels = [
        Image.fromarray(picture[..., c].copy()).resize((side, side), Image.Resampling.BOX)
        for c in range(3)
    ]
    return np.stack([np.asarray(channel) for channel in channels], -1)


def test_the_places_are_the_twelve_that_prompts_name():
    assert set(NAMES) == {
        *("sunset", "night", "ocean", "forest", "desert", "mountains"),
        *("city", "meadow", "underwater", "volcano", "room", "space"),
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(64, 64), (48, 96), (97, 41), (8, 8)])
def test_a_place_is_a_picture_at_any_size(name, size):
    picture = draw(name, 3, *size)
    assert picture.shape == (*size, 3)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_is_one_picture_at_every_size(name):
    large = draw(name, 5, 384, 384)
    for side in (64, 128):
        # Antialiasing differs from an average along edges only: at most 0.01, among the stars,
        # where another seed of the same place is 0.07 and more away.
        assert np.abs(shrunk(large, side) - draw(name, 5, side, side)).mean() < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_a_place_repeats_with_its_seed_and_varies_without(name):
    first = draw(name, 1, 64, 64)
    assert np.array_equal(first, draw(name, 1, 64, 64))
    assert np.abs(first - draw(name, 2, 64, 64)).mean() > 0.02


def test_places_are_told_apart_by_their_layout_of_colours():
    """The nearest mean thumbnail names nearly every new picture's place."""
    means = {
        name: np.mean([shrunk(draw(name, seed, 48, 48), 8) for seed in range(8)], 0)
        for name in NAMES
    }
    right = 0
    for name in NAMES:
        for seed in (100, 101, 102, 103):
            thumbnail = shrunk(draw(name, seed, 48, 48), 8)
            right += name == min(NAMES, key=lambda n: ((thumbnail - means[n]) ** 2).sum())
    # 4 pictures of 12 places; palettes of dusk and day overlap, so a few may go astray.
    assert right >= 40


def test_an_unknown_place_names_those_there_are():
    with pytest.raises(KeyError, match="underwater"):
        draw("moon", 0, 32, 32)
