"""The words under the prompts of a page, as several tests use them."""

from __future__ import annotations

from pages import advanced
from playwright.sync_api import expect

# Painter and encoder.
STORYBOOK = ("storybook", "storybook-clip")
MINI = ("diffusion-mini", "clip-mini")
FULL = ("vqgan-imagenet", "clip-vit-b32")


def boxes(page):
    return page.locator("#prompts .rows .text")


def texts(page) -> list[str]:
    return [box.input_value() for box in boxes(page).all()]


def notes(page):
    return page.locator("#prompts .note p")


def field(page):
    return page.get_by_role("combobox", name="Find a word")


def options(page):
    return page.locator("#found-words [role=option]")


def tabs(page):
    return page.locator("#prompts").get_by_role("tab")


def wait_for_words(page) -> None:
    """Wait until the page's load is over, which may fill the form: the gauge comes with it."""
    advanced(page)
    expect(page.locator("#gauge")).to_contain_text("ε")


def follow(page, painter: str, encoder: str) -> None:
    """Let the words follow a painter, as the form does when one is chosen."""
    page.locator("#prompts .words").evaluate(
        "(words, detail) => words.dispatchEvent(new CustomEvent('follow', { detail }))",
        {"painter": painter, "encoder": encoder},
    )


def open_words(visit, *prompts: str, of: tuple[str, str] = STORYBOOK, **options):
    """Open the page with a painter's words and these prompts in its first rows."""
    page = visit(**options)
    wait_for_words(page)
    follow(page, *of)
    for box, prompt in zip(boxes(page).all(), prompts, strict=False):
        box.fill(prompt)
    return page
