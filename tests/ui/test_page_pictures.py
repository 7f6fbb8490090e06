"""Pictures as prompts on the page: chosen, dropped, painted, linked and filled again."""

from __future__ import annotations

import base64
import io

from accessible import grave
from pages import fill, overflow, paint, prompt_boxes
from PIL import Image
from playwright.sync_api import expect

from otgen.recipe.prompts import picture_of
from otgen.results.store import read


def _png(colour: tuple[int, int, int]) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(data, "PNG")
    return data.getvalue()


# A picture each, of a name without a type, so that neither waits for the other.
_DROP = """(given) => {
  const rows = document.querySelector("#prompts .rows"), veil = document.querySelector(".veil");
  return given.map(([name, data]) => {
    const carried = new DataTransfer();
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    carried.items.add(new File([bytes], name));
    const event = { bubbles: true, cancelable: true, dataTransfer: carried };
    document.body.dispatchEvent(new DragEvent("dragover", event));
    const beside = !veil.hidden && getComputedStyle(rows).zIndex > getComputedStyle(veil).zIndex;
    rows.querySelector(".text").dispatchEvent(new DragEvent("dragover", event));
    const aimed = veil.hidden && rows.classList.contains("aimed");
    rows.querySelector(".text").dispatchEvent(new DragEvent("drop", event));
    return beside && aimed && !rows.classList.contains("aimed");
  });
}"""


def _choose(page, data: bytes) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="+ Picture").click()
    chooser.value.set_files({"name": "given.png", "mimeType": "image/png", "buffer": data})


def test_pictures_are_chosen_or_dropped_painted_linked_and_filled_again(visit, server):
    page = visit(altered=True, viewport={"width": 390, "height": 900})
    fill(page, "a cat", "", seed=23)
    _choose(page, b"no picture")
    expect(page.get_by_role("alert")).to_contain_text("no picture that can be read")
    _choose(page, _png((200, 60, 0)))
    seen = page.locator("#prompts .seen img")
    expect(seen).to_have_js_property("naturalWidth", 60)
    page.route("**/queue/join*", lambda held: None)
    given = [
        (name, base64.b64encode(_png(colour)).decode())
        for name, colour in (("blue.heic", (0, 60, 200)), ("green.avif", (0, 200, 60)))
    ]
    with page.expect_request(lambda asked: "green.avif" in (asked.post_data or "")):
        assert page.evaluate(_DROP, given) == [True, True]
    prompt_boxes(page).first.fill("a dog")  # the server is yet to be asked
    page.unroute("**/queue/join*")  # now it is
    expect(seen).to_have_count(3)
    expect(page.locator("#prompts .rows li")).to_have_count(4)
    expect(page.locator("#prompts .note")).to_have_text([""] * 4)
    expect(prompt_boxes(page).first).to_have_value("a dog")
    page.get_by_label("Share of prompt 2").fill("2")
    assert overflow(page) <= 0
    assert grave(page) == []
    paint(page)
    expect(page.locator("#line")).to_contain_text("Painted")
    run = page.url[-12:]
    prompts = read(server.store / run).settings.prompts
    assert [prompt.weight for prompt in prompts] == [1, 2, 1, 1]
    red, *_, last = (picture_of(prompt.text) for prompt in prompts[1:])
    assert len({prompt.text for prompt in prompts}) == 4
    again = visit(f"?run={run}")  # a result opened brings its pictures along
    shown = again.locator("#prompts .seen img")
    expect(shown.first).to_have_js_property("naturalWidth", 60)
    assert shown.last.get_attribute("src") == f"results/{run}/picture-{last}.png"
    legend = page.locator("#stage .legend img")
    expect(legend).to_have_count(3)
    expect(legend.first).to_have_js_property("naturalWidth", 60)
    assert page.request.get(f"{server.address}starts/{red}.png").status == 404
    link = page.get_by_role("button", name="Copy recipe link").get_attribute("data-query")
    linked = visit(f"?{link}")  # their names alone show them to nobody
    expect(linked.locator("#prompts .text").nth(1)).to_have_value(f"[picture {red}]")
    expect(linked.locator("#prompts .seen")).to_have_count(0)
