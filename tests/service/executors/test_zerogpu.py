"""What a run may cost on ZeroGPU; how it is painted there is tests/ui/test_zerogpu.py's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import pytest

from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings
from otgen.run.events import Ended, Failed
from otgen.run.plan import plan
from otgen.service import executors
from otgen.service.executors.process import Process
from otgen.service.executors.zerogpu import ZeroGPU, _refused

PAPER = Settings((Prompt("a cat"), Prompt("a castle")), "vqgan-imagenet", steps=1000)


def undecorated(duration):
    """Stand for ``spaces.GPU`` where nothing is called."""
    return lambda task: task


@pytest.fixture
def space() -> Iterator[ZeroGPU]:
    made = ZeroGPU(undecorated, 120)
    yield made
    made.close()


def test_what_ships_needs_no_visitor_and_costs_nothing(space):
    small = plan(replace(PAPER, generator="storybook", steps=2000))
    assert not space.visited(small)
    space.check(small)
    assert space.visited(plan(PAPER))


def test_paper_s_run_fits_into_a_call(space):
    space.check(plan(PAPER))
    # 2 lanes x 1000 steps x (0.5 + 64 x 0.0177) at 40 a second, and ten seconds, a third more
    assert space._seconds(plan(PAPER)) == pytest.approx(1.3 * (81.6 + 10), abs=1)


def test_run_that_is_too_long_is_refused_with_steps_that_fit(space):
    long = replace(PAPER, steps=2000)
    with pytest.raises(
        InputError, match=r"a call of this Space may take 2 min: try \d+ steps"
    ) as no:
        space.check(plan(long))
    steps = int(str(no.value).split("try ")[1].split(" ")[0])
    assert 900 < steps < 1100
    space.check(plan(replace(PAPER, steps=steps)))
    with pytest.raises(InputError):
        space.check(plan(replace(PAPER, steps=steps + 20)))


def test_measured_seconds_are_believed_before_the_guess(space):
    planned = plan(PAPER)
    assert space._noted(planned, Ended("done", 1000, 20.0)).why == ""
    assert space._seconds(planned) == pytest.approx(1.3 * (20 + 10), abs=1)
    assert "Continue" in space._noted(planned, Ended("stopped", 500, 10.0)).why


class Refused(Exception):
    """As ``gr.Error``: its text is its message."""

    def __init__(self, message: str) -> None:
        self.message = message


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Refused("You have exceeded your free GPU quota (60s requested vs. 3s left)."), "tomorrow"),
        (Refused("GPU task aborted"), "ended the call before the run was done"),
        (Refused("No GPU was available"), "refuses the call: No GPU was available"),
        (RuntimeError("/secret"), "ended the call before"),
        (None, "ended the call before"),
    ],
)
def test_every_early_end_is_a_sentence(wrong, said):
    nothing, something = _refused(wrong, 0), _refused(wrong, 7)
    assert isinstance(nothing, Failed)
    assert said in nothing.error
    assert "secret" not in nothing.error
    assert (something.state, something.steps) == ("stopped", 7)
    assert said in something.why
    assert "Step 7 is kept" in something.why


def test_executor_is_chosen_by_a_variable(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    monkeypatch.delenv("OTGEN_EXECUTOR", raising=False)
    assert isinstance(executors.chosen(), Process)
    monkeypatch.setenv("OTGEN_EXECUTOR", "robot")
    with pytest.raises(InputError, match="OTGEN_EXECUTOR is “robot”; allowed are process, "):
        executors.chosen()


@pytest.mark.parametrize("seconds", ["", "x", "5", "99999"])
def test_real_package_off_zerogpu_is_taken_as_it_is(monkeypatch, seconds):
    assert import_module("spaces").GPU(lambda: 3)() == 3
    monkeypatch.setenv("OTGEN_EXECUTOR", "zerogpu")
    monkeypatch.setenv("OTGEN_GPU_SECONDS", seconds)
    if seconds:
        with pytest.raises(InputError, match="a whole number from 20 to 3,600: try 120"):
            executors.chosen()
    else:
        assert isinstance(executors.chosen(), ZeroGPU)
