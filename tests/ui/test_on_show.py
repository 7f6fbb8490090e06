"""What is on show is what was asked for last, and nothing before it; in a real browser."""

from __future__ import annotations

import re

from conftest import PATIENCE
from helpers import settings
from kept import kept, number
from pages import QUICK, WATCH, fill, paint, prompt_boxes, seen, sizes
from playwright.sync_api import expect

from otgen.results.saving import save
from otgen.results.store import UNFINISHED, read
from otgen.run.comparison import compare
from otgen.run.plan import plan


def test_link_to_a_partial_result_says_how_to_go_on_and_a_key_does(visit, server):
    begun = settings(steps=4, seed=91)
    left = compare(plan(begun), lambda snapshot: snapshot.step < 2)
    save(left, server.store)
    page = visit(f"?run={left.id}")
    line = page.locator("#line")
    expect(line).to_contain_text("Stopped at step 2 of 4")
    expect(line).to_contain_text("Continue resumes at step 2")
    page.locator("#prompts .text").first.fill("something else")
    button = page.get_by_role("button", name="Continue", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(line).to_contain_text("Painted", timeout=4 * PATIENCE * 1000)
    expect(button).to_have_count(0)
    assert page.url.endswith(f"run={left.id}")
    assert prompt_boxes(page).first.input_value() == "something else"
    assert page.evaluate("document.querySelector('#line').contains(document.activeElement)")
    assert sizes(page) == [128, 128]
    assert read(server.store / left.id).complete
    assert not list((server.store / left.id).rglob(UNFINISHED))


def test_what_other_models_began_does_not_go_on(visit, server):
    saved = kept(server.store, number(0x61), complete=False, steps=3)
    (saved.folder / UNFINISHED).touch()
    page = visit(f"?run={saved.id}")
    expect(page.locator("#line")).to_contain_text("Stopped at step 3")
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(
        "It can't go on. The result was made with other"
    )
    expect(page.get_by_role("button", name="Paint", exact=True)).to_be_enabled()
    saved.folder.rename(server.store / ".begun")


def test_link_shows_its_run_and_never_the_example_before(visit, server):
    saved = kept(server.store, number(0x60), "a zebra")
    page = visit(altered=True)
    page.add_init_script(WATCH)
    page.goto(f"{server.address}?run={saved.id}")
    expect(page.locator("#line")).to_contain_text("Painted")
    assert seen(page, "runs") == [saved.id]
    assert seen(page, "prompts") == ["a zebra"]
    page.set_viewport_size({"width": 390, "height": 844})  # a phone, where pictures lie below
    page.reload()
    expect(page.locator("#stage img").first).to_be_in_viewport()
    # Where there is nothing to wait for, nothing is hidden.
    page.goto(f"{server.address}?run={number(0x99)}")
    expect(page.get_by_role("alert")).to_contain_text("not here")
    expect(page.locator("#stage img").first).to_be_visible()
    saved.folder.rename(server.store / ".shown")


def test_link_to_a_run_without_a_picture_shows_its_prompts_and_empty_frames(visit, server):
    page, other = visit(), visit(altered=True)
    fill(page, "a pizza", "the ocean", steps=2000, seed=92, painter=QUICK)
    paint(page)
    page.locator('#stage img[src^="data:"]').first.wait_for(timeout=4 * PATIENCE * 1000)
    fill(other, "a tree", "a car", seed=93, painter=QUICK)
    paint(other)
    expect(other.locator("#line")).to_contain_text("in the queue")
    address = other.url
    other.add_init_script(WATCH)
    other.goto(address)
    expect(other.locator("#line")).to_contain_text("in the queue")
    expect(other.locator("#stage .legend")).to_contain_text("a tree")
    assert other.locator("#stage img").count() == 0
    expect(other.locator("#explain")).to_be_empty()
    page.get_by_role("button", name="Stop").click()
    expect(other.locator("#line")).to_contain_text("Painted")
    (folder,) = server.examples.iterdir()
    assert folder.name not in seen(other, "runs")


def test_example_on_show_that_is_chosen_gets_into_the_address(visit, server):
    page = visit()
    assert "run=" not in page.url
    page.locator("#examples .card").first.click()
    (folder,) = server.examples.iterdir()
    page.wait_for_url(re.compile(rf"\?run={folder.name}$"))
