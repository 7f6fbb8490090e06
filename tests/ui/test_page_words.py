"""The words under the prompts by kind, the painter's own, and drawn by chance; in a browser."""

from __future__ import annotations

import pytest
from accessible import grave
from pages import overflow
from playwright.sync_api import expect
from worded import (
    FULL,
    MINI,
    STORYBOOK,
    boxes,
    field,
    follow,
    notes,
    open_words,
    options,
    tabs,
    texts,
    wait_for_words,
)

from otgen.ui.vocabulary import worlds


def test_kinds_are_tabs_and_their_words_one_stop(visit):
    page = open_words(visit, "")
    expect(tabs(page)).to_have_count(9)
    expect(page.locator("#prompts").get_by_role("tab", selected=True)).to_have_text("Animals")
    expect(page.locator("#prompts .chips .chip")).to_have_count(39)
    tabs(page).first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#prompts").get_by_role("tab", name="Plants")).to_have_attribute(
        "aria-selected", "true"
    )
    expect(page.locator("#prompts").get_by_role("tabpanel", name="Plants")).to_contain_text(
        "sunflower"
    )
    page.keyboard.press("End")
    expect(page.locator("#prompts").get_by_role("tab", name="Colours")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="red", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#prompts .said")).to_have_text("Prompt 1: an orange")
    page.locator("#prompts").get_by_role("tab", name="Vehicles").click()
    page.get_by_role("button", name="bus", exact=True).click()
    expect(boxes(page).first).to_have_value("an orange bus")


def test_words_compose_a_prompt(visit):
    page = open_words(visit, "", "a house", of=MINI)
    boxes(page).first.focus()

    def pick(kind: str, name: str) -> None:
        page.locator("#prompts").get_by_role("tab", name=kind).click()
        page.locator("#prompts .chips").get_by_role("button", name=name, exact=True).click()

    for kind, name in (("Things", "cat"), ("Places", "forest"), ("Styles", "watercolour")):
        pick(kind, name)
    expect(boxes(page).first).to_have_value("a watercolour of a cat in a forest")
    pick("Styles", "pixel art")
    expect(boxes(page).first).to_have_value("pixel art of a cat in a forest")
    boxes(page).nth(1).focus()
    pick("Things", "tree")
    expect(boxes(page).nth(1)).to_have_value("a house and a tree")


def test_words_follow_the_painter_and_prompts_stay(visit):
    page = open_words(visit, "a dragon", "a catt", of=MINI)
    boxes(page).nth(1).blur()
    words, kinds = page.locator("#prompts .words"), page.locator("#prompts .kinds")
    expect(kinds).to_have_text("ThingsPlacesStyles")
    expect(notes(page)).to_have_count(2)
    for painter, listed, noted in ((STORYBOOK, 9, 1), (FULL, 9, 0), (MINI, 3, 2)):
        follow(page, *painter)
        expect(notes(page)).to_have_count(noted)
        assert words.is_visible() == (painter != FULL)
        assert page.get_by_role("button", name="Surprise me").is_visible() == (painter != FULL)
        if painter != FULL:
            expect(tabs(page)).to_have_count(listed)
        assert texts(page) == ["a dragon", "a catt"]


def test_choosing_a_painter_in_the_form_changes_the_words(visit):
    page = visit()
    wait_for_words(page)
    boxes(page).first.fill("a zeppelin")
    boxes(page).first.blur()
    expect(notes(page)).to_have_count(1)
    for title, shown in (("VQGAN, ImageNet", False), ("VQGAN, mini", True)):
        page.locator("#painter input").click()
        page.get_by_role("option", name=title).click()
        expect(page.locator("#prompts .words")).to_be_visible(visible=shown)
        expect(notes(page)).to_have_count(int(shown))
    expect(page.locator("#prompts .kinds")).to_have_text("ThingsPlacesStyles")
    expect(boxes(page).first).to_have_value("a zeppelin")


@pytest.mark.parametrize("of", [STORYBOOK, MINI])
def test_surprise_fills_the_rows_and_goes_back(visit, of):
    page = open_words(visit, "my own words", "a house", of=of)
    undo, redo = page.locator("#prompts .undo"), page.locator("#prompts .redo")
    surprise = page.get_by_role("button", name="Surprise me")
    expect(undo).to_be_hidden()
    typed, known = texts(page), set(worlds()[of[0] if of == STORYBOOK else "mini"]["known"])
    seen = [typed]
    for _ in range(12):
        surprise.click()
        expect(page.locator("#prompts .said")).to_contain_text(" prompts: ")
        seen.append(texts(page))
        assert len(seen[-1]) in (2, 3)
        assert set(" ".join(seen[-1]).split()) <= known
        expect(notes(page)).to_have_count(0)
        assert seen[-1] != seen[-2]
    for before in reversed(seen[:-1]):
        undo.click()
        assert texts(page) == before
    expect(undo).to_be_hidden()
    expect(surprise).to_be_focused()
    redo.click()
    assert texts(page) == seen[1]


def test_what_was_typed_after_a_surprise_comes_back_until_the_form_is_filled(visit):
    page = open_words(visit, "my own words")
    page.get_by_role("button", name="Surprise me").click()
    boxes(page).first.fill("a dragon of mine")
    page.locator("#prompts .undo").click()
    expect(boxes(page).first).to_have_value("my own words")
    page.locator("#prompts .redo").click()
    expect(boxes(page).first).to_have_value("a dragon of mine")
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator("#prompts .undo")).to_be_visible()
    page.locator("#examples .card").first.click()
    expect(boxes(page).first).to_have_value("a fish in the ocean")
    expect(page.locator("#prompts .undo")).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_fit_and_axe_finds_nothing_grave(visit, theme):
    page = open_words(visit, "a dragonn in a forrest, happy elefant", path=f"?__theme={theme}")
    page.get_by_role("button", name="Surprise me").click()
    page.locator("#prompts .undo").click()
    page.get_by_role("button", name="Surprise me").click()
    page.locator("#prompts .undo").click()
    expect(notes(page)).to_have_count(4)
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        tabs(page).first.click()
        before = page.locator("#paint").bounding_box()["y"]
        for tab in tabs(page).all():
            tab.click()
            assert overflow(page) <= 0
            assert page.locator("#paint").bounding_box()["y"] == before  # nothing below moves
        field(page).fill("c")
        expect(options(page).first).to_be_visible()
        assert overflow(page) <= 0
        assert grave(page) == []
        field(page).fill("")
