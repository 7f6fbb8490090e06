"""Negative prompts on the page: rows of their own kind, and what a result says of them."""

from __future__ import annotations

import re

from accessible import grave
from pages import fill, overflow, paint, prompt_boxes
from playwright.sync_api import expect

from otgen.recipe.prompts import Prompt
from otgen.results.store import read


def _avoid(page, text: str) -> None:
    page.get_by_role("button", name="+ Not this").click()
    prompt_boxes(page).last.fill(text)


def test_negative_row_is_painted_linked_and_filled_again(visit, server):
    page = visit()
    fill(page, "a cat", "a castle", seed=17)
    _avoid(page, "a dog")
    expect(prompt_boxes(page).last).to_have_attribute("aria-label", "Not this, row 3")
    paint(page)
    expect(page.locator("#line")).to_contain_text("Painted")
    saved = read(server.store / page.url[-12:])
    assert saved.settings.negative == (Prompt("a dog"),)
    counted = saved.numbers["ot"]["avoided"][0]
    said = page.locator("#stage .avoided").first
    expect(said).to_have_text(f"Not wanted: a dog in {counted} of 4 cutouts")
    pictured = re.compile("^Optimal transport: a cat, a castle; without a dog")
    expect(page.locator("#stage img").first).to_have_attribute("alt", pictured)
    expect(page.locator("#stage .legend .not")).to_have_text("not a dog")
    link = page.get_by_role("button", name="Copy recipe link").get_attribute("data-query")
    again = visit(f"?{link}")
    expect(prompt_boxes(again)).to_have_count(3)
    expect(again.locator("#prompts .weight").last).to_have_value("-1")


def test_negative_rows_take_no_colour_and_one_prompt_stays(visit):
    page = visit()
    fill(page, "a cat", "a castle")
    page.locator("#prompts .weight").first.fill("-2")
    rows = page.locator("#prompts .rows li")
    expect(rows.first).to_have_class(re.compile("negative"))
    assert "#" not in rows.first.evaluate("row => row.style.getPropertyValue('--dot')")
    expect(page.get_by_role("button", name="Remove prompt 2")).to_be_disabled()
    expect(page.get_by_role("button", name="Remove prompt 1")).to_be_enabled()


def test_negative_rows_fit_and_can_be_reached(visit):
    page = visit()
    _avoid(page, "a dog")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0
        assert grave(page) == []
