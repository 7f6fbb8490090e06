"""A page whose load comes late, whose handlers fail, or that is lost sight of; in a browser."""

from __future__ import annotations

import re
import shutil

import pytest
from conftest import PATIENCE, ROOT, serving
from kept import EXAMPLE, kept, number
from pages import QUICK, WATCH, drop, fill, paint, prompt_boxes, seen
from playwright.sync_api import expect
from wait import within

from otgen.results.store import read

LOADS = 4  # events of a page's load: its address's, the experiments', the costs', the gallery's
RECIPE = "?prompts=a+tree%0Aa+boat&seed=5&steps=3"  # what a late load would fill the form with


@pytest.fixture(scope="module")
def latched(example, tmp_path_factory):
    """Start a server that does what files in the folder beside its store say."""
    folder = tmp_path_factory.mktemp("latched")
    more = {"PYTHONPATH": str(ROOT), "OTGEN_SIGNALS": str(folder), "HF_HUB_OFFLINE": "1"}
    with serving([str(ROOT / "tests" / "latched.py")], folder, example, **more) as server:
        yield server


@pytest.fixture
def signals(latched):
    """Return the folder of what the server is told; nothing is left in it."""
    folder = latched.store.parent
    yield folder
    for name in ("latch", "passed", "fail", "late", "awaited", "lose"):
        (folder / name).unlink(missing_ok=True)
    latched.rest()


def load_now(page, signals) -> None:
    """Let the load's events go, and wait until the browser has applied what they answered."""
    passed = signals / "passed"
    passed.unlink(missing_ok=True)
    (signals / "latch").unlink()
    within(PATIENCE, lambda: passed.exists() and len(set(passed.read_text().split())) >= LOADS)
    # Answers come to a page in one stream: that of this search, after all that have ended.
    page.get_by_label("Search the prompts").fill("nothing is called this")
    expect(page.locator("#gallery")).to_contain_text("Nothing here has these words")


def test_paint_is_followed_to_its_end_where_the_load_is_late(visit, latched, signals):
    (signals / "latch").touch()
    page = visit(RECIPE, at=latched)
    fill(page, "a cat", "a castle", steps=2000, seed=61, painter=QUICK)
    paint(page)
    stop, line = page.locator("#stop"), page.locator("#line")
    expect(stop).to_be_visible()
    load_now(page, signals)
    expect(line).to_contain_text(re.compile(r"tep \d"))
    expect(stop).to_be_visible()
    assert prompt_boxes(page).first.input_value() == "a cat"
    stop.click()
    expect(line).to_contain_text("Stopped at step")
    expect(stop).to_be_hidden()
    expect(page.get_by_role("button", name="Paint", exact=True)).to_be_enabled()


def test_experiment_is_followed_to_its_end_where_the_load_is_late(visit, latched, signals):
    (signals / "latch").touch()
    page = visit("?experiment=ladder&prompts=a+tree%0Aa+boat", at=latched)
    fill(page, "a cat", "a castle", steps=2000, seed=62, painter=QUICK)
    page.get_by_role("button", name="Paint from sharp to Mean", exact=True).click()
    stop = page.locator("#stop-experiment")
    expect(stop).to_be_visible()
    load_now(page, signals)
    page.locator(".experiment.dial img").first.wait_for()
    expect(stop).to_be_visible()
    assert prompt_boxes(page).first.input_value() == "a cat"
    stop.click()
    expect(stop).to_be_hidden()


@pytest.mark.parametrize("kind", ["example", "file", "preset"])
def test_what_filled_the_form_stays_where_the_load_is_late(visit, latched, signals, kind):
    (signals / "latch").touch()
    page = visit(RECIPE, at=latched)
    before = prompt_boxes(page).first.input_value()
    if kind == "example":
        fill(page, "a cat", "a castle", seed=67)
        page.locator("#examples .card").first.click()
        expect(prompt_boxes(page).first).to_have_value(before)
    elif kind == "file":
        drop(page, (EXAMPLE / "ot.png").read_bytes(), "any.png")
        expect(page.locator("#message")).to_contain_text("The file's settings are in the form")
    else:
        page.locator("#presets button").first.evaluate("(button) => button.click()")
        expect(prompt_boxes(page).first).not_to_have_value(before)
    held = prompt_boxes(page).first.input_value()
    load_now(page, signals)
    assert held != "a tree"
    expect(prompt_boxes(page).first).to_have_value(held)


@pytest.mark.parametrize("fault", ["ask", "explain", "from_file", "grid"])
def test_failure_is_said_and_the_page_can_be_used(visit, latched, signals, fault):
    page = visit(at=latched)
    fill(page, "a cat", "a castle", steps=3, seed=63)
    (signals / "fail").write_text(fault)
    if fault == "ask":
        paint(page)
    elif fault == "explain":
        page.locator("#examples .card").first.click()
    elif fault == "from_file":
        drop(page, (EXAMPLE / "ot.png").read_bytes(), "any.png")
    else:
        page.get_by_role("button", name="Paint from sharp to Mean", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("failed unexpectedly")
    expect(page.get_by_role("button", name="Paint", exact=True)).to_be_enabled()
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#stop-experiment")).to_be_hidden()


def test_page_that_lost_sight_of_its_run_finds_it_again(visit, latched, signals):
    page = visit(at=latched)
    fill(page, "a cat", "a castle", steps=2000, seed=64, painter=QUICK)
    paint(page)
    line, stop = page.locator("#line"), page.locator("#stop")
    page.locator('#stage img[src^="data:"]').first.wait_for()
    (signals / "lose").touch()
    within(PATIENCE, lambda: not (signals / "lose").exists())

    def step() -> int:
        return int(re.search(r"tep (\d+)", line.inner_text())[1])

    lost_at = step()
    within(PATIENCE, lambda: step() > lost_at)
    expect(stop).to_be_visible()
    stop.click()
    expect(line).to_contain_text("Stopped at step")
    expect(stop).to_be_hidden()


def test_paint_is_not_undone_by_a_result_that_was_opened_before(visit, latched, signals):
    saved = kept(latched.store, number(1), "a tree", "a car")
    page = visit(at=latched)
    opened = f'.kept[data-run="{saved.id}"]'
    page.locator(opened).wait_for()
    (example,) = latched.examples.iterdir()
    for index, card in enumerate(("#examples .card", f"{opened} .card")):
        fill(page, "a cat", "a castle", seed=94 + index, painter=QUICK)
        page.evaluate(WATCH)
        (signals / "late").write_text("explain")  # what explains a result takes its time
        # As fast as a person's hands: Paint is pressed before the result has come.
        page.evaluate(f"document.querySelector('{card}').click()")
        page.locator("#paint").click()
        expect(page.locator("#stop")).to_be_visible()
        within(PATIENCE, (signals / "awaited").exists)
        (signals / "late").unlink()
        (signals / "awaited").unlink()
        line = page.locator("#line .line")
        expect(line).to_contain_text(f"seed {94 + index}", timeout=4 * PATIENCE * 1000)
        run = line.get_attribute("data-run")
        assert run not in (saved.id, example.name)
        assert read(latched.store / run).settings.seed == 94 + index
        assert saved.id not in seen(page, "runs")
        assert [box.input_value() for box in prompt_boxes(page).all()] == ["a cat", "a castle"]
        expect(page.get_by_role("button", name="Paint", exact=True)).to_be_enabled()
    shutil.rmtree(saved.folder)
