"""Places of prompts on the page: chosen, written, painted, shown and linked."""

from __future__ import annotations

import re

import pytest
from accessible import grave
from pages import fill, overflow, paint, prompt_boxes
from playwright.sync_api import expect

from otgen.results.store import read


def test_places_are_chosen_or_written_painted_shown_and_linked(visit, server):
    page = visit(viewport={"width": 390, "height": 900})
    fill(page, "a cat", "a castle @ [.5, .1, 0.9, .8] !", seed=19)
    page.get_by_label("Place of prompt 1").select_option("left")
    expect(prompt_boxes(page).last).to_have_value("a castle")
    expect(page.get_by_label("Place of prompt 2")).to_have_value("0.5,0.1,0.9,0.8!")
    assert overflow(page) <= 0
    assert grave(page) == []
    paint(page)
    expect(page.locator("#line")).to_contain_text("Painted")
    saved = read(server.store / page.url[-12:])
    assert [prompt.place for prompt in saved.settings.prompts] == ["left", "0.5,0.1,0.9,0.8!"]
    expect(page.locator("#stage .legend li").last).to_have_text(
        "a castle @0.5,0.1,0.9,0.8 strictly"
    )
    frame, *outlines = page.evaluate(
        "[document.querySelector('.lane .frame'), ...document.querySelectorAll('.frame .place')]"
        ".map((part) => part.getBoundingClientRect().toJSON())"
    )
    assert len(outlines) == 4
    parts = [(outlines[1][side] - frame[side]) / frame["width"] for side in ("left", "top")]
    assert parts == pytest.approx([0.5, 0.1], abs=0.01)
    said = page.locator("#stage .avoided")
    expect(said.first).to_have_text(re.compile(r"^In place: a cat (\d+%|not to be seen), a castle"))
    expect(said.last).to_have_text(re.compile(r"^In place \(this loss ignores places\): a cat"))
    link = page.get_by_role("button", name="Copy recipe link").get_attribute("data-query")
    again = visit(f"?{link}")
    expect(again.get_by_label("Place of prompt 2")).to_have_value("0.5,0.1,0.9,0.8!")
    expect(again.get_by_label("Place of prompt 1")).to_have_value("left")


def test_box_is_drawn_with_a_pointer_and_the_arrow_keys(shared_page):
    page = shared_page()
    fill(page, "a cat", "a castle")
    place = page.get_by_label("Place of prompt 1")
    place.select_option("draw")
    drawing = page.get_by_role("dialog", name="Where “a cat” belongs")
    use, said = drawing.get_by_role("button", name="Use this box"), drawing.locator(".numbers")
    expect(use).to_be_disabled()
    expect(drawing.get_by_role("application", name="Box of prompt 1")).to_be_focused()
    pad = drawing.locator(".pad").bounding_box()

    def drag(*points: tuple[float, float]) -> None:
        ends = [(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"]) for x, y in points]
        page.mouse.move(*ends[0])
        page.mouse.down()
        page.mouse.move(*ends[1])
        page.mouse.up()

    drag((0.5, 0.8), (0.1, 0.2))
    expect(said).to_have_text("10 % to 50 % across, 20 % to 80 % down")
    drag((0.3, 0.5), (0.4, 0.4))  # inside: it moves
    expect(said).to_have_text("20 % to 60 % across, 10 % to 70 % down")
    drag((0.6, 0.7), (0.9, 0.6))  # a corner
    expect(said).to_have_text("20 % to 90 % across, 10 % to 60 % down")
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowLeft", "Shift+ArrowUp"):
        page.keyboard.press(key)
    expect(said).to_have_text("21 % to 90 % across, 11 % to 60 % down")
    assert grave(page) == []
    drawing.get_by_label("strictly there").check()
    use.click()
    expect(place).to_have_value("0.21,0.11,0.9,0.6!")
    expect(place).to_be_focused()
    place.select_option("draw")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Escape")
    expect(drawing).to_be_hidden()
    expect(place).to_have_value("0.21,0.11,0.9,0.6!")
    second = page.get_by_label("Place of prompt 2")
    second.select_option("draw")
    page.keyboard.press("ArrowRight")  # no box yet: the middle
    page.keyboard.press("Enter")
    expect(second).to_have_value("centre")


def test_text_with_an_at_stays_text_and_a_negative_row_has_no_place(shared_page):
    page = shared_page()
    for place in page.locator("#prompts .place").all():
        place.select_option("")
    fill(page, "a cat @home", "a dog")
    page.locator("#prompts .weight").last.fill("-1")
    expect(prompt_boxes(page).first).to_have_value("a cat @home")
    expect(page.get_by_label("Place of prompt 1")).to_have_value("")
    expect(page.locator("#prompts .place").last).to_be_disabled()
