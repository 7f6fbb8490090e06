"""The default comparison as a person meets it: a fresh process, from import to last picture."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from bench.measure import table
from bench.workload import GENERATORS
from otgen.painters.catalogue import card

ROUNDS = 3
# Each phase is timed from the one before it. The second run has everything loaded and compiled.
_CHILD = """
import json, sys, time
began = time.perf_counter()
from dataclasses import replace
from bench.workload import DEFAULT
from otgen.run.comparison import compare
from otgen.painters.catalogue import card
from otgen.run.plan import plan
imported = time.perf_counter()
settings = replace(DEFAULT, generator=sys.argv[1], steps=card(sys.argv[1]).steps)
def paint():
    seen, began = [], time.perf_counter()
    def watch(snapshot):
        seen.append(time.perf_counter() - began)
        return True
    compare(plan(settings), watch)
    return seen[0], time.perf_counter() - began
print(json.dumps([imported - began, *paint(), *paint()]))
"""


def run() -> str:
    """Paint twice in each of several processes."""
    rows = []
    for name in GENERATORS:
        times = []
        for _ in range(ROUNDS):
            child = subprocess.run(
                [sys.executable, "-c", _CHILD, name], check=True, capture_output=True, text=True
            )
            times.append(json.loads(child.stdout.splitlines()[-1]))
        cells = [f"{statistics.median(column):.1f} s" for column in zip(*times, strict=True)]
        rows.append([name, card(name).steps, *cells])
    head = [
        "generator",
        "steps",
        "import",
        "first picture (<= 3 s)",
        "comparison (<= 40 s)",
        "second run: first picture",
        "second run: comparison",
    ]
    return "## Default comparison, both lanes\n\n" + table(head, rows)
