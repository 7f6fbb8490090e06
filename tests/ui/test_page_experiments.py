"""Experiments on the page, in a real browser."""

from __future__ import annotations

import io
import re

import pytest
from pages import QUICK, fill, overflow, prompt_boxes
from PIL import Image
from playwright.sync_api import expect

from otgen.results.store import read

TIME = r"[\d.]+ (s|min)"


def _small(page) -> None:
    fill(page, "a cat", "a castle", steps=2, painter=QUICK)


def test_ladder_grows_and_its_pictures_open_their_runs(visit, server):
    page = visit()
    _small(page)
    page.get_by_role("button", name="Paint prompts one by one", exact=True).click()
    grid = page.locator(".experiment.ladder")
    expect(grid.locator("a:has(img)")).to_have_count(4)
    sources = grid.locator("img").evaluate_all("all => all.map(image => image.src)")
    assert len(set(sources)) == 4  # nothing is shown twice
    expect(grid.locator(".downloads a")).to_have_count(2)
    expect(page.locator("#stop-experiment")).not_to_be_visible()
    assert "experiment=ladder" in page.url
    assert "prompts=a+cat" in page.url
    assert "2 alone: 4" in grid.get_attribute("aria-label")
    file = page.request.get(
        server.address + grid.locator(".downloads a").first.get_attribute("href")
    )
    with Image.open(io.BytesIO(file.body())) as picture:
        assert picture.text["Description"] == grid.get_attribute("aria-label")
    link = page.url
    grid.locator("a:has(img)").last.click()
    page.wait_for_url(re.compile(r"\?run=[0-9a-f]{12}$"))
    expect(page.locator("#stage .lane")).to_have_count(2)
    page = visit(link.removeprefix(server.address))
    expect(page.locator(".experiment.ladder a:has(img)")).to_have_count(4)
    expect(prompt_boxes(page).nth(1)).to_have_value("a castle")


def test_stopped_experiment_keeps_what_was_painted_and_goes_on(visit, server):
    page = visit()
    fill(page, "a cat", "a castle", steps=200, painter=QUICK)  # until it is stopped
    climb = page.get_by_role("button", name="Paint prompts one by one", exact=True)
    costs = page.locator("#experiments .cost p")
    expect(costs.first).to_contain_text(
        re.compile(r"^3 runs, about ([\d.]+ (s|min)|2 times as long)")
    )
    expect(costs.nth(1)).to_contain_text(re.compile(rf"^One run, about ({TIME}|2.5 times)"))
    climb.click()
    grid, stop = page.locator(".experiment.ladder"), page.locator("#stop-experiment")
    grid.locator("img").first.wait_for()  # the first run paints
    stop.click()
    expect(grid.locator(".how")).to_contain_text("Stopped. 0 of 3 runs are painted; the button")
    expect(stop).not_to_be_visible()
    opens = grid.locator("a:has(img)")
    expect(opens).to_have_count(1)
    run = opens.first.get_attribute("href")
    picture = page.request.get(page.url.split("?")[0] + grid.locator("img").get_attribute("src"))
    assert picture.ok
    before = read(server.store / run.partition("=")[2]).steps
    climb.click()
    expect(grid.locator(".how")).to_contain_text("of 3 runs ·")
    expect(grid.locator("img").first).to_be_visible()
    expect(stop).to_have_text("Stop the experiment")
    stop.click()
    expect(stop).not_to_be_visible()
    expect(opens).to_have_attribute("href", run)
    assert before <= read(server.store / run.partition("=")[2]).steps < 200


def test_experiment_asked_for_last_is_the_one_on_show(visit, server):
    page = visit()
    fill(page, "a cat", "a castle", steps=2000, painter=QUICK)
    ladder, stop = page.locator(".experiment.ladder"), page.locator("#stop-experiment")
    page.get_by_role("button", name="Paint prompts one by one", exact=True).click()
    ladder.locator("img").first.wait_for()
    stop.click()  # else it paints on, as a run does whose page is gone
    fill(page, "a fish", "a house", steps=2)
    page.get_by_role("button", name="Paint from sharp to Mean", exact=True).click()
    painted = page.locator(".experiment.dial a:has(img)")
    expect(painted).to_have_count(5)
    expect(ladder).to_have_count(0)
    expect(stop).not_to_be_visible()
    fill(page, "a fish", "a boat", steps=2000)
    dial = page.get_by_role("button", name="Paint from sharp to Mean", exact=True)
    dial.click()
    expect(stop).to_be_visible()  # it is watched
    expect(page).to_have_url(re.compile("a\\+boat"))
    expect(painted).to_have_count(0)
    before = page.url
    fill(page, "a fish", "a tree", steps=2)
    dial.click()
    expect(page).to_have_url(re.compile("a\\+tree"))
    other = visit(before.removeprefix(server.address))
    # It paints on until then. By keyboard: pictures that arrive may move a button under a pointer.
    other.locator("#stop-experiment").press("Enter")
    expect(other.locator("#stop-experiment")).to_be_hidden()
    expect(painted).to_have_count(5)
    expect(page).to_have_url(re.compile("a\\+tree"))


