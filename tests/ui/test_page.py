"""The page, in a real browser, as a person meets it."""

from __future__ import annotations

import base64
import io
import re

import pytest
from accessible import grave
from pages import QUICK, advanced, choose, fill, overflow, paint, prompt_boxes, sizes
from PIL import Image
from playwright.sync_api import expect

from otgen.explain.palette import PALETTE
from otgen.painters.catalogue import GENERATORS
from otgen.results.store import read


def test_first_view_is_a_finished_pair_whose_settings_fill_the_form(shared_page):
    page = shared_page()
    assert sizes(page) == [256, 256]
    assert [box.input_value() for box in prompt_boxes(page).all()] == [
        "a fish in the ocean",
        "a house",
    ]
    assert page.locator("#prompts .weight").nth(1).input_value() == "3"
    assert page.get_by_label("Seed", exact=True).input_value() == "7"
    pictures = page.locator("#stage img")
    said = re.compile(r"^Optimal transport: a fish in the ocean, a house\. It shows .* before ")
    expect(pictures.nth(0)).to_have_attribute("alt", said)
    expect(page.locator("#stage .mark").first).to_have_attribute("style", "left:25.00%")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


def test_two_prompts_are_painted_under_both_lanes(visit, server):
    page = visit()
    fill(page, "a cat", "a castle", seed=11)
    paint(page)
    line = page.locator("#line")
    expect(line).to_contain_text("Painted")
    expect(line).to_contain_text("seed 11")
    assert re.search(r"run=([0-9a-f]{12})$", page.url)
    run = page.url[-12:]
    saved = read(server.store / run)
    assert saved.complete
    assert sizes(page) == [256, 256]
    for lane, tally in zip(("ot", "mean"), page.locator("#stage .numbers").all(), strict=True):
        assert tally.inner_text() == " / ".join(map(str, saved.numbers[lane]["counts"]))
    names = page.locator("#stage .bar").all()
    assert all("a cat" in name.get_attribute("aria-label") for name in names)
    expect(page.get_by_role("button", name="Paint", exact=True)).to_be_enabled()


def test_download_is_the_stored_file_with_its_recipe(shared_page, server):
    page = shared_page()
    with page.expect_download() as download:
        page.locator("#line .download:not(.all)").first.click()
    assert download.value.suggested_filename == "a-fish-in-the-ocean-a-house-ot-seed-7.png"
    data = download.value.path().read_bytes()
    (stored,) = server.examples.glob("*/ot.png")
    assert data == stored.read_bytes()
    assert "a fish in the ocean" in Image.open(io.BytesIO(data)).info["otgen"]


