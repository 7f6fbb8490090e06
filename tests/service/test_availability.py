"""What a person is told before a run: downloads, offline machines, and time without a GPU."""

from __future__ import annotations

import pytest

from otgen.models.catalogue import TABLE
from otgen.painters.catalogue import card
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.run.events import Machine
from otgen.run.plan import Plan, plan
from otgen.service import availability
from otgen.service.availability import (
    download_bytes,
    estimate,
    licences,
    memory_bytes,
    verdict,
)
from otgen.service.pace import duration

PROMPTS = (Prompt("a cat"), Prompt("a dog"))
SLOW = Machine("cpu", 0.1)


def of(generator: str, **changes) -> Plan:
    """Return the plan of a run of two prompts."""
    return plan(Settings(PROMPTS, generator, **changes))


PAPER = of("vqgan-imagenet", steps=1000)


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch):
    """Nothing but what ships, and a hub in reach."""
    monkeypatch.setattr(availability, "present", lambda name: name not in TABLE)
    monkeypatch.setattr(availability, "missing_bytes", lambda *names: 1_585_339_441)
    monkeypatch.setattr(availability, "reachable", lambda: True)


def test_shipped_painter_is_simply_there(monkeypatch):
    monkeypatch.setattr(availability, "missing_bytes", lambda *names: 0)
    answer = verdict(of("storybook"), SLOW)
    assert answer == (True, 0, None, "", "")
    assert verdict(of("storybook"), SLOW, pace=0.06) == answer


@pytest.mark.parametrize("machine", [None, Machine("cuda", 0.1)])
def test_no_time_is_said_of_a_gpu_or_of_a_machine_that_is_not_known(machine):
    answer = verdict(PAPER, machine)
    assert answer.seconds is None
    assert answer.sentence == "1.6 GB are downloaded first, once."


def test_gpu_that_is_not_used_is_named():
    note = "The installed torch was not built for this GPU."
    assert verdict(PAPER, Machine("cpu", 0.1, note)).sentence.endswith(note)
    assert note not in verdict(of("storybook"), Machine("cpu", 0.1, note)).sentence


def test_download_and_time_without_a_gpu_are_said():
    answer = verdict(PAPER, SLOW)
    assert answer.can
    assert "1.6 GB are downloaded first" in answer.sentence
    # 2 lanes x 1000 steps x (0.5 + 64 x 0.0177) / 0.1 s: nine hours
    assert answer.seconds == pytest.approx(32_660, rel=0.01)
    assert "about 9 h" in answer.sentence


def test_download_of_unknown_size_is_about_so_large():
    assert (
        "About 1.6 GB are downloaded first"
        in verdict(of("vqgan-imagenet", encoder="clip-vit-b16")).sentence
    )


def test_measured_steps_are_believed_before_the_estimate():
    answer = verdict(PAPER, SLOW, pace=0.06)
    assert answer.seconds == pytest.approx(120)
    assert "about 2 min (estimated from steps measured here)" in answer.sentence


def test_offline_machine_says_so_and_offers_the_mini_painter(monkeypatch):
    monkeypatch.setattr(availability, "reachable", lambda: False)
    answer = verdict(PAPER)
    assert not answer.can
    assert answer.instead == "storybook"
    assert "can't be reached" in answer.sentence
    assert verdict(of("diffusion")).instead == "storybook"


def test_offline_machine_with_the_weights_can(monkeypatch):
    monkeypatch.setattr(availability, "reachable", lambda: False)
    monkeypatch.setattr(availability, "present", lambda name: True)
    assert verdict(PAPER).can


def test_estimate_grows_with_the_work():
    base = estimate(PAPER, 0.1)
    wide = of("vqgan-imagenet", steps=1000, width=512)
    better = of("vqgan-imagenet", steps=1000, encoder="clip-vit-l14")
    assert base < estimate(wide, 0.1) < estimate(better, 0.1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.24, "0.2 s"), (40, "40 s"), (125, "2 min 5 s"), (700, "12 min"), (9000, "2 h")],
)
def test_time_in_words(seconds, words):
    assert duration(seconds) == words


def test_licences_memory_and_downloads_are_known():
    def models(generator: str, encoder: str | None = None) -> tuple[str, ...]:
        return card(generator).models(encoder)

    assert licences(models("diffusion"))["stable-diffusion-v1-5"].startswith(
        "creativeml-openrail-m"
    )
    assert licences(PAPER.models)["vqgan-imagenet"].startswith("not stated")
    assert licences(models("vqgan-mini")) == {}
    assert download_bytes(models("vqgan-mini")) == 0
    assert download_bytes(PAPER.models) == 1_585_339_441  # checkpoint and CLIP, as facts say
    assert download_bytes(models("vqgan-mini", "clip-vit-b32")) == 605_247_071
    assert 0.8e9 < memory_bytes(PAPER.models) < 1e9
    mini, small = memory_bytes(models("vqgan-mini")), memory_bytes(models("diffusion-mini"))
    assert 10e6 < mini < small < 100e6
