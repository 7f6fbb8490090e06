"""The notes on words that a painter does not know, in a browser."""

from __future__ import annotations

import re

from helpers import settings
from pages import overflow
from playwright.sync_api import expect
from worded import MINI, boxes, field, notes, open_words

from otgen.ui import form


def test_unknown_word_is_replaced_by_a_click(shared_page):
    page = open_words(shared_page, "", "")
    box = boxes(page).first
    box.focus()
    page.keyboard.type("A catt and an  ")
    note = notes(page).first
    expect(note).to_contain_text("Not known: “catt”")
    expect(box).to_have_attribute("aria-describedby", re.compile("^note-of-row-"))
    page.keyboard.type("zeppelin, CATT")
    expect(notes(page)).to_have_count(2)  # a comma is no word
    page.get_by_role("button", name="cat, instead of catt", exact=True).click()
    expect(box).to_have_value("A cat and an zeppelin, cat")
    expect(box).to_be_focused()
    leave = page.get_by_role("button", name="leave out zeppelin", exact=True)
    leave.focus()
    page.keyboard.press("Enter")
    expect(box).to_have_value("A cat and a , cat")
    expect(box).to_be_focused()
    expect(notes(page)).to_have_count(0)
    expect(box).not_to_have_attribute("aria-describedby", re.compile(".*"))
    field(page).fill("key")
    page.keyboard.press("Enter")
    expect(box).to_have_value("A cat and a , cat and a key")


def test_prompts_typed_into_one_row_say_how_they_are_read_and_become_rows(shared_page):
    typed = "a field | a tree :2 @left|a cat @ [.1,.2,.5,.8] :3 | @home tram 12 :30"
    page = open_words(shared_page, "an owl", typed)
    page.locator("#prompts .weight").nth(1).fill("1.5")
    note = page.locator("#prompts .note").nth(1)
    expect(note).to_contain_text("Not known: “@”")  # of “@home”, a text
    expect(note).not_to_contain_text("Not known: “left”")
    expect(note).to_contain_text(
        "Read as 4 prompts: “a field” (share 1.5), “a tree” (share 3, @left), “a cat” "
        "(share 4.5, @0.1,0.2,0.5,0.8), “@home tram 12” (share 45)."
    )
    expect(boxes(page).nth(1)).to_have_value(typed)
    page.get_by_role("button", name="+ Add a prompt").focus()
    expect(boxes(page).nth(2)).to_have_value("a tree")
    rows = page.locator("#prompts .rows li").evaluate_all(
        "rows => rows.map((row) => Object.fromEntries(['text', 'weight', 'place'].map((part) =>"
        " [part, row.querySelector(`.${part}`).value])))"
    )[1:5]
    held = form.fields(settings())
    before = form.settings(held | {"prompts": [{"text": typed, "weight": "1.5"}]})
    assert form.settings(held | {"prompts": rows}).prompts == before.prompts
    for _ in range(3):
        page.get_by_role("button", name="Remove prompt 3").click()
    boxes(page).nth(1).fill("a dog | a boat :2.5x")  # no weight: as it is, and refused
    expect(note).not_to_contain_text("Read as")
    boxes(page).nth(1).fill("")


def test_lines_that_are_pasted_become_rows(shared_page):
    page = open_words(shared_page, "", "an owl")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('a cat :2\\r\\n\\n  a tree\\n')")
    boxes(page).first.focus()
    page.keyboard.press("Control+V")
    expect(boxes(page).first).to_have_value("a cat :2 | a tree")
    boxes(page).last.focus()
    expect(boxes(page)).to_have_count(3)
    expect(boxes(page).nth(1)).to_have_value("a tree")
    expect(page.get_by_label("Share of prompt 1")).to_have_value("2")


def test_weight_behind_a_text_says_how_it_is_read_and_moves_to_its_field(shared_page):
    page = open_words(shared_page, "", "")
    box, note = boxes(page).first, page.locator("#prompts .note").first
    share = page.get_by_label("Share of prompt 1")
    share.fill("1")
    box.fill("a cat :1,5 @left")
    expect(note).to_have_text(
        "Read as “a cat” (share 1.5, @left). If all is text, write @anywhere behind it."
    )
    box.blur()
    expect(box).to_have_value("a cat")
    expect(share).to_have_value("1.5")
    expect(page.get_by_label("Place of prompt 1")).to_have_value("left")
    expect(note).to_be_empty()
    page.get_by_label("Place of prompt 1").select_option("")
    for typed, read, weight in (
        ("a cat：２", "a cat", "2"),
        ("a tram 12 :30 :1", "a tram 12 :30", "1"),
    ):
        share.fill("3")
        box.fill(typed)
        expect(note).to_contain_text(f"Read as “{read}”")
        box.press("Tab")
        expect(box).to_have_value(read)
        expect(share).to_have_value(weight)
    for typed in ("a clock at 12:30", "16:9"):
        box.fill(typed)
        expect(note).not_to_contain_text("Read as")
    box.fill("a cat :1,000")
    expect(note).to_have_text(
        "“1,000” is not read as a weight: write 1.5 or 1000, without a comma."
    )
    box.fill("")


def test_article_follows_a_replaced_word(shared_page):
    page = open_words(shared_page, "a elefant with a vary aple")
    page.get_by_role("button", name="elephant, instead of elefant", exact=True).click()
    page.get_by_role("button", name="leave out vary", exact=True).click()
    expect(boxes(page).first).to_have_value("an elephant with an aple")


def test_word_that_grows_is_not_told_of_before_it_is_left(shared_page):
    page = open_words(shared_page, "", "")
    box = boxes(page).first
    box.focus()
    page.keyboard.type("TWO  Kittenz")  # which becomes unknown with its last letter
    expect(notes(page)).to_have_count(1)
    box.fill("a strawb")
    expect(notes(page)).to_have_count(0)
    box.blur()
    expect(notes(page)).to_have_count(1)
    page.get_by_role("button", name="strawberry, instead of strawb", exact=True).click()
    expect(box).to_have_value("a strawberry")
    box.fill("  A RED   Apple\tand   mice in Forests, under a star ")
    box.blur()
    expect(notes(page)).to_have_count(0)


def test_click_on_paint_is_not_missed_for_a_note(visit):
    """The note that appears as the row is left moves the button under the pointer."""
    page = open_words(visit, "", "a castl", of=MINI)
    expect(notes(page)).to_have_count(0)
    place = page.locator("#paint").bounding_box()
    page.mouse.click(place["x"] + 20, place["y"] + 3, delay=600)  # a long press
    expect(page.get_by_role("alert")).to_contain_text("does not know “castl”")
    expect(notes(page)).to_have_count(1)


def test_click_on_paint_is_not_missed_for_a_weight_that_moves(visit):
    page = open_words(visit, "a castl", of=MINI)
    boxes(page).first.fill("a castl :2")
    expect(page.locator("#prompts .note").first).to_contain_text("Read as")
    page.locator("#paint").click(delay=200)
    expect(page.get_by_role("alert")).to_contain_text("does not know “castl”")
    expect(page.get_by_label("Share of prompt 1")).to_have_value("2")


def test_text_of_a_note_is_text(shared_page):
    page = open_words(shared_page, "<img src=x onerror=alert(1)> " + "x" * 250)
    boxes(page).first.blur()
    expect(notes(page)).to_have_count(4)  # three words and how many more
    expect(notes(page).last).to_have_text(re.compile(r"and \d+ more"))
    assert page.locator("#prompts .note img").count() == 0
    assert overflow(page) <= 0
