"""What a run may cost on this host, and what a visitor may ask for."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from helpers import settings
from wait import within

from otgen.recipe.prompts import InputError
from otgen.run.events import Ended, Machine, Step
from otgen.run.plan import plan
from otgen.service import limits as module
from otgen.service.admission import QueueFull
from otgen.service.limits import Limits, check, limits, memory
from otgen.service.queue import Jobs

ROOMY = Limits(public=True, waiting=2, seconds=1800, memory=1e12)
SMALL = settings(generator="storybook", cutouts=64)
LARGE = replace(
    SMALL,
    cutouts=256,
    height=1024,
    width=1024,
    lanes=("ot", "mean", "ot@0.01", "ot@0.5", "ot@2", "ot@0.03"),
)


class Waiting:
    """An executor whose runs are over when they are stopped, without a painter."""

    slots = 1

    def check(self, planned) -> None:
        """Refuse nothing."""

    def visited(self, planned) -> bool:
        return False

    def run(self, planned, store, see, stopping: threading.Event) -> None:
        see(Step(1, None, None))
        stopping.wait(120)
        see(Ended("stopped", 0))

    def stop(self, id: str) -> None:
        """Notice nothing: it waits for the event."""

    def machine(self) -> Machine | None:
        return None

    def close(self) -> None:
        """Leave nothing."""


@pytest.fixture
def shared(tmp_path):
    """The queue of a public host."""
    jobs = Jobs(tmp_path / "store", Waiting(), allowed=ROOMY)
    yield jobs
    jobs.close()


def test_estimate_of_memory_is_that_of_the_measured_runs():
    # Peaks of a process, MB: two lanes and 64 cutouts, then six and 256, at 256 and 1024 pixels.
    assert memory(plan(SMALL)) == pytest.approx(1322e6, rel=0.1)
    assert memory(plan(replace(LARGE, height=256, width=256))) == pytest.approx(3687e6, rel=0.1)
    assert memory(plan(LARGE)) == pytest.approx(4321e6, rel=0.1)


def test_run_that_takes_more_memory_than_allowed_is_refused_with_what_to_lower():
    allowed = ROOMY._replace(memory=3e9)
    check(plan(SMALL), allowed, lambda: None)
    with pytest.raises(InputError) as refused:
        check(plan(LARGE), allowed, lambda: None)
    said = str(refused.value)
    assert "GB of memory, and here it may take 3.0 GB" in said
    for word in ("cutouts (256)", "lanes (6)", "1024 x 1024"):
        assert word in said


def test_run_that_paints_too_long_is_refused_with_steps_that_fit():
    with pytest.raises(InputError, match="about 60 min, and here it may take 30 min: try 1000 st"):
        check(plan(replace(SMALL, steps=2000)), ROOMY, lambda: 3600.0)
    check(plan(replace(SMALL, steps=2000)), ROOMY, lambda: None)  # nobody knows


def test_run_that_was_never_measured_is_refused_by_its_operations_on_a_cpu(tmp_path):
    paper = settings(generator="vqgan-imagenet", steps=1000, cutouts=64)
    slow, quick = Waiting(), Waiting()
    slow.machine, quick.machine = lambda: Machine("cpu", 0.05), lambda: Machine("cuda", 0.05)
    jobs = Jobs(tmp_path / "slow", slow, allowed=ROOMY)
    with pytest.raises(InputError, match=r"about 18 h, and here it may take 30 min: try 2\d steps"):
        jobs.ask(paper, "a page")
    jobs.close()
    jobs = Jobs(tmp_path / "quick", quick, allowed=ROOMY)
    jobs.ask(paper, "a page")
    jobs.close()


def test_limits_are_tighter_on_a_public_host_and_variables_set_them(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    home = limits()
    monkeypatch.setenv("SPACE_ID", "someone/otgen")
    public = limits()
    assert (home.public, public.public) == (False, True)
    assert public.waiting < home.waiting
    assert public.seconds < home.seconds
    assert public.memory < home.memory
    monkeypatch.setenv("OTGEN_RUNS_EACH", "7")
    monkeypatch.setenv("OTGEN_LONGEST_RUN", "60")
    monkeypatch.setenv("OTGEN_MEMORY", "2 GB")
    assert limits() == (True, 7, 60, 2e9)


def test_memory_of_a_container_counts_where_it_is_less(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_CGROUP", tmp_path / "memory.max")
    (tmp_path / "memory.max").write_text("1000000000\n")
    assert limits().memory == pytest.approx(0.9e9)
    (tmp_path / "memory.max").write_text("max\n")
    assert limits().memory > 1e9


@pytest.mark.parametrize(
    ("variable", "said"),
    [("OTGEN_RUNS_EACH", "0"), ("OTGEN_LONGEST_RUN", "1 h"), ("OTGEN_MEMORY", "x")],
)
def test_variable_that_is_no_number_is_refused_by_its_name(monkeypatch, variable, said):
    monkeypatch.setenv(variable, said)
    with pytest.raises(InputError, match=f"{variable} is .*allowed"):
        limits()


def test_visitor_has_so_many_runs_in_the_queue_and_others_have_theirs(shared):
    jobs = [shared.ask(replace(SMALL, seed=seed), "one page") for seed in range(2)]
    within(120, lambda: shared._running)
    jobs += [shared.ask(replace(SMALL, seed=2), "one page")]  # one runs, two wait
    with pytest.raises(QueueFull, match="This page has 2 runs in the queue already"):
        shared.ask(replace(SMALL, seed=3), "one page")
    other = shared.ask(replace(SMALL, seed=3), "another page")
    assert shared.status(other).place == 3
    shared.stop(jobs[-1].id, "one page")
    shared.ask(replace(SMALL, seed=4), "one page")


def test_stop_is_for_the_page_that_asked(shared):
    job = shared.ask(SMALL, "first")
    assert shared.ask(SMALL, "second") is job
    assert not shared.stoppable(job, "a page with its link")
    assert shared.stoppable(job, "first")
    assert shared.stop(job.id, "first") is False
    assert not job.stopping.is_set()
    assert not shared.stoppable(job, "first")
    assert shared.stop(job.id, "second") is True
    assert job.stopping.is_set()


def test_host_stops_any_run_and_at_home_any_page_does(shared, tmp_path):
    job = shared.ask(SMALL, "first")
    assert shared.stop(job.id) is True
    assert job.stopping.is_set()
    home = Jobs(tmp_path / "home", Waiting(), allowed=ROOMY._replace(public=False))
    job = home.ask(SMALL, "first")
    home.ask(SMALL, "second")
    assert home.stoppable(job, "a page with its link")
    assert home.stop(job.id, "first") is True
    assert job.stopping.is_set()
    home.close()


def test_verdict_says_beforehand_what_is_refused_and_what_is_long(tmp_path):
    jobs = Jobs(tmp_path, Waiting(), allowed=ROOMY._replace(memory=3e9))
    assert "of memory" in jobs.cost.verdict(LARGE).sentence
    assert not jobs.cost.verdict(LARGE).can
    assert jobs.cost.verdict(SMALL).sentence == ""
    jobs.cost.pace.note(plan(SMALL), 20.0, 10)  # one second a step and lane
    long = jobs.cost.verdict(replace(SMALL, steps=60))
    assert (long.can, long.sentence) == (True, "It paints for about 2 min here.")
    assert "30 min: try" in jobs.cost.verdict(replace(SMALL, steps=2000)).sentence
    jobs.close()
