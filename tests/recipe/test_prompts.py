"""Prompts as people type them, and what is said when they can't be used."""

from __future__ import annotations

import math
import time

import pytest

from otgen.recipe.prompts import (
    InputError,
    Prompt,
    check,
    parse,
    parted,
    picture_of,
    pictured,
    prompt,
    rows,
    shares,
    shorten,
)


def _refused(function, *arguments) -> str:
    with pytest.raises(InputError) as wrong:
        function(*arguments)
    message = str(wrong.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 250
    return message


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a cat", [("a cat", 1)]),
        ("a cat :2", [("a cat", 2)]),
        ("a cat : 0.5", [("a cat", 0.5)]),
        ("a cat :.5", [("a cat", 0.5)]),
        ("a cat :1e2", [("a cat", 100)]),
        ("a cat | a castle", [("a cat", 1), ("a castle", 1)]),
        ("a cat :2|a castle :3", [("a cat", 2), ("a castle", 3)]),
        ("a cat\na castle\r\n\n  a tree  ", [("a cat", 1), ("a castle", 1), ("a tree", 1)]),
        ("a  cat\tat   sunset", [("a cat at sunset", 1)]),
        ("| a cat ||", [("a cat", 1)]),
        ("time: a cat at 10:30", [("time: a cat at 10:30", 1)]),
        ("a clock at 10:30 :2", [("a clock at 10:30", 2)]),
        ("a cat :two", [("a cat :two", 1)]),
        ("ratio 16:9", [("ratio 16:9", 1)]),
        ("城堡 :2", [("城堡", 2)]),
        ("🐈 | 🏰", [("🐈", 1), ("🏰", 1)]),
        ("<b>a cat</b> & $5 {x} `rm`", [("<b>a cat</b> & $5 {x} `rm`", 1)]),
        ("قطة", [("قطة", 1)]),
    ],
)
def test_parse_reads_texts_and_weights(typed, expected):
    assert parse(typed) == tuple(Prompt(*row) for row in expected)


@pytest.mark.parametrize("typed", ["", "   ", "\n\n", " | | "])
def test_no_prompt_is_refused(typed):
    message = _refused(parse, typed)
    assert "There is no prompt" in message
    assert "at least one" in message
    assert "“a cat”" in message


def test_empty_prompt_is_refused():
    assert "remove its row" in _refused(prompt, " \t ")


@pytest.mark.parametrize(
    "weight", ["0", "-1001", "0.0", "nan", "inf", "-inf", "1001", "2x", "1e-9", "1e999"]
)
def test_typed_weight_out_of_range_is_refused(weight):
    message = _refused(parse, f"a castle | a cat :{weight}")
    assert "“a cat”" in message
    assert f"“{weight}”" in message
    assert "0.001 to 1000" in message
    assert "try 1" in message


@pytest.mark.parametrize(
    "weight",
    [
        0,
        -1,
        math.nan,
        math.inf,
        -math.inf,
        "two",
        "",
        None,
        True,
        [],
        {},
        10**400,
        -(10**400),
        10**5000,
        1j,
    ],
    ids=lambda weight: f"{type(weight).__name__}",
)
def test_given_weight_that_is_no_number_in_range_is_refused(weight):
    message = _refused(prompt, "a cat", weight)
    assert "0.001 to 1000" in message
    assert "try 1" in message


@pytest.mark.parametrize("text", [None, 3, b"a cat", ["a cat"]])
def test_text_that_is_no_text_is_refused(text):
    assert "must be text" in _refused(prompt, text)


def test_bytes_that_are_no_text_are_refused():
    # What the shell hands over for the byte FF; printing the message must not fail either.
    message = _refused(parse, "a \udcff cat")
    assert "UTF-8" in message
    message.encode()


def test_bytes_of_a_terminal_that_is_not_utf_8_are_read():
    typed = "一只猫：2 | un café".encode().decode("ascii", "surrogateescape")  # LC_ALL=C
    assert parse(typed) == (Prompt("一只猫", 2.0), Prompt("un café"))


def test_seventeen_prompts_are_refused_and_sixteen_are_not():
    assert len(parse("|".join(["a cat"] * 16))) == 16
    message = _refused(parse, "|".join(["a cat"] * 17))
    assert "17 prompts" in message
    assert "at most 16" in message
    assert "remove" in message
    assert _refused(check, [Prompt("a cat")] * 17) == message


def test_long_text_is_refused():
    for text in ("x" * 10_000, "a " * 5_000, "🐈" * 10_000, "x" * 301):
        message = _refused(parse, text)
        assert "at most 300" in message
        assert "shorten" in message
    assert parse("x" * 300)[0].text == "x" * 300


def test_long_text_is_read_quickly():
    began = time.process_time()
    for text in (": " * 5_000, "a :" * 5_000, "a :1" * 5_000):
        assert "at most 300" in _refused(parse, text)
    assert parse("a" + " " * 10_000 + ":x") == parse("a :x")
    assert time.process_time() - began < 1  # seconds; a pattern that backtracks takes minutes


def test_shares_sum_to_one():
    assert shares(parse("a :2 | b :3 | c")) == pytest.approx((1 / 3, 1 / 2, 1 / 6))
    assert shares((Prompt("a", 0.001), Prompt("b", 1000))) == pytest.approx((1e-6, 1), rel=1e-5)
    assert math.fsum(
        shares(tuple(Prompt("a", weight) for weight in range(1, 17)))
    ) == pytest.approx(1)


