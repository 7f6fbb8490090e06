"""The painters in the page: what is told of them, offline and from a hub, and their settings."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

import pytest
from checkpoint_files import tensors_of
from conftest import ROOT, serving
from hub import COMMIT, Hub, lightning
from model_folders import NARROW, clip_folder, listed
from pages import QUICK, advanced, choose, fill, overflow, paint, prompt_boxes
from PIL import Image
from playwright.sync_api import expect

from otgen.models.catalogue import TABLE
from otgen.models.weights import File, Source
from otgen.results.store import read

# The page as app.py serves it, and its painter, with the table of weights and the size of VQGANs
# made small.
SMALL = """
import sys
from otgen.models.catalogue import TABLE
from otgen.models.weights import File, Source, Weights
TABLE.update({table})
"""
PAGE = """
from otgen.service.executors import painter_process
from otgen.service.queue import Jobs
from otgen.ui.page import serve
Jobs.warm = lambda jobs: None  # another painter than that one paints
painter_process.COMMAND = (sys.executable, "-c", {painter!r})
serve()
"""
PAINTER = """
from otgen.models.layouts import LAYOUTS, vqgan
from otgen.service.executors import painter
LAYOUTS["f16-16384"] = vqgan({config})
painter.main()
"""


def give(page, file: Path) -> None:
    """Choose a file to start from."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Start from a picture…").click()
    chooser.value.set_files(file)


