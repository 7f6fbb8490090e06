"""The page on ZeroGPU, seen by visitors; the package ``spaces`` is a stand-in."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from conftest import ROOT, serving
from pages import prompt_boxes
from playwright.sync_api import expect
from programs import program
from wait import within

from otgen.results.store import read, unfinished

SPACE = [str(ROOT / "tests" / "zerogpu_space.py")]
ADDRESS = "?prompts=a+cat+|+a+castle&generator=vqgan-mini&cutouts=4"
ASKED = {"prompts": "a cat :3 | a castle", "generator": "vqgan-mini", "cutouts": 4}
until = partial(within, 180)


@pytest.fixture(scope="module")
def signals(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("told")


def _serving(folder: Path, signals: Path, example: Path):
    return serving(SPACE, folder, example, OTGEN_SIGNALS=str(signals), OMP_NUM_THREADS="1")


@pytest.fixture(scope="module")
def space(example, signals, tmp_path_factory):
    with _serving(tmp_path_factory.mktemp("space"), signals, example) as server:
        yield server


@pytest.fixture
def client(space):
    client = program(space.address)
    yield client
    client.close()


@contextmanager
def there(file: Path):
    """Let a file be there."""
    file.touch()
    try:
        yield
    finally:
        file.unlink()


def run_of(job) -> str:
    return until(lambda: job.outputs() and job.outputs()[0]["run"])


def test_visitors_paint_one_after_another(client, space):
    for seed in (1, 2):  # this process never runs JAX: a fork of it would hang
        job = client.submit(**ASKED, steps=3, seed=seed, api_name="/compare")
        last = job.result(timeout=180)
        assert last["state"] == "done"
        assert last["result"]["steps"] == 3
        assert read(space.store / last["run"]).complete


def test_what_ships_is_painted_without_a_visitors_quota(client, signals, space):
    (signals / "quota").write_text("0")
    try:
        small = {"generator": "storybook", "sprites": 1, "cutouts": 4, "steps": 1}
        last = client.predict("a cat | a castle", **small, seed=3, api_name="/compare")
        assert last["state"] == "done"
        with pytest.raises(Exception, match="GPU time that you have today is less"):
            client.predict(**ASKED, steps=3, seed=4, api_name="/compare")
    finally:
        (signals / "quota").unlink()


def test_run_stops_before_its_call_ends_and_goes_on_in_the_next(client, signals, space):
    job = client.submit(**ASKED, steps=2000, seed=5, api_name="/compare")
    until(lambda: [news for news in job.outputs() if news["step"] > 1])
    with there(signals / "over"):
        last = job.result(timeout=180)
    assert last["state"] == "stopped"
    assert "seconds of this call are used up" in last["error"]
    made = last["result"]["steps"]
    assert 0 < made < 2000
    again = client.submit(**ASKED, steps=2000, seed=5, api_name="/compare")
    until(lambda: [news for news in again.outputs() if news["step"] > made])
    assert all(news["step"] >= made for news in again.outputs() if news["step"])
    client.predict(last["run"], api_name="/stop")
    assert again.result(timeout=180)["state"] == "stopped"
    assert unfinished(read(space.store / last["run"])).error.shape[0] > made


def test_run_of_a_visitor_who_goes_away_is_kept(client, space):
    job = client.submit(**ASKED, steps=40, seed=6, api_name="/compare")
    run = run_of(job)
    job.cancel()
    saved = until(lambda: (kept := read(space.store / run)) and kept.complete and kept)
    assert saved.steps == 40


def test_killed_call_leaves_its_checkpoint(client, signals, space):
    job = client.submit(**ASKED, steps=2000, seed=7, api_name="/compare")
    run = run_of(job)
    until(lambda: (kept := read(space.store / run)) and kept.steps)  # of step 0 nothing is told
    with there(signals / "dead"):
        last = job.result(timeout=180)
    assert last["state"] == "stopped"
    assert "ended the call before the run was done" in last["error"]
    assert read(space.store / last["run"]).steps == last["result"]["steps"]


def test_visitor_of_the_page_sees_why_and_goes_on(visit, signals, space):
    page = visit(f"{ADDRESS}&steps=2000&seed=8", space)
    expect(prompt_boxes(page).first).to_have_value("a cat")  # the form is filled
    page.locator("#paint").click()
    line = page.locator("#line")
    expect(line).to_contain_text(re.compile("Step [1-9]"))
    with there(signals / "over"):
        expect(line).to_contain_text("seconds of this call are used up")
    expect(line.get_by_text("Continue", exact=True)).to_be_visible()
    line.get_by_text("Continue", exact=True).click()
    expect(page.locator("#stop")).to_be_visible()
    page.locator("#stop").click()
    expect(line).to_contain_text("Stopped at step")


def test_experiment_is_told_to_take_what_ships(visit, space):
    page = visit(f"{ADDRESS}&steps=2&seed=9", space)
    expect(prompt_boxes(page).first).to_have_value("a cat")
    page.get_by_role("button", name="Paint prompts one by one").click()
    expect(page.get_by_text("gives to a visitor")).to_be_visible()