def test_shorten_is_safe_to_print():
    assert shorten("a\x1b[31m\ncat") == "“a [31m cat”"
    assert shorten("x" * 41) == "“" + "x" * 40 + "…”"
    assert shorten("x" * 40) == "“" + "x" * 40 + "”"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a cat:2", ("a cat", 2.0)),
        ("a cat：2", ("a cat", 2.0)),
        ("a cat：１．５", ("a cat", 1.5)),
        ("a cat :1,5", ("a cat", 1.5)),
        ("a cat：１，５", ("a cat", 1.5)),
        ("a cat:,5", ("a cat", 0.5)),
        ("a cat :0,125 @left", ("a cat", 0.125, "left")),
        ("a dog :−1,5", ("a dog", -1.5)),
        ("a cat :1, a castle", ("a cat :1, a castle", 1.0)),
        ("a cat, a castle :2", ("a cat, a castle", 2.0)),
        ("a cat : 2", ("a cat", 2.0)),
        ("a tram at 12:30", ("a tram at 12:30", 1.0)),
        ("16:9", ("16:9", 1.0)),
        ("a castle: the door", ("a castle: the door", 1.0)),
    ],
)
def test_colon_is_a_weight_where_a_letter_or_a_blank_is_before_it(typed, read):
    assert rows(typed) == (Prompt(*read),)


@pytest.mark.parametrize("weight", ["1,000", "１，０００", "-25,000"])
def test_weight_that_may_be_a_thousand_is_not_guessed(weight):
    message = _refused(rows, f"a cat :{weight}")
    assert "may mean" in message
    assert "write one of them" in message


@pytest.mark.parametrize("weight", ["1,5,2", "1.5,2", "1,5x"])
def test_commas_that_are_no_decimals_are_refused(weight):
    assert f"“{weight}”" in _refused(rows, f"a cat :{weight}")


@pytest.mark.parametrize(
    ("typed", "wanted", "negative"),
    [
        ("a cat | a dog :-1", [("a cat", 1)], [("a dog", 1)]),
        ("a dog:-2.5\na cat :2\na tree :-1", [("a cat", 2)], [("a dog", 2.5), ("a tree", 1)]),
        ("a cat", [("a cat", 1)], []),
        ("tram 12:-30", [("tram 12:-30", 1)], []),  # as "16:9", no weight
    ],
)
def test_weights_below_0_make_negative_prompts(typed, wanted, negative):
    expected = tuple(tuple(Prompt(*row) for row in rows) for rows in (wanted, negative))
    assert parted(parse(typed)) == expected


def test_negative_prompts_alone_are_refused():
    message = _refused(parse, "a dog :-1 | a tree :-2")
    assert "negative prompts alone (“a dog”)" in message
    assert "such as “a fox”" in message


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("an owl @left", ("an owl", 1.0, "left")),
        ("an owl @left! :2", ("an owl", 2.0, "left!")),
        ("an owl :2 ＠Top Left", ("an owl", 2.0, "top-left")),
        ("an owl:2 @left", ("an owl", 2.0, "left")),
        ("an owl @0.1,0.2,0.5,0.8:2", ("an owl", 2.0, "0.1,0.2,0.5,0.8")),
        ("an owl @ [.1, .2, .5, .8]", ("an owl", 1.0, "0.1,0.2,0.5,0.8")),
        ("an owl @right @left", ("an owl @right", 1.0, "left")),
        ("an owl @left @anywhere", ("an owl @left", 1.0, "")),
        ("me@left", ("me@left", 1.0, "")),
        ("photo by @someone", ("photo by @someone", 1.0, "")),
        ("meet @left: the turn", ("meet @left: the turn", 1.0, "")),
        ("@left", ("@left", 1.0, "")),
        ("two @ 3,4", ("two @ 3,4", 1.0, "")),
    ],
)
def test_place_is_read_at_the_end_and_other_ats_are_text(typed, read):
    assert parse(typed) == (Prompt(*read),)


def test_four_numbers_that_are_no_box_are_refused():
    message = _refused(parse, "an owl @10,20,50,80")
    assert "“an owl” is “10,20,50,80”" in message
    assert "try “0.1,0.2,0.5,0.8”" in message
    assert "“up”" in _refused(prompt, "an owl", 1, "up")
    assert "“5”" in _refused(prompt, "an owl", 1, 5)
    assert prompt("an owl", 1, None) == Prompt("an owl")


def test_picture_of_a_prompt_is_named_in_one_form():
    name = "0123456789ab"
    assert parse(f"[Picture {name.upper()}] @left :2") == (Prompt(pictured(name), 2.0, "left"),)
    assert picture_of(pictured(name)) == name
    assert picture_of("[picture 0123]") == picture_of("a cat") == ""


@pytest.mark.parametrize(("text", "try_"), [("a cat:2:-0.5", "2"), ("a dog:-1:-.95", "-1")])
def test_a_stop_is_explained(text, try_):
    with pytest.raises(InputError, match=f"has no stop.* alone, {try_}\\.$"):
        parse(text)
