"""What is drawn when a browser asks: right files, nothing else, whatever is asked for."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import settings
from PIL import Image

from otgen.explain.crops import SIDE, crops
from otgen.recipe.prompts import Prompt
from otgen.results.saving import save
from otgen.results.store import read, record
from otgen.run.comparison import compare
from otgen.run.plan import plan
from otgen.ui import render
from otgen.ui.render import evidence, rendered, words


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    prompts = (Prompt("a cat"), Prompt("a castle"), Prompt("the ocean"))
    return read(save(compare(plan(settings(prompts=prompts))), tmp_path_factory.mktemp("store")))


def test_frames_are_the_small_pictures_of_their_moment(saved):
    evidence = record(saved)
    for moment in range(3):
        file = rendered(saved, "frame-mean.webp", {"moment": str(moment)})
        assert file.kind == "image/webp"
        with Image.open(io.BytesIO(file.data)) as picture:
            shown = np.asarray(picture.convert("RGB"), np.float32)
        kept = evidence.frames[moment, 1]
        assert shown.shape == kept.shape
        assert np.abs(shown - kept).mean() < 6  # webp loses a little


def test_plots_take_moments_prompts_and_all_cutouts(saved):
    def size(name: str, **query: str) -> tuple[int, int]:
        with Image.open(io.BytesIO(rendered(saved, name, query).data)) as picture:
            return picture.size

    pairs, pair = size("plot-plane-light-wide.png"), size("plot-plane-light-wide.png", of="2.0")
    assert pairs[0] == pair[0] == 1800
    assert pairs[1] > 2 * pair[1]  # three pairs, and one
    name = "plot-plane-light-narrow.png"
    first, last = (rendered(saved, name, {"moment": moment}).data for moment in ("0", "2"))
    assert first != last == rendered(saved, name, {}).data
    assert size("plot-space-dark-narrow.png", of="2.1.0", moment="1")[0] == 780
    sheet = "plot-sheets-light-wide.png"
    assert size(sheet, every="1")[0] == 1800
    first, last = (rendered(saved, sheet, {"moment": moment}).data for moment in ("0", "2"))
    assert first != last == rendered(saved, sheet, {}).data
    assert rendered(saved, "plot-maps-dark-wide.svg", {}).kind == "image/svg+xml"


def test_words_state_the_numbers_of_what_is_shown(saved):
    text = rendered(saved, "plot-plane.txt", {"moment": "1", "of": "2.0"})
    assert text.kind.startswith("text/plain")
    assert "“the ocean” and “a cat”" in text.data.decode()
    assert "at step 1" in text.data.decode()
    assert rendered(saved, "plot-maps.txt", {}).data.decode() == words(saved, "maps")


def test_cutouts_are_placed_among_their_prompts(saved):
    evidence = record(saved)
    asked = rendered(saved, "cutouts.json", {"of": "2.0", "moment": "1"})
    data = json.loads(asked.data)
    assert asked.kind == "application/json"
    assert (data["axes"], data["cutouts"]) == ([2, 0], 6)
    for lane, name in enumerate(evidence.lanes):
        shown, cost = data["lanes"][name], evidence.cost[1, lane]
        np.testing.assert_allclose(shown["cost"], cost[:, [2, 0]], atol=1e-4)
        assert shown["nearest"] == cost.argmin(-1).tolist()
        places = np.array([shown["at"], shown["to"]])
        assert (places >= 0).all()
        assert (places <= 1).all()
        # Along each axis places rise with the costs, evenly; what is sent has four decimals.
        for axis, prompt in enumerate((2, 0)):
            at = np.array(shown["at"])[:, axis]
            slope, start = np.polyfit(cost[:, prompt], at, 1)
            assert slope > 0
            np.testing.assert_allclose(slope * cost[:, prompt] + start, at, atol=2e-4)
            assert np.ptp(at) > 0
    assert len(json.loads(rendered(saved, "cutouts.json", {"of": "0.1.2"}).data)["axes"]) == 3


@pytest.mark.parametrize(("query", "moment"), [({"moment": "1"}, 1), ({}, 2)])
def test_sheet_holds_the_cutouts_of_its_moment_in_order(saved, query, moment):
    with Image.open(io.BytesIO(rendered(saved, "cutouts-mean.webp", query).data)) as picture:
        assert picture.size == (16 * SIDE, SIDE)
        shown = np.asarray(picture.convert("RGB"), np.float32)
    for place, crop in enumerate(crops(record(saved), 1, moment, range(6))):
        part = shown[:, place * SIDE : (place + 1) * SIDE]
        assert np.abs(part - crop).mean() < 8  # webp loses a little


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("frame-ot.webp", {"moment": "3"}),
        ("frame-ot.webp", {"moment": "-1"}),
        ("frame-ot.webp", {"moment": "1" * 5000}),
        ("frame-ot.webp", {"moment": "１"}),
        ("frame-../ot.webp", {}),
        ("frame-vqgan.webp", {}),
        ("plot-plane-light-wide.png", {"of": "0.0"}),
        ("plot-plane-light-wide.png", {"of": "0.3"}),
        ("plot-plane-light-wide.png", {"of": "0.1.2"}),
        ("plot-plane-light-wide.png", {"of": "."}),
        ("plot-space-light-wide.png", {"of": "0.1"}),
        ("plot-lines-light-wide.png", {"moment": "x"}),
        ("plot-lines-light-huge.png", {}),
        ("plot-lines-light-wide.png\n", {}),
        ("plot-nothing.txt", {}),
        ("cutouts.json", {}),
        ("cutouts.json", {"of": "0.0"}),
        ("cutouts.json", {"of": "0.1.2.0"}),
        ("cutouts-none.webp", {}),
        ("cutouts-ot.webp", {"moment": "3"}),
        ("arrays.npz", {}),
    ],
)
def test_other_names_and_choices_are_no_file(saved, name, query):
    assert rendered(saved, name, query) is None


def test_broken_evidence_is_no_file(saved, tmp_path):
    for name in ("result.json", "ot.png", "mean.png"):
        (tmp_path / name).write_bytes((saved.folder / name).read_bytes())
    (tmp_path / "arrays.npz").write_bytes(b"not arrays")
    broken = read(tmp_path)
    assert evidence(broken) is None
    assert rendered(broken, "frame-ot.webp", {}) is None
    assert rendered(broken, "plot-lines-light-wide.png", {}) is None


def test_one_plot_asked_for_by_many_at_once_is_the_same(saved):
    with ThreadPoolExecutor(4) as pool:
        asked = [("plot-maps-light-narrow.png", {"moment": "1"})] * 4
        files = list(pool.map(lambda each: rendered(saved, *each), asked))
    assert len({file.data for file in files}) == 1


def test_what_is_ready_waits_for_nothing_and_a_plot_for_no_film(saved):
    with ThreadPoolExecutor(1) as another:

        def ask() -> bytes:
            asked = another.submit(rendered, saved, "plot-lines-light-narrow.png", {})
            return asked.result(30).data

        with render._FILMING:  # a film is being made
            made = ask()
        with render.PLOTTING:
            assert ask() == made