def test_pictures_grow_and_stop_keeps_them(visit, server):
    page = visit()
    fill(page, "a tree", "a car", steps=2000, seed=12)
    paint(page)
    preview = page.locator('#stage img[src^="data:"]').first
    preview.wait_for()
    first = preview.get_attribute("src")
    expect(preview).not_to_have_attribute("src", first)
    header, data = first.split(",")
    assert header == "data:image/webp;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (192, 192)  # as kept
    expect(page.locator("#line")).to_contain_text(re.compile(r"Step \d+ of 2000.*steps/s.* left"))
    expect(page.get_by_role("button", name="Painting…")).to_be_disabled()
    page.set_viewport_size({"width": 390, "height": 844})  # a phone, on which pictures are long
    page.evaluate("document.getElementById('result').scrollIntoView()")
    expect(page.get_by_role("button", name="Stop")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#line")).to_contain_text(re.compile(r"Stopped at step \d+ of 2000"))
    saved = read(server.store / page.url[-12:])
    assert not saved.complete
    assert (
        page.locator("#stage img").first.get_attribute("src")
        == f"results/{saved.id}/ot.png?step={saved.steps}"
    )
    assert sizes(page) == [256, 256]
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


def test_run_goes_on_without_its_page_and_others_queue(visit, server):
    page = visit()
    fill(page, "a pizza", "the ocean", steps=2000, seed=13, painter=QUICK)
    paint(page)
    page.locator('#stage img[src^="data:"]').first.wait_for()
    address = page.url
    page.close()
    other = visit()
    fill(other, "a cat", "", seed=14, painter=QUICK)
    paint(other)
    expect(other.locator("#line")).to_contain_text("Place 1 in the queue")
    again = visit(address.removeprefix(server.address))
    expect(again.locator("#line")).to_contain_text("Step")
    assert prompt_boxes(again).first.input_value() == "a pizza"
    again.get_by_role("button", name="Stop").click()
    expect(again.locator("#line")).to_contain_text("Stopped at step")
    expect(other.locator("#line")).to_contain_text("Painted")


def test_bad_prompts_get_one_sentence_and_stay(visit):
    page = visit()
    before = page.locator("#stage .stage").inner_html()
    for prompts, sentence in (
        (("a zeppelin", "a castle"), "does not know “zeppelin”"),
        (("", "  "), "There is no prompt"),
        (("a cat", "x" * 10_000), "10,000 characters"),
        (("<img src=x onerror=alert(1)>", "$x$ 猫 🐈"), "does not know"),
    ):
        fill(page, *prompts)
        paint(page)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(sentence)
        assert [box.input_value() for box in prompt_boxes(page).all()] == list(prompts)
        assert page.locator("#stage .stage").inner_html() == before
        assert page.locator("#message img").count() == 0
        assert overflow(page) <= 0


def test_bad_numbers_get_one_sentence_and_stay(visit):
    page = visit()
    page.locator("#prompts .weight").first.fill("0")
    paint(page)
    expect(page.get_by_role("alert")).to_contain_text("The weight of “a fish in the ocean” is “0”")
    assert page.locator("#prompts .weight").first.input_value() == "0"
    page.locator("#prompts .weight").first.fill("1")
    expect(page.get_by_role("alert")).to_be_hidden()
    fill(page, "a cat", "a castle", steps=0)
    paint(page)
    expect(page.get_by_role("alert")).to_contain_text("steps is “0”")
    assert page.get_by_label("Steps", exact=True).input_value() == "0"


def test_rows_come_go_and_keep_their_colours(visit):
    page = visit()
    add = page.get_by_role("button", name="+ Add a prompt")
    for _ in range(14):
        add.click()
    assert prompt_boxes(page).count() == 16
    expect(add).to_be_disabled()
    page.keyboard.type("a cat")
    assert prompt_boxes(page).last.input_value() == "a cat"  # the new row has the focus
    colour = "getComputedStyle(element).getPropertyValue('--dot')"
    row = page.locator("#prompts .rows li")
    assert (
        row.last.evaluate(f"(element) => {colour}") == PALETTE[2]
    )  # the third prompt that has a text
    page.get_by_role("button", name="Remove prompt 1", exact=True).click()
    assert prompt_boxes(page).count() == 15
    assert row.last.evaluate(f"(element) => {colour}") == PALETTE[1]


def test_keyboard_paints_and_randomise_changes_the_seed(visit):
    page = visit()
    prompt_boxes(page).first.fill("a zeppelin")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("zeppelin")
    page.get_by_role("button", name="Randomise").click()
    expect(page.get_by_label("Seed", exact=True)).not_to_have_value("7")
    assert 0 <= int(page.get_by_label("Seed", exact=True).input_value()) < 2**32


def test_empty_seed_is_random_shown_and_in_the_link(visit):
    page = visit()
    fill(page, "a cat", "a castle", steps=1, seed="", painter=QUICK)
    paint(page)
    line = page.locator("#line")
    expect(line).to_contain_text(re.compile(r"Painted.*seed \d{3,}"))
    seed = re.search(r"seed (\d+)", line.inner_text())[1]
    query = page.get_by_role("button", name="Copy recipe link").get_attribute("data-query")
    assert f"seed={seed}" in query
    expect(page.get_by_label("Seed", exact=True)).to_have_value("")


def test_shape_fills_in_the_nearest_size_and_follows_what_is_typed(shared_page):
    page = shared_page()
    advanced(page)
    width, height = (page.get_by_label(side, exact=True) for side in ("Width", "Height"))
    shapes = page.get_by_role("group", name="Shape")
    expect(shapes.get_by_label("Square 1:1")).to_be_checked()
    shapes.get_by_label("Square 1:1").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(shapes.get_by_label("Landscape 16:9")).to_be_checked()
    expect(width).to_have_value("344")
    expect(height).to_have_value("192")
    width.fill("192")
    expect(shapes.get_by_label("Square 1:1")).to_be_checked()
    height.fill("232")
    expect(shapes.locator(":checked")).to_have_count(0)
    choose(page, GENERATORS[QUICK].title)  # of one size
    expect(shapes).to_be_hidden()


# Moves the dial to its end, once, as soon as a person could.
MOVE = """() => {
  const move = () => {
    const dial = document.querySelector("#dial input");
    if (dial.disabled) return requestAnimationFrame(move);
    dial.value = dial.max;
    dial.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const seen = new MutationObserver(() => {
    if (!document.querySelector("#dial input")) return;
    seen.disconnect();
    move();
  });
  seen.observe(document.body, { childList: true, subtree: true });
}"""


def test_dial_that_is_moved_at_once_stays_there(visit):
    page = visit()
    page.evaluate(MOVE)
    page.get_by_role("button", name="Advanced").click()
    gauge, search = page.locator("#gauge"), page.get_by_label("Search the prompts")
    expect(gauge).to_have_text("ε 1000in effect the Mean")
    # Long after: what the server answers next is on show, and frames have passed.
    search.fill("nothing is called this")
    expect(page.locator("#gallery")).to_contain_text("Nothing here has these words")
    expect(gauge).to_have_text("ε 1000in effect the Mean")


def test_example_opens_at_once_and_fills_the_form(visit):
    page = visit()
    fill(page, "a tree", "a car")
    page.locator("#examples .card").first.click()
    expect(prompt_boxes(page).first).to_have_value("a fish in the ocean")
    expect(page.get_by_label("Steps", exact=True)).to_have_value("2")
    expect(page.locator("#line")).to_contain_text("An example")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_and_follows_the_colour_scheme(shared_page, scheme):
    page = shared_page(scheme)
    advanced(page)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", background)[:3])) / 3
    assert (brightness < 60) == (scheme == "dark")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert overflow(page) <= 0
        frames = [frame.bounding_box() for frame in page.locator("#stage .frame").all()]
        assert all(abs(frame["width"] - frame["height"]) < 1 for frame in frames)
        one_row = frames[0]["y"] == frames[1]["y"]
        assert one_row == (width == 1280)  # one above the other on a phone


def test_everything_that_acts_has_a_name(shared_page):
    page = shared_page()
    advanced(page)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, a[href], img")].filter((element) => {
          if (!element.checkVisibility() || element.closest("footer")) return false;
          const labelled =
            element.labels?.length || element.getAttribute("aria-label") || element.title;
          const card = element.closest(".card");  // the card's text names its pictures
          return !labelled && !element.textContent.trim() && !element.alt && !card;
        }).map((element) => element.outerHTML.slice(0, 200))"""
    )
    assert unnamed == []


def test_files_of_results_and_nothing_else_are_served(ask, server):
    (folder,) = server.examples.iterdir()
    for path, status in {
        f"results/{folder.name}/ot.png": 200,
        f"results/{folder.name}/arrays.npz": 404,
        f"results/{folder.name}/..%2f..%2fapp.py": 404,
        "results/..%2f..%2fetc/passwd": 404,
        "results/000000000000/ot.png": 404,
    }.items():
        assert ask(path).status == status, path


def test_unknown_run_in_the_address_is_said(visit):
    page = visit("?run=000000000000")
    expect(page.get_by_role("alert")).to_contain_text("not here")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave(shared_page, scheme):
    """Names, roles, contrast and labels, by axe-core; what it calls critical or serious is none."""
    page = shared_page(scheme)
    advanced(page)
    assert grave(page) == []


def test_events_show_their_progress_on_no_part_that_is_drawn(ask):
    """The browser would copy what such a part holds at each word from the server."""
    config = ask("config").json()
    drawn = {part["id"] for part in config["components"] if part["type"] != "state"}
    queued = [event for event in config["dependencies"] if event["queue"] and event["targets"]]
    assert len(queued) > 20
    on = [event["show_progress_on"] or event["outputs"] for event in queued]
    assert drawn.isdisjoint(part for parts in on for part in parts)
