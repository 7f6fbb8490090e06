"""A finished picture larger and as SVG, on the page."""

from __future__ import annotations

import io

from accessible import grave
from kept import kept, number
from pages import overflow
from PIL import Image
from playwright.sync_api import expect

from otgen.recipe.codec import from_file
from otgen.results.store import read


def _links(page):
    return page.locator("#stage .anew a")


def test_both_are_drawn_when_they_are_asked_for(visit, server):
    page = visit()
    for place, end in enumerate(("-large", "")):
        with page.expect_download() as download:
            _links(page).nth(place).click()
        name = download.value.suggested_filename
        assert name == f"a-fish-in-the-ocean-a-house-ot{end}-seed-7.{'png' if end else 'svg'}"
        data = download.value.path().read_bytes()
        if end:
            (stored,) = map(read, server.examples.iterdir())
            assert Image.open(io.BytesIO(data)).size == (1024, 1024)
            assert from_file(data).settings == stored.settings
        else:
            assert data.startswith(b"<svg ")
        expect(page.locator("#stage .anew .said").first).to_have_text("Downloaded.")


def test_refusal_is_said_under_the_picture(visit, server):
    kept(server.store, number(7))
    page = visit(f"?run={number(7)}")
    _links(page).nth(2).click()
    said = page.locator("#stage .anew .said").nth(1)
    expect(said).to_contain_text("painted with other models than this otgen's: paint it again")


def test_partial_result_and_painter_of_pixels_have_none(visit, server):
    kept(server.store, number(7), complete=False)
    page = visit(f"?run={number(7)}")
    expect(page.locator("#line")).to_contain_text("Stopped at step")
    assert _links(page).count() == 0


def test_links_fit_and_can_be_reached(visit):
    page = visit()
    expect(_links(page)).to_have_count(4)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0
        assert grave(page) == []


def test_addresses_answer_with_a_file_or_a_sentence(ask, server):
    (example,) = map(read, server.examples.iterdir())
    answer = ask(f"results/{example.id}/mean.svg?step=2")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert b"<svg " in answer.body()
    kept(server.store, number(7))
    answer = ask(f"results/{number(7)}/ot-large.png")
    assert (answer.status, "other models" in answer.text()) == (409, True)
    assert ask(f"results/{number(7)}/other.svg").status == 404
