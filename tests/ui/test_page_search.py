"""The search for a word under the prompts, in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from worded import boxes, field, open_words, options

from otgen.ui.vocabulary import worlds


def test_word_is_found_and_picked_by_keyboard(visit):
    page = open_words(visit, "", "a house")
    box, listed, status = field(page), options(page), page.locator("#prompts .said")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_attribute("aria-controls", "found-words")
    box.focus()
    page.keyboard.type("red ca")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(listed.first).to_contain_text("red cat")
    expect(listed.first).to_have_attribute("aria-selected", "true")
    expect(status).to_have_text(re.compile(r"^\d+ words$"))
    expect(box).to_have_attribute("aria-activedescendant", "found-word-0")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "found-word-1")
    expect(listed.nth(1)).to_have_attribute("aria-selected", "true")
    expect(listed.nth(0)).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # from the first to the last
    expect(listed.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#prompts .found")).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile(".*"))
    expect(box).to_have_value("red ca")
    page.keyboard.type("r")
    page.keyboard.press("Enter")
    expect(boxes(page).first).to_have_value("")  # the row that was last typed in is asked
    expect(boxes(page).nth(1)).to_have_value("a house and a red car")
    expect(status).to_have_text("Prompt 2: a house and a red car")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    count = sum(map(len, worlds()["storybook"]["kinds"].values()))
    expect(listed).to_have_count(count)
    expect(page.locator("#message")).not_to_contain_text("prompt")  # Enter painted nothing


# What is typed, the first word found, and how many; two that follow each other find other words.
SEARCHES = (
    ("Dragon", "dragon", "1 word"),
    ("kitten", "cat", "1 word"),
    ("mice", "mouse", "1 word"),
    ("automobiles", "car", "1 word"),
    ("the sea", "ocean", "2 words"),
    ("a violet  elephant", "purple elephant", "1 word"),
    ("animals", "cat", "39 words"),
    ("zeppelin", None, "No word like this. The kinds below hold all there are."),
    ("elefant", "elephant", "No such word; these come near."),
    ("<img src=x>", None, "No word like this. The kinds below hold all there are."),
    ("red elefant", "red elephant", "No such word; these come near."),
)


def test_search_answers_by_name_other_word_plural_colour_and_kind_and_a_click_picks(visit):
    page = open_words(visit)
    field(page).fill("owl")
    options(page).first.click()
    expect(boxes(page)).to_have_count(3)
    expect(boxes(page).last).to_have_value("an owl")  # a click picks it, for a free row
    field(page).fill("forest")
    options(page).first.click()
    expect(boxes(page).last).to_have_value("an owl in a forest")
    for typed, first, count in SEARCHES:
        field(page).fill(typed)
        if first:
            expect(options(page).first.locator(".what")).to_have_text(first)
        else:
            expect(options(page)).to_have_count(0)
        expect(page.locator("#prompts .count")).to_have_text(count)
