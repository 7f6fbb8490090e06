"""Where the time of a step goes, by part, for two lanes of 64 cutouts."""

from __future__ import annotations

import statistics

import torch

from bench.measure import interleave, table
from bench.workload import DEFAULT, GENERATORS, objective
from otgen.guidance.cutouts import CutoutSpec, cut, sample
from otgen.guidance.loop import descend
from otgen.run.pool import generator_of
from otgen.transport.bridge import couple_lanes
from otgen.transport.distances import DISTANCES

LANES, ROUNDS, UNIT = ("ot", "mean"), 9, 2


def _parts(name: str) -> list[tuple[str, float]]:
    """Return (part, seconds a step) in the order of a step; the last is a whole step."""
    generator, look = generator_of(name), objective(name, LANES)
    side, device = look.encoder.side, look.v.device
    fresh = generator.init(len(LANES), DEFAULT.seed, 100)
    drawing = generator.draw(fresh)
    grads = torch.autograd.grad(look(drawing.image, 0).value.sum(), drawing.leaves)
    later = generator.step(fresh, drawing, grads)
    height, width = drawing.image.shape[-2:]
    views = sample(DEFAULT.cutouts, side, height, width, CutoutSpec(), 0, 0, device)
    picture = drawing.image.detach().requires_grad_()
    crops = cut(picture, views).detach().flatten(0, 1).requires_grad_()
    with torch.no_grad():
        u = look.encoder.crops(crops).unflatten(0, (len(LANES), -1))
    u.requires_grad_()

    def couple():
        cost = DISTANCES[look.distance](u, look.v)
        return couple_lanes(cost, look.b, look.epsilon, look.couplings).value.sum()

    def draw_backward():
        again = generator.draw(fresh)
        return torch.autograd.grad(again.image.sum(), again.leaves)

    steps = descend(generator, look, len(LANES), DEFAULT.seed, UNIT * (ROUNDS + 4))
    times = interleave(
        {
            "draw": lambda: generator.draw(fresh),
            "draw backward": draw_backward,
            "sample": lambda: sample(
                DEFAULT.cutouts, side, height, width, CutoutSpec(), 0, 0, device
            ),
            "cut": lambda: cut(picture, views),
            "cut backward": lambda: torch.autograd.grad(cut(picture, views).sum(), picture),
            "encode": lambda: look.encoder.crops(crops),
            "encode backward": lambda: torch.autograd.grad(look.encoder.crops(crops).sum(), crops),
            "couple": couple,
            "couple backward": lambda: torch.autograd.grad(couple(), u),
            "update": lambda: generator.step(fresh, drawing, grads),
            "update again": lambda: generator.step(later, drawing, grads),
            "whole": lambda: [next(steps) for _ in range(UNIT)],
        },
        ROUNDS,
    )
    median = {part: statistics.median(row) for part, row in times.items()}

    def backward(part: str) -> float:
        return max(median[f"{part} backward"] - median[part], 0)

    return [
        ("draw: denoise, decode", median["draw"]),
        ("draw cutouts", median["sample"]),
        ("cut", median["cut"]),
        ("encode", median["encode"]),
        ("cost, coupling, bridge", median["couple"]),
        ("backward: cost", backward("couple")),
        ("backward: encoder", backward("encode")),
        ("backward: cutouts", backward("cut")),
        ("backward: draw", backward("draw")),
        # Diffusion samples at every second step, between which it draws noise anew.
        ("update", (median["update"] + median["update again"]) / 2),
        ("a whole step", median["whole"] / UNIT),
    ]


def run() -> str:
    """Measure every part alone; a whole step, as the loop runs it, is measured beside them."""
    columns = {name: _parts(name) for name in GENERATORS}
    rows = []
    for lines in zip(*columns.values(), strict=True):
        row = [lines[0][0]]
        for (_, taken), column in zip(lines, columns.values(), strict=True):
            row.append(f"{taken / column[-1][1]:.1%} ({taken * 1000:.3g} ms)")
        rows.append(row)
    return "## Where the time of a step goes\n\n" + table(["part", *columns], rows)