def test_offline_painter_says_so_and_a_click_takes_the_mini_one(visit):
    page = visit(viewport={"width": 390, "height": 844})
    choose(page, "VQGAN, ImageNet")
    expect(page.locator("#card")).to_contain_text("animals, things and places")
    expect(page.locator("#card")).to_contain_text("1.6 GB, once")
    expect(page.locator("#here")).to_contain_text("the hub that has them can't be reached")
    assert overflow(page) <= 0
    advanced(page)
    expect(page.get_by_label("Steps", exact=True)).to_have_value("1000")
    expect(page.get_by_label("Width", exact=True)).to_have_value("256")
    expect(page.get_by_label("Guidance", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Paint with Storybook instead").click()
    expect(page.get_by_label("Painter", exact=True)).to_have_value("Storybook")
    expect(page.get_by_label("Steps", exact=True)).to_have_value("50")
    expect(page.get_by_label("Sprites", exact=True)).to_have_value("6")
    # Where runs took long, as on a busy machine, it says for how long it paints.
    expect(page.locator("#here")).not_to_contain_text("can't be reached")
    expect(page.locator("#here .instead")).to_have_count(0)


def test_settings_that_are_seen_are_those_the_painter_has(visit):
    page = visit()
    advanced(page)
    expect(page.get_by_label("Sprites", exact=True)).to_have_value("1")  # the example's
    expect(page.get_by_label("Guidance", exact=True)).to_be_hidden()
    expect(page.locator("#upload")).to_be_hidden()
    choose(page, "Diffusion, mini")
    expect(page.get_by_label("Guidance", exact=True)).to_have_value("0.8")
    expect(page.get_by_label("Sprites", exact=True)).to_be_hidden()
    choose(page, "Stable Diffusion 1.5")
    expect(page.get_by_label("Guidance", exact=True)).to_have_value("0.1")
    expect(page.get_by_label("Let it read the prompts too")).to_be_visible()
    expect(page.get_by_label("Width", exact=True)).to_have_value("512")
    expect(page.get_by_label("Encoder", exact=True)).to_have_value("CLIP ViT-B/32")
    choose(page, "VQGAN, mini")
    expect(page.get_by_label("Let it read the prompts too")).to_be_hidden()
    expect(page.get_by_label("Guidance", exact=True)).to_be_hidden()
    expect(page.get_by_label("Encoder", exact=True)).to_have_value("Mini CLIP, of the small world")
    expect(page.locator("#upload")).to_be_visible()


def test_preset_fills_the_form_and_says_whom_it_is_for(visit):
    page = visit()
    page.get_by_role("button", name="Six paintings, P0 to P5").click()
    expect(prompt_boxes(page)).to_have_count(6)
    expect(page.get_by_label("Painter", exact=True)).to_have_value("VQGAN, WikiArt")
    advanced(page)
    expect(page.get_by_label("Steps", exact=True)).to_have_value("1000")
    expect(page.get_by_label("Cutouts", exact=True)).to_have_value("64")
    choose(page, "Diffusion, mini")
    expect(page.locator("#here")).to_contain_text("is for VQGAN, WikiArt; Diffusion, mini paints")
    paint(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("does not know “impressionism”")
    assert len(alert.inner_text()) < 300


def test_picture_to_start_from_is_shown_painted_from_and_taken_away(visit, server, tmp_path):
    page = visit()
    fill(page, "a cat", "a castle", steps=2, seed=31, painter=QUICK)
    (tmp_path / "page.png").write_bytes(b"<html>")
    Image.new("RGB", (90, 60), (30, 160, 90)).save(tmp_path / "green.png")
    give(page, tmp_path / "page.png")
    expect(page.get_by_role("alert")).to_contain_text("no picture that can be read")
    give(page, tmp_path / "green.png")
    preview = page.get_by_alt_text("The picture to start from")
    expect(preview).to_have_js_property("naturalWidth", 90)
    expect(page.get_by_role("alert")).to_have_count(0)
    paint(page)
    expect(page.locator("#line")).to_contain_text("Painted")
    expect(page.locator("#line")).to_contain_text("· on ")
    run = page.url[-12:]
    name = read(server.store / run).settings.start
    assert preview.get_attribute("src").startswith("data:image/")
    again = visit(f"?run={run}")  # a result opened brings its picture along
    advanced(again)
    shown = again.get_by_alt_text("The picture to start from")
    expect(shown).to_have_js_property("naturalWidth", 90)
    assert shown.get_attribute("src") == f"results/{run}/start.png"
    # Its name alone, as in a link to the recipe, shows it to nobody.
    recipe = visit(f"?prompts=a+cat%0Aa+castle&generator=vqgan-mini&start={name}")
    advanced(recipe)
    expect(recipe.locator("#start")).to_contain_text("starts from an uploaded picture")
    expect(recipe.get_by_alt_text("The picture to start from")).to_be_hidden()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(preview).to_have_count(0)
    paint(page)
    page.wait_for_url(lambda url: not url.endswith(again.url[-12:]))
    expect(page.locator("#line")).to_contain_text("Painted")
    assert read(server.store / page.url[-12:]).settings.start == ""
    assert page.request.get(f"{server.address}results/{run}/start.png").ok
    assert page.request.get(f"{server.address}results/{page.url[-12:]}/start.png").status == 404
    assert page.request.get(f"{server.address}starts/{name}.png").status == 404


@pytest.fixture
def hub(tmp_path):
    """A hub that serves a narrow VQGAN and a tiny CLIP under the names of the real ones."""
    checkpoint = lightning(tmp_path / "imagenet.ckpt", tensors_of(NARROW))
    content = checkpoint.read_bytes()
    clip, served = listed("o/clip", clip_folder(tmp_path / "clip"))
    hub = Hub(served | {"v/qgan/imagenet.ckpt": checkpoint})
    file = File("imagenet.ckpt", len(content), hashlib.sha256(content).hexdigest())
    vqgan = TABLE["vqgan-imagenet"]._replace(files=(file,), sources=(Source("v/qgan", COMMIT),))
    hub.table = {"vqgan-imagenet": vqgan, "clip-vit-b32": clip}
    yield hub
    hub.close()


def test_full_size_painter_is_downloaded_converted_and_painted_with(visit, example, hub, tmp_path):
    seen = threading.Event()
    hub.faults["v/qgan/imagenet.ckpt"] = [("stall", seen)]
    small = SMALL.format(table=hub.table)
    painter = small + PAINTER.format(config=NARROW)
    command, folder = ["-c", small + PAGE.format(painter=painter)], tmp_path / "server"
    folder.mkdir()
    path = {"PYTHONPATH": str(ROOT), "GRADIO_ANALYTICS_ENABLED": "False"}
    with serving(command, folder, example, **hub.env(tmp_path), **path) as server:
        page = visit(at=server)
        choose(page, "VQGAN, ImageNet")
        expect(page.locator("#here")).to_contain_text("are downloaded first, once")
        expect(page.locator("#here")).to_contain_text("Without a GPU")
        fill(page, "a cat", "a castle " * 20, steps=2)
        for side in ("Width", "Height"):
            page.get_by_label(side, exact=True).fill("128")
        page.get_by_label("Height", exact=True).blur()
        paint(page)
        line = page.locator("#line")
        expect(line).to_contain_text("Downloading v/qgan/imagenet.ckpt")
        expect(line).to_contain_text("MB, once")
        seen.set()
        expect(line).to_contain_text("Painted")
        expect(line.locator(".note").first).to_contain_text("Prompt 2 has 120 tokens")
        saved = read(server.store / page.url[-12:])
        assert (saved.settings.generator, saved.settings.width) == ("vqgan-imagenet", 128)
        data = json.loads((saved.folder / "result.json").read_text())
        assert data["device"]["name"] in line.inner_text()
        expect(page.locator("#here")).not_to_contain_text("downloaded first")
        again = visit(f"?run={saved.id}", at=server)
        advanced(again)
        expect(again.get_by_label("Painter", exact=True)).to_have_value("VQGAN, ImageNet")
        expect(again.get_by_label("Width", exact=True)).to_have_value("128")
        # The run is over, and so its pace is known; what is told follows the steps asked for.
        again.get_by_label("Steps", exact=True).fill("200")
        again.get_by_label("Steps", exact=True).blur()
        expect(again.locator("#here")).to_contain_text("steps measured here")
