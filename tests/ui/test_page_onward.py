"""Going on from a result on the page: the form takes it up, and the new result names it."""

from __future__ import annotations

from accessible import grave
from pages import QUICK, fill, overflow, paint, prompt_boxes
from playwright.sync_api import expect

from otgen.results.store import read


def test_result_is_gone_on_from_with_another_prompt_and_named(visit, server):
    page = visit()
    fill(page, "a cat", "a castle", steps=2, seed=41, painter=QUICK)
    paint(page)
    expect(page.locator("#line")).to_contain_text("Painted")
    parent = page.url[-12:]
    page.get_by_role("button", name="Go on from here").click()
    expect(page.locator("#message")).to_contain_text("goes on from this result")
    taken = page.locator("#parent")
    expect(taken).to_contain_text("goes on from this result, step 2")
    expect(taken.locator("img")).to_have_js_property("complete", True)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0
        assert grave(page) == []
    page.get_by_label("From which picture").select_option("mean")
    prompt_boxes(page).first.fill("a tree")
    paint(page)
    page.wait_for_url(lambda url: not url.endswith(parent))
    expect(page.locator("#line")).to_contain_text("It went on from another result, at step 2, all")
    child = read(server.store / page.url[-12:])
    assert child.settings.parent == f"{parent}@2/mean"
    assert [prompt.text for prompt in child.settings.prompts] == ["a tree", "a castle"]
    again = visit(f"?run={child.id}")
    expect(again.get_by_label("From which picture")).to_have_value("mean")
    again.locator("#parent").get_by_role("button", name="Remove").click()
    expect(again.locator("#parent img")).to_have_count(0)
    page.get_by_role("link", name="another result").click()
    page.wait_for_url(lambda url: url.endswith(parent))
    assert page.request.get(f"{server.address}results/{child.id}/parent.npz").status == 404
