"""A public page: visitors who don't know each other on one run."""

from __future__ import annotations

from conftest import SERVED, serving
from pages import QUICK, fill, paint
from playwright.sync_api import expect


def test_stop_ends_a_run_once_no_page_that_asked_for_it_waits(visit, example, tmp_path):
    with serving(SERVED, tmp_path, example, SPACE_ID="someone/otgen") as server:
        first, second = visit(at=server), visit(at=server)
        for page in (first, second):
            fill(page, "a cat", "a castle", steps=2000, seed=3, painter=QUICK)
            paint(page)
            expect(page.locator("#line")).to_contain_text("Step")
        watcher = visit("?" + first.url.partition("?")[2], server)
        expect(watcher.locator("#line")).to_contain_text("Step")
        expect(watcher.locator("#stop")).to_be_hidden()
        first.locator("#stop").click()
        expect(first.locator("#message")).to_contain_text("another page asked for it too")
        expect(first.locator("#paint")).to_be_enabled()
        expect(first.locator("#stop")).to_be_hidden()
        step = second.locator("#line").inner_text()
        expect(second.locator("#line")).not_to_have_text(step)  # it goes on
        expect(second.locator("#stop")).to_be_enabled()
        second.locator("#stop").click()
        for page in (second, watcher):
            expect(page.locator("#line")).to_contain_text("Stopped at step")
