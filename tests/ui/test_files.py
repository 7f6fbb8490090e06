"""The files of results over HTTP, of results that go at the worst moment."""

from __future__ import annotations

import io
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from kept import EXAMPLE, kept, number
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from otgen.recipe.codec import to_query
from otgen.recipe.experiments import steps_of
from otgen.recipe.lanes import slug
from otgen.results import library
from otgen.results.figures import FIGURES, dial
from otgen.results.store import read
from otgen.run.plan import plan
from otgen.ui import experiment_figure
from otgen.ui.experiment_figure import figure_route
from otgen.ui.files import filename, route
from otgen.ui.sharing import sharing

ZIP = filename(read(EXAMPLE), "otgen", "zip")
FILES = (
    *(
        "ot.png",
        "ot-plain.png",
        "result.json",
        "thumbnail.webp",
        "card.jpg",
        "frame-ot.webp",
        "cutouts-ot.webp",
    ),
    *("plot-lines-light-wide.png", "plot-plane-dark-narrow.svg", "plot-maps.txt"),
    *("cutouts.json?of=0.1", "timelapse.webp", "timelapse.mp4", ZIP),
)


@pytest.fixture
def client(jobs):
    """Ask the app in this process: what it raises, the test raises."""
    with TestClient(Starlette(routes=[route(jobs), figure_route(jobs)])) as client:
        yield client


@pytest.mark.parametrize("name", FILES)
def test_file_of_a_result_that_goes_once_it_was_found_is_a_404(client, jobs, monkeypatch, name):
    kept(jobs.store, number(1), evidence=True)
    address, find = f"/results/{number(1)}/{name}", jobs.find
    assert client.head(f"/results/{number(1)}/ot.png").status_code == 200

    def find_once(id):
        saved = find(id)
        library.delete(jobs.store, id)
        return saved

    monkeypatch.setattr(jobs, "find", find_once)
    answer = client.get(address)
    assert (answer.status_code, answer.text) == (404, "There is no such result.")
    monkeypatch.setattr(jobs, "find", find)
    kept(jobs.store, number(1), evidence=True)
    assert client.get(address).status_code == 200  # it is there again, and found again


def test_plain_picture_has_the_same_pixels_and_says_nothing(client, jobs):
    saved = kept(jobs.store, number(1))
    stored = (saved.folder / "ot.png").read_bytes()
    plain = client.get(f"/results/{number(1)}/ot-plain.png").content
    before, after = Image.open(io.BytesIO(stored)), Image.open(io.BytesIO(plain))
    assert after.info == {}
    assert before.convert("RGB").tobytes() == after.tobytes()
    assert "otgen" in before.info
    page = sharing(saved)
    assert f'href="results/{number(1)}/ot-plain.png" download="otgen-ot.png"' in page
    assert client.get(f"/results/{number(1)}/other-plain.png").status_code == 404


def test_results_that_come_and_go_are_whole_or_not_there(client, jobs):
    ended = threading.Event()

    def come_and_go():
        for _ in range(60):
            kept(jobs.store, number(1))
            library.delete(jobs.store, number(1))
        ended.set()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    whole = {name: (EXAMPLE / name).read_bytes() for name in ("ot.png", "mean.png")}
    seen = set()
    while not ended.is_set():
        for name in (*whole, "result.json", "thumbnail.webp"):
            answer = client.get(f"/results/{number(1)}/{name}")
            seen.add(answer.status_code)
            if answer.status_code == 200 and name in whole:
                assert answer.content == whole[name]
    thread.join()
    assert seen <= {200, 404}


@pytest.fixture
def dialled(jobs) -> str:
    """Put the dial of the example into the store; return the address of its figure."""
    (step,) = steps_of("dial", read(EXAMPLE).settings)
    id, lanes = plan(step.settings).id, step.settings.lanes
    shutil.copytree(EXAMPLE, jobs.store / id)
    data = json.loads((EXAMPLE / "result.json").read_text())
    numbers = dict.fromkeys(lanes, data["numbers"]["ot"])
    data |= {"id": id, "settings": step.settings.as_dict(), "numbers": numbers}
    (jobs.store / id / "result.json").write_text(json.dumps(data))
    for lane in lanes:
        shutil.copy(EXAMPLE / "ot.png", jobs.store / id / f"{slug(lane)}.png")
    assert jobs.get(id)
    return f"/experiments/dial-light-wide.png?{to_query(read(EXAMPLE).settings)}"


def test_figure_that_many_ask_for_at_once_is_drawn_once(client, dialled, monkeypatch):
    figures = []

    def draw(*args, **options):
        figures.append(args)
        return dial(*args, **options)

    monkeypatch.setitem(FIGURES, "dial", draw)
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(client.get, [dialled] * 4))
    assert len(figures) == 1
    assert len({file.content for file in files}) == 1
    assert files[0].headers["content-type"] == "image/png"


def test_figure_of_a_run_that_goes_meanwhile_is_a_404(client, jobs, dialled, monkeypatch):
    def gone(folder):
        library.delete(jobs.store, folder.name)
        return read(folder)

    monkeypatch.setattr(experiment_figure, "read", gone)
    answer = client.get(dialled)
    assert (answer.status_code, answer.text) == (404, "A run of it was deleted a moment ago.")
