"""More lanes than two on the page: added in the form, kept by links, chosen for the slider."""

from __future__ import annotations

import re

from pages import QUICK, fill, overflow
from playwright.sync_api import expect

from otgen.recipe.codec import from_query, to_query
from otgen.recipe.lanes import COUPLINGS
from otgen.results.store import read

LANES = ("ot", "mean", "ot@0.01")


def add_lane(page, text: str) -> None:
    field = page.locator("#lanes input")
    field.fill(text)
    field.press("Enter")
    expect(page.locator("#lanes")).to_contain_text(text)


def test_lane_of_ones_own_is_painted_and_the_slider_takes_any_two(visit, server):
    page = visit(viewport={"width": 390, "height": 844})
    fill(page, "a cat", "a castle", steps=2, painter=QUICK)
    add_lane(page, "ot@0.01")
    page.get_by_role("button", name="Paint", exact=True).click()
    page.wait_for_url(re.compile(r"\?run=[0-9a-f]{12}$"))
    expect(page.locator("#stage .lane h2").last).to_have_text("OT, ε 0.01")
    page.locator("#explain").get_by_role("tab").first.wait_for()
    settings = read(server.store / page.url[-12:]).settings
    assert settings.lanes == LANES
    assert from_query({"prompts": "a cat", "lanes": ",".join(LANES)}).settings.lanes == LANES

    page.get_by_text("Compare with a slider").click()
    left, right = (page.locator("select.side").nth(side) for side in (0, 1))
    under, over = (page.locator(".over-under img").nth(place) for place in (0, 1))
    right.select_option(label="OT, ε 0.01")
    expect(under).to_have_attribute("src", re.compile(r"/ot-0\.01\.png"))
    expect(over).to_have_attribute("src", re.compile(r"/ot\.png"))
    slider = page.get_by_label("How much of Optimal transport is laid over OT, ε 0.01")
    expect(slider).to_be_visible()
    left.select_option(label="OT, ε 0.01")  # the two change places
    expect(right).to_have_value("ot")
    expect(over).to_have_attribute("src", re.compile(r"/ot-0\.01\.png"))
    expect(under).to_have_attribute("src", re.compile(r"/ot\.png"))
    page.locator("#scrub").focus()
    page.keyboard.press("Home")
    expect(over).to_have_attribute("src", re.compile(r"frame-ot-0\.01\.webp.*moment=0"))
    left.select_option(label="Mean of distances")
    expect(over).to_have_attribute("src", re.compile(r"frame-mean\.webp.*moment=0"))
    for picture in (over, under):
        picture.evaluate("image => image.decode()")
    assert overflow(page) <= 0

    page = visit(f"?{to_query(settings)}")
    expect(page.locator("#message")).to_contain_text("settings are in the form")
    assert "can't hold" not in page.locator("#message").inner_text()
    page.get_by_role("button", name="Advanced").click()
    expect(page.locator("#lanes")).to_contain_text("ot@0.01")
    page.get_by_text("What each loss does").click()
    expect(page.locator("#losses dt")).to_have_count(len(COUPLINGS))
    expect(page.locator("#losses dd").last).to_be_visible()
    page.locator("#lanes input").click()
    page.get_by_role("option", name="Unbalanced OT, τ 0.97").click()
    expect(page.locator("#lanes")).to_contain_text("Unbalanced OT, τ 0.97")


def test_lane_that_is_none_is_refused_with_what_to_try(visit):
    page = visit()
    fill(page, "a cat", "a castle", steps=2)
    add_lane(page, "sharp")
    page.get_by_role("button", name="Paint", exact=True).click()
    expect(page.locator("#message")).to_contain_text("There is no lane “sharp”")
    expect(page.locator("#message")).to_contain_text("try ot@0.01")
