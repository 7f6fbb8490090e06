"""What explaining costs: steps with and without keeping the evidence, and what its end takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.measure import Seconds, interleave, ratio, seconds, table
from bench.workload import GENERATORS as NAMES
from bench.workload import PAIR, objective
from otgen.explain import metrics
from otgen.explain.evidence import Record
from otgen.explain.plots import PLOTS, to_png
from otgen.guidance.loop import Snapshot, descend
from otgen.painters.catalogue import card
from otgen.run.pool import generator_of
from otgen.run.recorder import MOMENTS, Recorder

LANES = ("ot", "mean")


def _advance(run: Iterator[Snapshot], steps: int, watch: Callable[[Snapshot], object]) -> None:
    for _ in range(steps):
        watch(next(run))


def _run(name: str) -> tuple[Seconds, Recorder]:
    """Let two whole runs of a generator take turns, a few steps each; one keeps the evidence."""
    steps, look = card(name).steps, objective(name, LANES)
    recorder = Recorder(look, PAIR, ("ot", "mean"), steps)
    bare, kept = (descend(generator_of(name), look, len(LANES), 0, steps) for _ in range(2))
    turn = -(-steps // MOMENTS) * 2  # steps timed together: two of them are looked at closer
    contenders = {
        "plain": lambda: _advance(bare, turn, lambda snapshot: None),
        "explained": lambda: _advance(kept, turn, recorder),
    }
    return interleave(contenders, (steps + 1) // turn - 2), recorder


def _numbers(recorder: Recorder) -> Record:
    """Do what is done at the end of a run."""
    record = recorder.record()
    for lane in range(len(LANES)):
        metrics.numbers(record, lane)
    return record


def run() -> str:
    """Compare steps with and without the evidence; time the end of a run, and all its plots."""
    rows = []
    for name in NAMES:
        times, recorder = _run(name)
        record = _numbers(recorder)  # what is done once in a process is done
        end = seconds(lambda recorder=recorder: _numbers(recorder))
        drawing = seconds(
            lambda record=record: [
                to_png(plot.draw(record))
                for plot in PLOTS.values()
                if plot.suits(len(record.prompts), len(record.negative))
            ]
        )
        rows.append(
            [
                name,
                ratio(times["explained"], times["plain"]),
                f"{end:.2f} s",
                f"{drawing:.2f} s",
            ]
        )
    head = [
        "generator",
        "a step, explained / plain (<= 1.05)",
        "at the end: record and numbers (<= 3 s)",
        "where asked for: every plot as PNG",
    ]
    return "## Explanation\n\n" + table(head, rows)
