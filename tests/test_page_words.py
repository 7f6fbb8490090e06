"""The words under the prompts in a browser: found, picked, drawn by chance, and those not known."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from test_page import overflow, prompt_boxes

from otgen.ui.vocabulary import worlds

STORYBOOK = ("storybook", "storybook-clip")
MINI = ("diffusion-mini", "clip-mini")
FULL = ("vqgan-imagenet", "clip-vit-b32")


def follow(page, painter: str, encoder: str) -> None:
    """Let the words follow a painter, as the form does when one is chosen."""
    page.locator("#prompts .words").evaluate(
        "(words, detail) => words.dispatchEvent(new CustomEvent('follow', { detail }))",
        {"painter": painter, "encoder": encoder},
    )


def loaded(page) -> None:
    """Wait until the page's load is over, which may fill the form: the gauge comes with it."""
    page.get_by_role("button", name="Advanced").click()
    expect(page.locator("#gauge")).to_contain_text("ε")


@pytest.fixture
def open_words(visit):
    """Return a function that opens the page with a painter's words and these prompts."""

    def opened(*prompts: str, of: tuple[str, str] = STORYBOOK, **options):
        page = visit(**options)
        loaded(page)
        follow(page, *of)
        for box, prompt in zip(prompt_boxes(page).all(), prompts, strict=False):
            box.fill(prompt)
        return page

    return opened


def field(page):
    return page.get_by_role("combobox", name="Find a word")


def options(page):
    return page.locator("#found-words [role=option]")


def texts(page) -> list[str]:
    return [box.input_value() for box in prompt_boxes(page).all()]


def notes(page):
    return page.locator("#prompts .note p")


def test_word_is_found_and_picked_by_keyboard(open_words):
    page = open_words("", "a house")
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
    expect(prompt_boxes(page).first).to_have_value("")  # the row that was last typed in is asked
    expect(prompt_boxes(page).nth(1)).to_have_value("a house and a red car")
    expect(status).to_have_text("Prompt 2: a house and a red car")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    count = sum(map(len, worlds()["storybook"]["kinds"].values()))
    expect(listed).to_have_count(count)
    expect(page.locator("#message")).not_to_contain_text("prompt")  # Enter painted nothing


@pytest.mark.parametrize(
    ("typed", "first", "count"),
    [
        ("Dragon", "dragon", "1 word"),
        ("kitten", "cat", "1 word"),
        ("mice", "mouse", "1 word"),
        ("automobiles", "car", "1 word"),
        ("the sea", "ocean", "2 words"),
        ("a violet  elephant", "purple elephant", "1 word"),
        ("animals", "cat", "39 words"),
        ("elefant", "elephant", "No such word; these come near."),
        ("red elefant", "red elephant", "No such word; these come near."),
        ("zeppelin", None, "No word like this. The kinds below hold all there are."),
        ("<img src=x>", None, "No word like this. The kinds below hold all there are."),
    ],
)
def test_search_answers_by_name_other_word_plural_colour_and_kind(open_words, typed, first, count):
    page = open_words()
    field(page).fill(typed)
    expect(page.locator("#prompts .count")).to_have_text(count)
    if first:
        expect(options(page).first.locator(".what")).to_have_text(first)
    else:
        expect(options(page)).to_have_count(0)


def test_option_is_picked_by_a_click_for_a_free_row(open_words):
    page = open_words()
    field(page).fill("owl")
    options(page).first.click()
    expect(prompt_boxes(page)).to_have_count(3)
    expect(prompt_boxes(page).last).to_have_value("an owl")
    field(page).fill("forest")
    options(page).first.click()
    expect(prompt_boxes(page).last).to_have_value("an owl in a forest")


def test_kinds_are_tabs_and_their_words_one_stop(open_words):
    page = open_words("")
    tab = page.locator("#prompts").get_by_role("tab")
    expect(tab).to_have_count(9)
    expect(page.locator("#prompts").get_by_role("tab", selected=True)).to_have_text("Animals")
    expect(page.locator("#prompts .chips .chip")).to_have_count(39)
    tab.first.focus()
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
    expect(prompt_boxes(page).first).to_have_value("an orange bus")


