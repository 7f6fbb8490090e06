"""Numbers that a form is filled with, in a real browser: shown and painted as they are."""

from __future__ import annotations

import json

import pytest
from kept import kept
from pages import advanced, drop, paint, prompt_boxes
from playwright.sync_api import expect

from otgen.recipe.codec import VERSION, to_query
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.run.plan import plan

# None of these is a stop of the dial, or has few digits.
ODD = Settings(
    prompts=(Prompt("a cat", 1.23456789), Prompt("a castle", 1 / 3)),
    generator="diffusion-mini",
    steps=1,
    cutouts=3,
    epsilon=0.0123456789,
    seed=4294967295,
    guidance=0.123456789,
)


@pytest.fixture
def known(server) -> str:
    """Keep a result of these settings, which an exact form finds and no other does; its id."""
    run = plan(ODD).id
    kept(server.store, run, settings=ODD.as_dict())
    return run


@pytest.mark.parametrize("source", ["link", "file", "gallery"])
def test_numbers_from_outside_are_shown_and_painted_as_they_are(visit, known, source):
    page = visit(f"?{to_query(ODD)}" if source == "link" else "")
    if source == "file":
        recipe = {"version": VERSION, "settings": ODD.as_dict()}
        drop(page, json.dumps(recipe).encode(), "result.json")
    elif source == "gallery":
        page.locator(f'.kept[data-run="{known}"]').get_by_text("Use these settings").click()
    expect(page.locator("#message")).to_contain_text("settings are in the form")
    expect(page.locator("#message p")).to_have_count(1)  # nothing that the form can't hold
    advanced(page)
    expect(page.locator("#gauge")).to_contain_text("ε 0.0123456789")
    expect(page.get_by_label("Guidance", exact=True)).to_have_value("0.123456789")
    expect(page.get_by_label("Seed", exact=True)).to_have_value("4294967295")
    weights = page.locator("#prompts .rows .weight")
    assert [box.input_value() for box in weights.all()] == ["1.23456789", "0.3333333333333333"]
    assert [box.input_value() for box in prompt_boxes(page).all()] == ["a cat", "a castle"]
    paint(page)
    expect(page.locator("#line .line")).to_have_attribute("data-run", known)


def test_dial_changes_epsilon_once_it_is_moved(visit):
    page = visit("?prompts=a+cat&epsilon=0.005")
    advanced(page)
    gauge, dial = page.locator("#gauge"), page.get_by_label("From sharp to Mean")
    expect(gauge).to_have_text("ε 0.005sharp")
    dial.focus()
    for key, said in {
        "ArrowRight": "ε 0.0051sharp",
        "Home": "ε 0.001sharp",
        "End": "ε 1000in effect the Mean",
    }.items():
        page.keyboard.press(key)
        expect(gauge).to_have_text(said)
    expect(dial).to_have_attribute("aria-valuetext", "epsilon 1000, in effect the Mean")
