"""The twelve places of a storybook, painted at any size, as flat gouache would have them.

A painter takes a random generator, a height and a width in pixels, and returns a picture [h, w, 3],
float32 in [0, 1]. Random numbers do not depend on the size: a seed is one picture, at 64 pixels as
at 1024. A wide or a tall picture has its horizon where a square one has it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from otgen.painters.storybook.places.beyond import city, space, underwater, volcano
from otgen.painters.storybook.places.land import (
    desert,
    forest,
    meadow,
    mountains,
    night,
    ocean,
    sunset,
)
from otgen.painters.storybook.places.parts import Rng
from otgen.painters.storybook.places.room import room

PLACES: dict[str, Callable[[Rng, int, int], np.ndarray]] = {
    "sunset": sunset,
    "night": night,
    "ocean": ocean,
    "forest": forest,
    "desert": desert,
    "mountains": mountains,
    "city": city,
    "meadow": meadow,
    "underwater": underwater,
    "volcano": volcano,
    "room": room,
    "space": space,
}


def draw(name: str, seed: int, height: int, width: int) -> np.ndarray:
    """Return the place [height, width, 3], float32 in [0, 1]; a seed is a picture at any size.

    Raises KeyError, with the names there are, for a place that is not there.
    """
    if name not in PLACES:
        raise KeyError(f"no place called {name!r}; there are: {', '.join(PLACES)}")
    return PLACES[name](np.random.default_rng(seed), height, width)
