"""What a lane costs: OT against Mean, and two lanes against one."""

from __future__ import annotations

from bench.measure import interleave, milliseconds, ratio, table
from bench.workload import DEFAULT, GENERATORS, objective
from otgen.guidance.loop import descend
from otgen.run.pool import generator_of

UNIT = 2  # steps timed together: diffusion-mini calls its denoiser at every second step
ROUNDS = 12
RUNS = {"ot": ("ot",), "mean": ("mean",), "both": ("ot", "mean")}


def run() -> str:
    """Let three runs of every generator take turns: OT alone, Mean alone, both lanes."""
    rows = []
    for name in GENERATORS:
        runs = {
            label: descend(
                generator_of(name),
                objective(name, lanes),
                len(lanes),
                DEFAULT.seed,
                UNIT * (ROUNDS + 4),
            )
            for label, lanes in RUNS.items()
        }
        contenders = {
            label: lambda steps=steps: [next(steps) for _ in range(UNIT)]
            for label, steps in runs.items()
        }
        times = interleave(contenders, ROUNDS)
        times = {label: [taken / UNIT for taken in row] for label, row in times.items()}
        rows.append(
            [
                name,
                ratio(times["ot"], times["mean"]),
                ratio(times["both"], times["mean"]),
                milliseconds(times["both"]),
            ]
        )
    head = ["generator", "OT / Mean (<= 1.05)", "two lanes / one (<= 1.8)", "a step of two lanes"]
    return "## Lanes, per step\n\n" + table(head, rows)
