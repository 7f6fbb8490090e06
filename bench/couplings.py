"""What each kind of lane costs: its coupling, as a part of a step of one lane."""

from __future__ import annotations

from functools import partial

import torch

from bench.measure import interleave, milliseconds, ratio, table
from bench.workload import DEFAULT, GENERATORS, objective, pictures, texts
from otgen.guidance.loop import descend
from otgen.recipe.lanes import EXAMPLES
from otgen.run.pool import generator_of
from otgen.transport.bridge import couple_lanes, uses_among
from otgen.transport.direct import Prompts
from otgen.transport.distances import DISTANCES

ROUNDS = 9
M = 4  # prompts


def _coupling(generator: str, lane: str):
    """Return a call of a lane's coupling alone, of costs as the encoder gives them."""
    look = objective(generator, (lane,), texts(M))
    with torch.no_grad():
        loss = look(pictures(1, 128, 128), 0)
    prompts, measure = Prompts(look.v, look.distance), DISTANCES[look.distance]
    cost, u = loss.cost.requires_grad_(), loss.u

    def couple():
        among = measure(u, u) if uses_among((lane,)) else None
        return couple_lanes(cost, look.b, look.epsilon, (lane,), None, among, prompts)

    return couple


def run() -> str:
    """Let a step under the mean and the coupling of every kind of lane take turns."""
    rows = []
    for name in GENERATORS:
        look = objective(name, ("mean",), texts(M))
        steps = descend(generator_of(name), look, 1, DEFAULT.seed, 2 * (ROUNDS + 4))
        contenders = {lane: _coupling(name, lane) for lane in EXAMPLES}
        contenders["a step"] = partial(lambda steps: [next(steps) for _ in range(2)], steps)
        times = interleave(contenders, ROUNDS)
        step = [taken / 2 for taken in times.pop("a step")]
        rows += [[name, lane, milliseconds(row), ratio(row, step)] for lane, row in times.items()]
    head = ["generator", "lane", "its coupling", "of a step under the mean (<= 0.05)"]
    note = (
        f"{DEFAULT.cutouts} cutouts, {M} prompts, one lane. The costs are given; the bridge counts."
    )
    return "## Couplings, per step and lane\n\n" + table(head, rows) + "\n\n" + note
