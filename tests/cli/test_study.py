"""``otgen study``: what it paints, prints and refuses."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from otgen.cli import study as module
from otgen.cli.main import main
from otgen.run.events import Ended
from otgen.service.executors.inline import Inline
from otgen.study.table import FILE, read_rows

_TEXT = "generator: vqgan-mini\nsteps: 1\ncutouts: 6\nseeds: 2\nprompts: [a cat | a castle]\n"


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The command of a study of two short runs, which are painted in this process."""
    monkeypatch.delenv("OTGEN_EXECUTOR", raising=False)
    monkeypatch.setattr(module, "Process", lambda environment: Inline())
    file = tmp_path / "short.yaml"
    file.write_text(_TEXT)
    return ["study", str(file), "--out", str(tmp_path / "store")]


class _Idle(Inline):
    """Paints nothing and says it did."""

    def warm(self, planned, note) -> None:
        note(0.3, 3)

    def run(self, planned, store, see, stopping) -> None:
        see(Ended("done", 1, 0.1))


def test_study_paints_once_and_prints_its_report(asked, tmp_path, capsys):
    assert main(asked) == 0
    first = capsys.readouterr()
    report = Path(first.out.strip())
    assert report == tmp_path / "store" / "studies" / "short" / "report.html"
    assert "2 runs to paint, about " in first.err
    assert "2 of 2 runs in " in first.err
    results = {path: path.stat().st_mtime_ns for path in tmp_path.glob("store/*/result.json")}
    assert len(results) == 2
    before = report.read_bytes()
    assert main([*asked, "--remake"]) == 0
    assert main(asked) == 0
    assert "All 2 runs are in " in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in results} == results
    assert report.read_bytes() == before


def test_estimate_paints_nothing(asked, tmp_path, capsys):
    assert main([*asked, "--estimate"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "2 runs to paint, about " in said.err
    assert not (tmp_path / "store").exists()


def test_long_study_is_begun_only_if_told(asked, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module, "LONG", 0.0)
    monkeypatch.setattr(module, "Process", lambda environment: _Idle())
    assert main(asked) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("That is long: give --yes")
    assert not (tmp_path / "store").exists()
    assert main([*asked, "--yes"]) == 0


def test_signal_keeps_what_is_painted_and_the_same_command_goes_on(
    asked, tmp_path, capsys, monkeypatch
):
    file = tmp_path / "short.yaml"
    file.write_text(_TEXT.replace("steps: 1", "steps: 4"))
    see = module._Bar.see

    def interrupted(bar, progress) -> None:
        see(bar, progress)
        if (progress.step, progress.state) == (2, "painting"):  # once: a second signal acts
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(module._Bar, "see", interrupted)
    assert main(asked) == 128 + signal.SIGTERM
    said = capsys.readouterr()
    assert "the same command goes on from there" in said.err
    table = read_rows(Path(said.out.strip()).with_name(FILE))
    assert {row["state"] for row in table} == {"stopped", "missing"}
    monkeypatch.setattr(module._Bar, "see", see)
    assert main(asked) == 0
    table = read_rows(Path(capsys.readouterr().out.strip()).with_name(FILE))
    assert {row["state"] for row in table} == {"done"}


def test_run_that_fails_is_in_the_report_and_ends_with_1(asked, capsys, monkeypatch):
    run = Inline.run

    def failing(self, planned, store, see, stopping) -> None:
        if planned.settings.seed == 2:
            raise RuntimeError("a bug")
        run(self, planned, store, see, stopping)

    monkeypatch.setattr(Inline, "run", failing)
    assert main(asked) == 1
    said = capsys.readouterr()
    assert "seed 2: The run failed" in said.err
    summary = json.loads(Path(said.out.strip()).with_name("summary.json").read_text())
    assert summary["runs"] == {"asked": 2, "done": 1, "failed": 1}


def test_workers_are_painters_with_their_part_of_the_cores(asked, monkeypatch):
    made = []
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(module, "Process", lambda own: made.append(own) or _Idle())
    assert main([*asked, "--workers", "2"]) == 0
    assert made == [{"OMP_NUM_THREADS": "4"}] * 2


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--workers", "0"], "--workers is 0; allowed are 1 to 64"),
        (["--score", "none.csv"], "is no key: lay the sheet out"),
        (["--blind-sheet"], "No run of the study is painted"),
        (["--remake"], "paint the study first"),
    ],
)
def test_what_can_t_be_done_is_one_sentence(asked, capsys, more, sentence):
    assert main([*asked, *more]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_other_executors_have_their_own_number_of_workers(asked, capsys, monkeypatch):
    monkeypatch.setenv("OTGEN_EXECUTOR", "ray")
    monkeypatch.setattr(module, "chosen", _Idle)
    assert main([*asked, "--workers", "2"]) == 2
    assert "OTGEN_RAY_SLOTS" in capsys.readouterr().err
    assert main(asked) == 0


def test_pyarrow_that_is_not_installed_is_said_before_the_runs(
    asked, tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(asked) == 2
    assert "-m pip install -r requirements-study.txt" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_bar_counts_the_work_of_runs_and_not_what_was_painted_before(asked, tmp_path):
    from otgen.study.driver import Progress
    from otgen.study.recipe import read_study

    one, other = (run.plan for run in read_study(Path(asked[1])).runs)
    many = replace(other, settings=replace(other.settings, cutouts=60, steps=10))
    bar = module._Bar([one, many])
    assert bar._bar.total == 2 * 6 * 1 + 2 * 60 * 10
    bar.see(Progress(many, 4, "painting"))  # it goes on from there
    bar.see(Progress(many, 10, "done"))
    assert (bar._bar.total, bar._bar.n if not bar._bar.disable else 720) == (12 + 720, 720)
    assert bar.over == 1