def test_words_compose_a_prompt(open_words):
    page = open_words("", "a house", of=MINI)
    prompt_boxes(page).first.focus()

    def pick(kind: str, name: str) -> None:
        page.locator("#prompts").get_by_role("tab", name=kind).click()
        page.locator("#prompts .chips").get_by_role("button", name=name, exact=True).click()

    for kind, name in (("Things", "cat"), ("Places", "forest"), ("Styles", "watercolour")):
        pick(kind, name)
    expect(prompt_boxes(page).first).to_have_value("a watercolour of a cat in a forest")
    pick("Styles", "pixel art")
    expect(prompt_boxes(page).first).to_have_value("pixel art of a cat in a forest")
    prompt_boxes(page).nth(1).focus()
    pick("Things", "tree")
    expect(prompt_boxes(page).nth(1)).to_have_value("a house and a tree")


def test_words_follow_the_painter_and_prompts_stay(open_words):
    page = open_words("a dragon", "a catt", of=MINI)
    prompt_boxes(page).nth(1).blur()
    words, tabs = page.locator("#prompts .words"), page.locator("#prompts .kinds")
    expect(tabs).to_have_text("ThingsPlacesStyles")
    expect(notes(page)).to_have_count(2)
    for painter, listed, noted in ((STORYBOOK, 9, 1), (FULL, 9, 0), (MINI, 3, 2)):
        follow(page, *painter)
        expect(notes(page)).to_have_count(noted)
        assert words.is_visible() == (painter != FULL)
        assert page.get_by_role("button", name="Surprise me").is_visible() == (painter != FULL)
        if painter != FULL:
            expect(page.locator("#prompts").get_by_role("tab")).to_have_count(listed)
        assert texts(page) == ["a dragon", "a catt"]


def test_choosing_a_painter_in_the_form_changes_the_words(visit):
    page = visit()
    loaded(page)
    prompt_boxes(page).first.fill("a zeppelin")
    prompt_boxes(page).first.blur()
    expect(notes(page)).to_have_count(1)
    for title, shown in (("VQGAN, ImageNet", False), ("VQGAN, mini", True)):
        page.locator("#painter input").click()
        page.get_by_role("option", name=title).click()
        expect(page.locator("#prompts .words")).to_be_visible(visible=shown)
        expect(notes(page)).to_have_count(int(shown))
    expect(page.locator("#prompts .kinds")).to_have_text("ThingsPlacesStyles")
    expect(prompt_boxes(page).first).to_have_value("a zeppelin")


@pytest.mark.parametrize("of", [STORYBOOK, MINI])
def test_surprise_fills_the_rows_and_goes_back(open_words, of):
    page = open_words("my own words", "a house", of=of)
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
        assert notes(page).count() == 0
    assert len({tuple(prompts) for prompts in seen}) == 13
    for before in reversed(seen[:-1]):
        undo.click()
        assert texts(page) == before
    expect(undo).to_be_hidden()
    expect(surprise).to_be_focused()
    redo.click()
    assert texts(page) == seen[1]


def test_what_was_typed_after_a_surprise_comes_back_too(open_words):
    page = open_words("my own words")
    page.get_by_role("button", name="Surprise me").click()
    prompt_boxes(page).first.fill("a dragon of mine")
    page.locator("#prompts .undo").click()
    expect(prompt_boxes(page).first).to_have_value("my own words")
    page.locator("#prompts .redo").click()
    expect(prompt_boxes(page).first).to_have_value("a dragon of mine")


def test_what_fills_the_form_ends_the_way_back(open_words):
    page = open_words("my own words")
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator("#prompts .undo")).to_be_visible()
    page.locator("#examples .card").first.click()
    expect(prompt_boxes(page).first).to_have_value("a fish in the ocean")
    expect(page.locator("#prompts .undo")).to_be_hidden()


