"""Places as people write them."""

from __future__ import annotations

import re

import pytest

from otgen.recipe import places


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("left", "left"),
        (" Top Left ", "top-left"),
        ("left_top!", "top-left!"),
        ("lower right", "bottom-right"),
        ("Center", "centre"),
        ("middle ！", "centre!"),
        ("anywhere", ""),
        ("", ""),
        ("-0,0,0.3,1", "0,0,0.3,1"),
        ("0.3,0.2,0.35,0.8", "0.3,0.2,0.35,0.8"),
        ("0.1,0.2,0.5,0.8", "0.1,0.2,0.5,0.8"),
        ("[.1, 0.20; .5, 0.8]!", "0.1,0.2,0.5,0.8!"),
        ("0,1; 0,2; 0,5; 0,8", "0.1,0.2,0.5,0.8"),
        ("0.12345,0,1,1", "0.123,0,1,1"),
        ("0,0,0.5,1", "left"),
        ("0,0,1,1!", ""),
    ],
)
def test_place_has_one_form(given, kept):
    assert places.place(given) == kept
    assert places.place(kept) == kept
    assert places.hard(kept) == kept.endswith("!")


@pytest.mark.parametrize(
    "given", ["home", "left_wing", "left-right", "top-centre", "1,2", "left ?", "!", " !"]
)
def test_what_is_no_place_is_none(given):
    assert places.place(given) is None


@pytest.mark.parametrize("given", ["0,0,100,100", "0.5,0,0.5,1", "0.6,0,0.5,1", "-.1,0,1,1"])
def test_four_numbers_that_are_no_box_are_wrong(given):
    with pytest.raises(ValueError, match=re.escape(given)):
        places.place(given)


def test_boxes_of_names_and_numbers():
    assert places.box("top-right!") == (0.5, 0, 1, 0.5)
    assert places.box("0.1,0.2,0.5,0.8") == (0.1, 0.2, 0.5, 0.8)
    assert places.box("") == (0, 0, 1, 1)
