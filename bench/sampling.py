"""Ways to draw cutouts: what a step costs, and how much its gradient varies from draw to draw."""

from __future__ import annotations

import statistics
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from bench.measure import interleave, milliseconds, ratio, table
from bench.workload import DEFAULT, objective, pictures
from otgen.guidance import sampling
from otgen.guidance.cutouts import sample
from otgen.guidance.loop import descend
from otgen.recipe.settings import rule
from otgen.run.pool import generator_of
from otgen.transport.bridge import couple_lanes

KINDS = rule("sampling").allowed  # uniform first
ROUNDS, SIDE = 12, 128  # SIDE: pixels that the storybook is guided by
PAINTER, STEPS, AT = "storybook", 20, (3, 10, 16)  # whose gradient; of an adaptive run
DRAWS = 24


def run() -> str:
    """Time what weights cost; then draw each kind's cutouts of the same pictures."""
    return f"## Sampling\n\n{_costs()}\n\n{_variances()}"


def _costs() -> str:
    """Time what a step does more for cutouts with weights, and a step's loss and gradient."""
    look, picture = objective(PAINTER, ("ot", "mean")), pictures(2, SIDE, SIDE)
    need = sampling.first("adaptive", look.cutouts)
    place = look.cutouts, look.encoder.side, SIDE, SIDE, look.spec, look.seed, 0
    cells = sample(*place, need=need).cells
    with torch.no_grad():
        loss = look(picture, 0, need)
    solve = partial(couple_lanes, loss.cost, look.b, look.epsilon, look.couplings)

    def step() -> None:
        leaf = picture.clone().requires_grad_()
        torch.autograd.grad(look(leaf, 0).value.sum(), leaf)

    times = interleave(
        {
            "drawing, uniform": lambda: sample(*place),
            "drawing, adaptive": lambda: sample(*place, need=need),
            "coupling, uniform": solve,
            "coupling, weighted": lambda: solve(loss.weights),
            "the next need": lambda: sampling.seen(
                need, cells, loss.plan, loss.cost, look.b, loss.weights
            ),
            "loss and gradient": step,
        },
        ROUNDS,
    )
    rows = [
        [name, milliseconds(row), ratio(row, times["loss and gradient"])]
        for name, row in times.items()
    ]
    return table(["two lanes", "time", "of a uniform step's loss and gradient"], rows)


def _variances() -> str:
    painter, look = generator_of(PAINTER), objective(PAINTER, ("ot",))
    flat = {kind: sampling.first(kind, look.cutouts) for kind in KINDS}
    adaptive = replace(look, adaptive=True)
    snapshots = descend(painter, adaptive, 1, DEFAULT.seed, STEPS, need=flat["adaptive"])
    rows = []
    for snapshot in snapshots:
        if snapshot.step not in AT:
            continue
        needs = flat | {"adaptive": snapshot.need}
        spreads = {
            kind: _spread(painter, look, snapshot.state, need, 1000 * place)
            for place, (kind, need) in enumerate(needs.items(), 1)
        }
        parts = [statistics.median((own / spreads[KINDS[0]]).tolist()) for own in spreads.values()]
        low, high = _pulls(painter, look, snapshot.state, flat["adaptive"])
        pulls = f"{low:.2f} to {high:.2f}"
        rows.append([f"{snapshot.step} of {STEPS}", *(f"{part:.2f}" for part in parts), pulls])
    head = [f"{PAINTER}, OT, at step", *KINDS, "pull in a cell"]
    note = (
        f"Variance of the gradient over {DRAWS} draws of {look.cutouts} cutouts of the same "
        "picture, of the uniform one's: the median over what the painter moves. Pull: the mean "
        "gradient by a cutout's embedding, on the sphere, in the cells of the lowest and the "
        "highest, of the mean of all: what the best places to draw would be in proportion to."
    )
    return table(head, rows) + "\n\n" + note


def _spread(painter, look, state, need: Tensor | None, first: int) -> Tensor:
    """Return the variance of the gradient by each leaf, summed over its numbers: [leaves]."""
    grads = []
    for step in range(first, first + DRAWS):
        drawing = painter.draw(state)
        loss = look(drawing.image, step, need)
        grads.append(torch.autograd.grad(loss.value.sum(), drawing.leaves))
    return torch.stack([torch.stack(leaf).var(0).sum() for leaf in zip(*grads, strict=True)])


def _pulls(painter, look, state, need: Tensor) -> tuple[float, float]:
    """Return the least and the greatest mean pull on the cutouts of a cell, of the mean of all."""
    total = torch.zeros(need.numel())
    for step in range(DRAWS):
        picture = painter.draw(state).image.detach().requires_grad_()  # u is to have a graph
        loss = look(picture, step, need)
        (pull,) = torch.autograd.grad(loss.value.sum(), loss.u)
        along = (pull * loss.u).sum(-1, keepdim=True) * loss.u
        place = look.cutouts, 8, *picture.shape[2:], look.spec, look.seed, step
        cells = sample(*place, need=need).cells
        # The gradient has a cutout's weight in it, and the weights of a cell's have the same sum.
        total.index_add_(0, cells, (pull - along)[0].norm(dim=-1).detach())
    return float(total.min() / total.mean()), float(total.max() / total.mean())
