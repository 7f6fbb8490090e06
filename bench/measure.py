"""Measuring: contenders take turns, so that what else the machine does falls on all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

Seconds = dict[str, list[float]]


class Ratio(NamedTuple):
    """A ratio of two times: its median over the rounds, and what half of the rounds lie between."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.low:.3g} to {self.high:.3g})"


def seconds(call: Callable[[], object]) -> float:
    """Time one call, the device's work included."""
    began = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def interleave(
    contenders: dict[str, Callable[[], object]], rounds: int, warmup: int = 2
) -> Seconds:
    """Time every contender once a round, A B C A B C; the first ``warmup`` rounds are not kept."""
    times: Seconds = {name: [] for name in contenders}
    for turn in range(-warmup, rounds):
        for name, call in contenders.items():
            gc.collect()
            taken = seconds(call)
            if turn >= 0:
                times[name].append(taken)
    return times


def ratio(slow: Sequence[float], fast: Sequence[float]) -> Ratio:
    """Divide round by round, so that slow rounds of the machine cancel."""
    low, median, high = statistics.quantiles(
        [a / b for a, b in zip(slow, fast, strict=True)], n=4, method="inclusive"
    )
    return Ratio(median, low, high)


def milliseconds(times: Sequence[float]) -> str:
    """Return the median as text."""
    return f"{statistics.median(times) * 1000:.3g} ms"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
