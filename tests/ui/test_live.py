"""The curves of a run in flight."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
from helpers import settings

from otgen.recipe.prompts import Prompt
from otgen.run.events import Preview
from otgen.service.job import Job, Status, Trace
from otgen.ui.live import live


def trace(k: int, m: int, seed: int = 0) -> Trace:
    draw = np.random.default_rng(seed)
    counts = draw.multinomial(64, np.full(m, 1 / m), (k, 2))
    return Trace(np.arange(k), draw.uniform(size=(k, 2)), counts)


def shown(made: Trace, prompts=("a cat", "a castle"), steps: int = 2) -> ElementTree.Element:
    job = Job("0" * 12, settings(prompts=tuple(map(Prompt, prompts)), steps=steps))
    return ElementTree.fromstring(live(job, Status(trace=made)))


def test_nothing_is_shown_before_the_first_look():
    assert live(Job("0" * 12, settings()), Status()) == ""


def test_areas_are_the_parts_of_the_cutouts_at_their_steps():
    made = Trace(
        np.array([0, 4]), np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[[1, 3], [2, 2]]] * 2)
    )
    figures = shown(made, steps=8).findall(".//figure")
    assert len(figures) == 2
    last, first = (each.get("points") for each in figures[0].iter("polygon"))
    assert first == "0.0,12.5 50.0,12.5 50.0,0 0.0,0"  # a quarter of the cutouts, half of the run
    assert last == "0.0,50.0 50.0,50.0 50.0,0 0.0,0"
    assert "balance 0.81, loss 1.000" in figures[0].get("aria-label")
    assert figures[0].find(".//polyline").get("points") == "0.0,3.0 50.0,47.0"  # it falls
    assert figures[1].find(".//polyline").get("points") == "0.0,47.0 50.0,3.0"


def test_a_long_run_of_many_prompts_stays_small_and_keeps_its_ends():
    made = trace(2000, 16)
    page = shown(made, [f"prompt {j}" for j in range(16)], steps=2000)
    line = page.find(".//polyline").get("points").split()
    assert len(line) == 80
    assert line[0].startswith("0.0,")
    assert line[-1].startswith("100.0,")
    assert len(ElementTree.tostring(page)) < 60_000


def test_one_look_and_one_prompt_are_drawn():
    assert len(shown(trace(1, 1), ["a cat"]).findall(".//polygon")) == 2


def test_watching_keeps_a_bounded_trace():
    job = Job("0" * 12, settings(steps=1000))
    for step in range(1001):
        job.see(Preview(step, (b"", b""), ((1, 3), (2, 2)), (step, -1.0)))
    seen = job.status.trace
    assert len(seen.steps) <= 240
    assert (seen.steps[0], seen.steps[-1]) == (0, 1000)
    assert (np.diff(seen.steps) > 0).all()
    np.testing.assert_array_equal(seen.losses[:, 0], seen.steps)
    assert re.fullmatch(r"\(\d+, 2, 2\)", str(seen.counts.shape))
    assert (seen.counts.sum(-1) == 4).all()
