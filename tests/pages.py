"""What tests do on the page, and what they see there."""

from __future__ import annotations

import base64

from playwright.sync_api import expect

from otgen.painters.catalogue import GENERATORS

QUICK = "vqgan-mini"  # paints in a fifth of the default painter's time, for what any will do
STEPS_OF_A_SHORT_RUN = 3


def prompt_boxes(page):
    return page.locator("#prompts .rows .text")


def fill(
    page,
    *prompts: str,
    steps: int = STEPS_OF_A_SHORT_RUN,
    cutouts: int = 4,
    seed: int = 1234,
    painter: str = "",
) -> None:
    """Choose a painter, or leave it, and type prompts and settings, as a person would."""
    if painter:
        choose(page, GENERATORS[painter].title)
        # Its own settings are in the form with its card: they would replace what was typed before.
        expect(page.locator("#card")).to_contain_text(GENERATORS[painter].summary)
    while prompt_boxes(page).count() < len(prompts):
        page.get_by_role("button", name="+ Add a prompt").click()
    for box, prompt in zip(prompt_boxes(page).all(), prompts, strict=True):
        box.fill(prompt)
    page.get_by_label("Seed", exact=True).fill(str(seed))
    advanced(page)
    page.get_by_label("Steps", exact=True).fill(str(steps))
    page.get_by_label("Cutouts", exact=True).fill(str(cutouts))
    page.get_by_label("Cutouts", exact=True).blur()


def paint(page) -> None:
    page.get_by_role("button", name="Paint", exact=True).click()


def sizes(page) -> list[int]:
    """Return the natural widths of the pictures on the stage, once they are decoded."""
    return page.evaluate(
        "async () => { const pictures = [...document.querySelectorAll('#stage img')];"
        " await Promise.all(pictures.map((picture) => picture.decode()));"
        " return pictures.map((picture) => picture.naturalWidth); }"
    )


def overflow(page) -> int:
    """Return the pixels by which the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


DROP = """([data, name]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name));
  const event = { bubbles: true, cancelable: true, dataTransfer: carried };
  document.querySelector("#stage").dispatchEvent(new DragEvent("dragover", event));
  const veiled = !document.querySelector(".veil").hidden;
  document.querySelector("#stage").dispatchEvent(new DragEvent("drop", event));
  return veiled;
}"""


def drop(page, data: bytes, name: str) -> None:
    """Drop a file on the pictures, as a person would; the page must have said that it may be."""
    assert page.evaluate(DROP, [base64.b64encode(data).decode(), name])
    expect(page.locator(".veil")).to_be_hidden()


def choose(page, title: str) -> None:
    page.get_by_label("Painter", exact=True).click()
    page.get_by_role("option", name=title).click()


def advanced(page) -> None:
    """Open the settings under Advanced, if they are not."""
    if not page.get_by_label("Steps", exact=True).is_visible():
        page.get_by_role("button", name="Advanced").click()
    page.get_by_label("Steps", exact=True).wait_for()
    settled(page)


def settled(page) -> None:
    """Wait until the fields under Advanced keep what is typed; see ``ui.dial``."""
    expect(page.get_by_label("From sharp to Mean")).to_be_enabled()


# Notes at every frame which runs' pictures and lines are in sight, and the first prompt.
WATCH = """
window.seen = { runs: new Set(), prompts: new Set() };
const inSight = (element) => element?.checkVisibility({ visibilityProperty: true });
const look = () => {
  for (const picture of document.querySelectorAll("#stage .frame img"))
    if (inSight(picture)) seen.runs.add(picture.getAttribute("src").split("/")[1]);
  const line = document.querySelector("#line .line");
  if (inSight(line)) seen.runs.add(line.dataset.run);
  if (inSight(document.querySelector("#stop"))) seen.runs.add("a button to stop it");
  const prompt = document.querySelector("#prompts .text");
  if (inSight(prompt)) seen.prompts.add(prompt.value);
  requestAnimationFrame(look);
};
look();
"""


def seen(page, what: str) -> list[str]:
    """Return what WATCH has noted: runs, or prompts."""
    return page.evaluate(f"[...window.seen.{what}]")