def fits(page) -> bool:
    """Tell whether a page is no wider than a phone's window, or a desk's."""
    widths = []
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        widths.append(overflow(page) <= 0)
    return all(widths)


def test_dial_is_five_pictures_that_fit(visit):
    page = visit()
    _small(page)
    page.get_by_role("button", name="Paint from sharp to Mean", exact=True).click()
    expect(page.locator(".experiment.dial a:has(img)")).to_have_count(5)
    assert fits(page)
    page.locator(".experiment.dial a").first.click()
    page.wait_for_url(re.compile(r"\?run=[0-9a-f]{12}$"))
    expect(page.locator("#stage .lane img")).to_have_count(5)
    expect(page.locator("#stage .lane h2").first).to_have_text("OT, ε 0.01")
    assert fits(page)


def test_seeds_are_pairs_with_a_table_that_a_link_opens_again(visit, server):
    page = visit()
    _small(page)
    many, paint = (
        page.get_by_label("Seeds to paint"),
        page.get_by_role("button", name="Paint several seeds"),
    )
    many.fill("40")
    paint.click()
    expect(page.locator("#experiments .trouble")).to_contain_text("It can be 2 to 16")
    many.fill("2")
    paint.click()
    grid = page.locator(".experiment.seeds")
    expect(grid.locator("a:has(img)")).to_have_count(4)
    expect(grid.locator(".said").last).to_have_text("Seed 1235")
    expect(grid.locator(".spread tbody tr")).to_have_count(2)
    expect(grid.locator(".measured").last).to_have_text(
        re.compile(r"^Balance \d+ %\s*Judge \d+ / \d+ of 64$")
    )
    expect(grid.locator(".spread td").nth(1)).to_have_text(re.compile(r"^\d+ ± \d+ %$"))
    assert "experiment=seeds-2" in page.url
    how = grid.locator(".how")
    expect(how).to_contain_text(re.compile(r"^Several seeds.+, .+ · VQGAN, miniEach picture opens"))
    assert fits(page)
    file = page.request.get(
        server.address + grid.locator(".downloads a").first.get_attribute("href")
    )
    with Image.open(io.BytesIO(file.body())) as picture:
        assert picture.text["Description"].startswith("The same prompts from 2 starts")
    link = page.url.removeprefix(server.address)
    again = visit(link)
    expect(again.get_by_label("Seeds to paint")).to_have_value("2")
    expect(again.locator(".experiment.seeds a:has(img)")).to_have_count(4)


def test_one_prompt_is_refused_with_a_sentence(visit):
    page = visit()
    fill(page, "a cat", "")
    page.get_by_role("button", name="Paint prompts one by one", exact=True).click()
    expect(page.locator("#experiments .trouble")).to_contain_text("add another")


@pytest.mark.parametrize("query", ["prompts=%3Cscript%3E", "prompts=a+zeppelin|a+cat"])
def test_link_that_can_not_be_used_is_said(visit, query):
    page = visit(f"?experiment=ladder&{query}")
    expect(page.locator("#experiments .trouble")).to_be_visible()
    assert page.locator("#experiments script").count() == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("experiments/ladder-light-wide.png?prompts=a+cat%0Aa+castle&steps=9", 200),
        ("experiments/dial-dark-narrow.svg?prompts=a+cat%0Aa+castle&steps=9", 200),
        ("experiments/ladder-light-wide.png", 404),
        ("experiments/ladder-light-wide.pdf?prompts=a+cat%0Aa+castle", 404),
        ("experiments/ladder-light-wide.png?prompts=a+zeppelin%0Aa+cat", 400),
        ("experiments/..%2f..%2fetc/passwd?prompts=a+cat", 404),
    ],
)
def test_figure_is_drawn_of_what_is_there_and_nothing_else_is_served(ask, path, status):
    assert ask(path).status == status