def test_unknown_word_is_replaced_by_a_click(open_words):
    page = open_words("", "")
    box = prompt_boxes(page).first
    box.focus()
    page.keyboard.type("A catt and an  ")
    note = notes(page).first
    expect(note).to_contain_text("Not known: “catt”")
    expect(box).to_have_attribute("aria-describedby", re.compile("^note-of-row-"))
    page.keyboard.type("zeppelin, CATT")
    expect(notes(page)).to_have_count(3)
    page.get_by_role("button", name="cat, instead of catt", exact=True).click()
    expect(box).to_have_value("A cat and an zeppelin, cat")
    expect(box).to_be_focused()
    page.get_by_role("button", name="and, instead of ,", exact=True).click()
    expect(box).to_have_value("A cat and an zeppelin and cat")
    leave = page.get_by_role("button", name="leave out zeppelin", exact=True)
    leave.focus()
    page.keyboard.press("Enter")
    expect(box).to_have_value("A cat and an and cat")
    expect(box).to_be_focused()
    expect(notes(page)).to_have_count(0)
    expect(box).not_to_have_attribute("aria-describedby", re.compile(".*"))
    field(page).fill("key")
    page.keyboard.press("Enter")
    expect(box).to_have_value("A cat and an and cat and a key")


def test_article_follows_a_replaced_word(open_words):
    page = open_words("a elefant with a vary aple")
    page.get_by_role("button", name="elephant, instead of elefant", exact=True).click()
    page.get_by_role("button", name="leave out vary", exact=True).click()
    expect(prompt_boxes(page).first).to_have_value("an elephant with an aple")


def test_word_that_grows_is_not_told_of_before_it_is_left(open_words):
    page = open_words("", "")
    box = prompt_boxes(page).first
    box.focus()
    page.keyboard.type("TWO  Kittens")  # which becomes unknown with its last letter
    expect(notes(page)).to_have_count(1)
    box.fill("a strawb")
    expect(notes(page)).to_have_count(0)
    box.blur()
    expect(notes(page)).to_have_count(1)
    page.get_by_role("button", name="strawberry, instead of strawb", exact=True).click()
    expect(box).to_have_value("a strawberry")
    box.fill("  A RED   Apple\tand   mice ")
    box.blur()
    expect(notes(page)).to_have_count(0)


def test_click_on_paint_is_not_missed_for_a_note(open_words):
    """The note that appears as the row is left moves the button under the pointer."""
    page = open_words("", "a castl", of=MINI)
    expect(notes(page)).to_have_count(0)
    place = page.locator("#paint").bounding_box()
    page.mouse.move(place["x"] + 20, place["y"] + place["height"] - 3)
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("alert")).to_contain_text("does not know “castl”")
    expect(notes(page)).to_have_count(1)


def test_text_of_a_note_is_text(open_words):
    page = open_words("<img src=x onerror=alert(1)> " + "x" * 250)
    prompt_boxes(page).first.blur()
    expect(notes(page)).to_have_count(4)  # three words and how many more
    expect(notes(page).last).to_have_text(re.compile(r"and \d+ more"))
    assert page.locator("#prompts .note img").count() == 0
    assert overflow(page) <= 0


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_fit_and_axe_finds_nothing_grave(open_words, width, theme):
    page = open_words(
        "a dragonn in a forrest, happy",
        path=f"?__theme={theme}",
        viewport={"width": width, "height": 844},
    )
    page.get_by_role("button", name="Surprise me").click()
    page.locator("#prompts .undo").click()
    page.get_by_role("button", name="Surprise me").click()
    page.locator("#prompts .undo").click()
    expect(notes(page)).to_have_count(4)
    before = page.locator("#paint").bounding_box()["y"]
    for tab in page.locator("#prompts").get_by_role("tab").all():
        tab.click()
        assert overflow(page) <= 0
        assert page.locator("#paint").bounding_box()["y"] == before  # nothing below moves
    field(page).fill("c")
    expect(options(page).first).to_be_visible()
    assert overflow(page) <= 0
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("critical", "serious")
        for node in rule["nodes"]
    ]
    assert grave == []
