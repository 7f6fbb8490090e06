"""Shapes and sizes as people write them, and the sizes of painters nearest to a shape."""

from __future__ import annotations

import itertools

import pytest

from otgen.painters.catalogue import GENERATORS
from otgen.recipe.prompts import InputError
from otgen.recipe.shapes import SHAPES, aspect, shape_of, size, title


@pytest.mark.parametrize(
    ("given", "ratio"),
    [
        ("16:9", 16 / 9),
        ("9：16", 9 / 16),
        ("3/2", 1.5),
        ("1,5", 1.5),
        (" Portrait", 0.75),
        (1.25, 1.25),
        ("1024x768", 4 / 3),
    ],
)
def test_aspect_is_width_to_height(given, ratio):
    assert aspect(given) == pytest.approx(ratio)


@pytest.mark.parametrize("given", ["", "big", "0:1", "1:0", "5:1", "1:5", "-1", "nan", "1:2:3"])
def test_what_is_no_aspect_is_refused(given):
    with pytest.raises(InputError, match="try 16:9"):
        aspect(given)


@pytest.mark.parametrize("given", ["512x384", "512 X 384", "512×384", "512*384"])
def test_size_is_width_then_height(given):
    assert size(given) == (512, 384)


@pytest.mark.parametrize("given", ["512", "512x", "x", "512:384", "-512x384", "5e2x384"])
def test_what_is_no_size_is_refused(given):
    with pytest.raises(InputError, match="try 512x384"):
        size(given)


@pytest.mark.parametrize("name", GENERATORS)
def test_size_of_a_shape_is_one_that_the_painter_has(name):
    sizes = GENERATORS[name].sizes
    for shape, area in itertools.product(SHAPES, (0, 1, 256**2, 700**2, 5000**2)):
        width, height = sizes.shaped(SHAPES[shape], area)
        for side in (width, height):
            assert side % sizes.unit == 0
            assert sizes.least <= side <= sizes.most
        assert shape_of(width, height) == (shape if sizes.free else "1:1")


def test_size_of_a_shape_keeps_the_area():
    sizes = GENERATORS["storybook"].sizes
    assert sizes.shaped(16 / 9) == (344, 192)
    assert sizes.shaped(9 / 16, 512 * 512) == (384, 680)
    assert sizes.shaped(1, 344 * 192) == (256, 256)


@pytest.mark.parametrize("size", [(256, 232), (0, 0), (-1, -1), (400, 128)])
def test_size_of_no_shape_has_none(size):
    assert shape_of(*size) == ""


def test_shapes_are_named_in_words():
    assert [title(shape) for shape in ("1:1", "4:3", "9:16")] == [
        "square 1:1",
        "landscape 4:3",
        "portrait 9:16",
    ]
