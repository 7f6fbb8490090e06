"""Keep it and share it, in a real browser: links, files, the gallery, and what is hostile."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from pathlib import Path
from urllib.parse import urlencode

import pytest
from conftest import PATIENCE, SERVED, serving
from helpers import finished
from kept import EXAMPLE, HOSTILE, kept, number
from pages import QUICK, drop, fill, overflow, paint, prompt_boxes, sizes
from playwright.sync_api import expect

from otgen.recipe.codec import from_file
from otgen.results.store import read
from otgen.ui.page import build_page

CLOSE_CLIPBOARD = "() => { navigator.clipboard.writeText = () => Promise.reject(Error('no')); }"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes, size=(4, 4)) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 52))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def text_chunk(recipe: object) -> bytes:
    return chunk(b"iTXt", b"otgen\0\0\0\0\0" + json.dumps(recipe).encode())


def copied_link(page) -> str:
    page.get_by_role("button", name="Copy link", exact=True).click()
    expect(page.locator(".copied")).to_contain_text("copied")
    return page.evaluate("navigator.clipboard.readText()")


def test_whole_story(browser, example, tmp_path):
    """Paint, reload, copy the link; kill the server; open, drop, take up and paint again."""
    store = tmp_path / "store"

    def visitor(server, path=""):
        page = browser.new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(server.address + path)
        page.locator("#prompts .rows li").first.wait_for()
        return page

    with serving(SERVED, tmp_path, example) as server:
        page = visitor(server)
        fill(page, "a cat", "a castle", steps=100, seed=77, painter=QUICK)  # seen while it paints
        paint(page)
        page.locator('#stage img[src^="data:"]').first.wait_for()  # it is watched
        page.reload()
        expect(page.locator("#line")).to_contain_text("Painted", timeout=4 * PATIENCE * 1000)
        assert prompt_boxes(page).first.input_value() == "a cat"
        link = copied_link(page)
        run = link[-12:]
        assert link == f"{server.address}?run={run}"
        with page.expect_download() as download:
            page.locator("#line .download:not(.all)").first.click()
        picture = download.value.path().read_bytes()
        server.process.kill()
        page.context.close()
    made = (store / run / "result.json").read_bytes(), (store / run).stat().st_mtime_ns

    with serving(SERVED, tmp_path, example) as server:
        page = visitor(server, link.rpartition("/")[2])
        expect(page.locator("#line")).to_contain_text("Painted")
        assert sizes(page) == [128, 128]
        page.locator("#prompts .text").first.fill("a tree")
        drop(page, picture, "anything.png")
        expect(page.locator("#message")).to_contain_text("The file's settings are in the form")
        expect(prompt_boxes(page).first).to_have_value("a cat")
        page.locator("#prompts .text").first.fill("a car")
        page.locator(f'.kept[data-run="{run}"]').get_by_text("Use these settings").click()
        expect(page.locator("#message")).to_contain_text("The result's settings are in the form")
        expect(prompt_boxes(page).first).to_have_value("a cat")
        paint(page)
        expect(page.locator("#message .notice")).to_have_count(0)
        expect(page.locator("#line .line")).to_have_attribute("data-run", run)
        expect(page.locator("#line")).to_contain_text("Painted")
        page.context.close()
    # Nothing was computed again: the result's folder is the one that the first server wrote.
    assert made == ((store / run / "result.json").read_bytes(), (store / run).stat().st_mtime_ns)
    assert [folder.name for folder in store.glob("[!.]*")] == [run]


def test_link_is_shown_where_the_clipboard_is_closed(visit, server):
    page = visit(permissions=[])
    page.evaluate(CLOSE_CLIPBOARD)
    page.get_by_role("button", name="Copy link", exact=True).click()
    expect(page.locator(".copied")).to_contain_text("selected")
    (folder,) = server.examples.iterdir()
    run = read(folder).id
    expect(page.locator("#line .link")).to_have_value(f"{server.address}?run={run}")
    selected = "() => { const link = document.activeElement; return link.selectionEnd; }"
    assert page.evaluate(selected) == len(f"{server.address}?run={run}")


def test_recipe_link_fills_the_form_and_leaves_the_address_when_a_run_is_shown(visit, server):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy recipe link").click()
    expect(page.locator(".copied")).to_contain_text("copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(server.address + "?prompts=")
    kept(server.store, number(0x50))
    other = visit(link.removeprefix(server.address) + "&__theme=dark")
    expect(other.locator("#message")).to_contain_text("The link's settings are in the form")
    assert [box.input_value() for box in prompt_boxes(other).all()] == [
        "a fish in the ocean",
        "a house",
    ]
    expect(other.get_by_label("Seed", exact=True)).to_have_value("7")
    other.locator(f'.kept[data-run="{number(0x50)}"] .card').click()
    other.wait_for_url(re.compile(rf"\?__theme=dark&run={number(0x50)}$"))
    (server.store / number(0x50)).rename(server.store / ".opened")


def test_recipe_link_with_every_field_out_of_range_is_said_and_harmless(visit):
    fields = {
        "generator": "../../etc/passwd",
        "lanes": "ot,<b>",
        "steps": "9" * 400,
        "cutouts": "-3",
        "epsilon": "nan",
        "distance": "<script>alert(1)</script>",
        "seed": "1e99",
        "encoder": "x" * 5000,
        "height": "7",
        "width": "1e9",
        "guidance": "inf",
        "told": "{{value}}",
        "start": "../../etc",
        "version": "99",
        "unknown": "field",
    }
    query = urlencode([("prompts", "a cat"), ("prompts", HOSTILE[0]), *fields.items()])
    page = visit(f"?{query}&seed=5&seed=<b>")
    notice = page.locator("#message .notice")
    expect(notice).to_contain_text("a newer otgen")
    for name in ("steps", "cutouts", "epsilon", "height", "guidance"):
        expect(notice).to_contain_text(name)
    assert page.locator("#message :is(script, b, img)").count() == 0
    assert page.get_by_label("Seed", exact=True).input_value() in ("5", "1234")
    assert overflow(page) <= 0


STRANGE = ("../../etc/passwd", "a" * 10_000, "ünïcödé-🐈", "000000000000%00", "<script>", "0,0")


def test_strange_ids_in_the_address_get_one_sentence(visit, ask):
    for run in STRANGE:
        assert ask(f"?run={run}").ok
    page = visit(f"?run={','.join(STRANGE)}")
    expect(page.get_by_role("alert")).to_contain_text("not here")
    assert "passwd" not in page.locator("#message").inner_text()


HUGE = chunk(b"iTXt", b"otgen\0\1\0\0\0" + zlib.compress(b"[" * 50_000_000))
RECIPE = {"version": 1, "settings": {"prompts": [{"text": HOSTILE[1]}], "steps": 10**400}}


FILES = (
    (png(), "a.png", "carries no otgen recipe"),
    (png(HUGE), "bomb.png", "PNG"),
    (png(size=(60_000, 60_000)), "huge.png", "not a PNG that can be read"),
    (b"GIF89a<script>alert(1)</script>", "a.png.html", "neither a PNG nor JSON"),
    (b"[" * 10_000, "result.json", "neither a PNG nor JSON"),
    (b'{"settings":' * 5000, "../../result.json", "not readable JSON"),
    (png(text_chunk(RECIPE)) + b"<script>", "polyglot.svg", "steps is"),
    (b"", "empty.png", ""),
)


def test_hostile_files_get_one_sentence(visit):
    page = visit()
    message, sound, said = page.locator("#message"), (EXAMPLE / "ot.png").read_bytes(), ""
    for data, name, sentence in FILES:
        drop(page, sound, "sound.png")  # what the file before was told goes
        expect(message).to_contain_text("The file's settings are in the form")
        said = said or message.text_content()
        expect(message).to_have_text(said)
        drop(page, data, name)
        expect(message).not_to_have_text(said)
        expect(page.locator("#message :is(.trouble, .notice)")).to_contain_text(sentence)
        assert page.locator("#message :is(script, img)").count() == 0
        assert "/tmp" not in page.content()


def test_picture_with_bytes_after_its_end_gives_its_settings(visit):
    """As some chats append them."""
    page, picture = visit(), (EXAMPLE / "ot.png").read_bytes()
    drop(page, picture + bytes(range(40)), "sent.png")
    expect(page.locator("#message")).to_contain_text("The file's settings are in the form")
    first, *_ = from_file(picture).settings.prompts
    expect(prompt_boxes(page).first).to_have_value(first.text)


def test_file_dropped_before_its_button_is_there_is_read(visit):
    page = visit()
    page.locator("#compose input[type=file]").wait_for(state="attached")
    page.evaluate(
        """() => {
          const button = document.querySelector("#compose input[type=file]");
          const place = document.createComment("");
          button.replaceWith(place);
          window.arrive = () => place.replaceWith(button);
        }"""
    )
    drop(page, b"not a result", "a.png")
    page.evaluate("window.arrive()")
    expect(page.locator("#message .trouble")).to_contain_text("neither a PNG nor JSON")


def test_result_json_is_chosen_with_the_button(visit):
    page = visit()
    with page.expect_file_chooser() as chooser:
        page.locator("#restore").click()
    chooser.value.set_files(EXAMPLE / "result.json")
    settings = read(EXAMPLE).settings
    expect(prompt_boxes(page).first).to_have_value(settings.prompts[0].text)
    expect(page.get_by_label("Seed", exact=True)).to_have_value(str(settings.seed))


def test_download_all_is_one_zip_with_plain_names(visit, server):
    kept(server.store, number(1), *HOSTILE[:2], evidence=True)
    page = visit(f"?run={number(1)}")
    expect(page.locator("#line .line")).to_have_attribute("data-run", number(1))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all").click()
    name = download.value.suggested_filename
    assert re.fullmatch(r"[a-z0-9-]+\.zip", name)
    archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    assert archive.testzip() is None
    inside = [Path(file) for file in archive.namelist()]
    assert {file.parent.name for file in inside} == {name.removesuffix(".zip")}
    assert {"ot.png", "mean.png", "result.json", "plot-lines.svg"} <= {file.name for file in inside}
    (server.store / number(1)).rename(server.store / ".away")


def test_gallery_shows_searches_pins_and_deletes(visit, server):
    for index, text in enumerate(("a zebra", *HOSTILE), start=0x10):
        kept(server.store, number(index), text)
    page = visit()
    card = page.locator(f'.kept[data-run="{number(0x10)}"]')
    for index, text in enumerate(HOSTILE, start=0x11):
        said = page.locator(f'.kept[data-run="{number(index)}"] bdi').first
        expect(said).to_have_text(text)
    assert page.locator("#shelf script").count() == 0
    assert page.locator("#shelf img[src=x]").count() == 0
    page.get_by_label("Search the prompts").fill("zebra")
    expect(page.locator(".kept")).to_have_count(1)
    card.scroll_into_view_if_needed()
    expect(card.locator("img")).to_have_js_property("naturalWidth", 388)
    card.get_by_role("button", name="Pin", exact=True).click()
    expect(card).to_contain_text("pinned")
    assert (server.store / number(0x10) / "pinned").exists()
    card.get_by_role("button", name="Unpin").click()
    expect(card).not_to_contain_text("pinned")
    card.get_by_role("button", name="Open: a zebra").click()
    page.wait_for_url(re.compile(f"run={number(0x10)}$"))
    expect(prompt_boxes(page).first).to_have_value("a zebra")
    card.get_by_role("button", name="Delete", exact=True).click()
    card.get_by_role("button", name="Keep it").click()
    assert (server.store / number(0x10)).exists()
    card.get_by_role("button", name="Delete", exact=True).click()
    card.get_by_role("button", name="Delete it").click()
    expect(page.locator("#shelf")).to_contain_text("Nothing here has these words")
    assert not (server.store / number(0x10)).exists()
    for index in range(0x11, 0x11 + len(HOSTILE)):
        (server.store / number(index)).rename(server.store / f".gone-{index}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_gallery_and_result_fit(visit, server, scheme):
    kept(server.store, number(0x30), "w" * 300, "a castle", complete=False, steps=3)
    page = visit(color_scheme=scheme)
    page.get_by_role("button", name="Gallery").click()
    page.locator(".kept").first.wait_for()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert overflow(page) <= 0
    (server.store / number(0x30)).rename(server.store / f".fit-{scheme}")


def test_no_path_of_the_host_and_no_file_but_results_is_served(ask, server):
    kept(server.store, number(0x40), evidence=True)
    folder = server.store / number(0x40)
    for file in ("arrays.npz", "ot.png", "result.json"):
        for way in ("gradio_api/file=", "file="):
            asked = ask(f"{way}{folder / file}")
            assert asked.status in (403, 404), file
    for way in (f"results/{number(0x40)}/", f"results/{number(0x40)}%2f..%2f"):
        for file in ("arrays.npz", "pinned", "..%2f..%2fx", "x" * 10_000, "ü.zip", "all.zip"):
            assert ask(way + file).status == 404, file
    for path in ("", "config", "gradio_api/info", f"results/{number(0x40)}/result.json"):
        text = ask(path).text()
        for secret in (server.store, server.examples, Path(__file__).parents[2], Path.home()):
            assert str(secret) not in text, path
    folder.rename(server.store / ".served")


def events(config: dict) -> set[str]:
    """Return what a person may do on a page."""
    return {target[1] for call in config["dependencies"] for target in call["targets"]}


def test_visitors_of_a_space_find_no_gallery_and_nothing_to_call(browser, example, tmp_path):
    store = tmp_path / "store"
    kept(store, number(1))
    space = {"SPACE_ID": "me/otgen", "SPACE_HOST": "me-otgen.hf.space"}
    with serving(SERVED, tmp_path, example, **space) as server:
        page = browser.new_context().new_page()
        page.goto(server.address)
        page.locator("#prompts .rows li").first.wait_for()
        config = page.request.get(server.address + "config").json()
        assert not events(config) & {"pin", "unpin", "delete", "use", "turn"}
        expect(page.locator(".kept")).to_have_count(0)
        expect(page.get_by_role("button", name="Delete")).to_have_count(0)
        page.evaluate(CLOSE_CLIPBOARD)
        page.get_by_role("button", name="Copy link", exact=True).click()
        run = page.locator("#line .line").get_attribute("data-run")
        expect(page.locator("#line .link")).to_have_value(
            f"https://huggingface.co/spaces/me/otgen?run={run}"
        )
        assert f"https://me-otgen.hf.space/results/{run}/card.jpg" in page.content()
        page.context.close()


def test_host_of_a_space_may_show_the_gallery_and_nobody_changes_it(jobs, monkeypatch):
    monkeypatch.setenv("SPACE_ID", "me/otgen")
    monkeypatch.setenv("OTGEN_GALLERY", "1")

    async def config():  # Gradio makes event loops where none runs, and leaves them open
        return build_page(jobs).get_config_file()

    offered = events(finished(config()))
    assert offered & {"use", "turn"}
    assert not offered & {"pin", "unpin", "delete"}
