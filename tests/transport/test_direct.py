"""Couplings outside jax: one target, and the matching of whole cutouts."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
import torch
from helpers import slope
from torch.nn import functional as F

from otgen.transport.bridge import couple_lanes
from otgen.transport.direct import DIRECT, Prompts, assignment, composite
from otgen.transport.distances import DISTANCES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # POT looks for every array library that is installed
    import ot as pot

N, M = 24, 3


def _unit(rows: int, seed: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(rows, 8, generator=draw, dtype=torch.float64), dim=-1)


B = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
WEIGHTS = torch.linspace(1, 2, N, dtype=torch.float64) / torch.linspace(1, 2, N).sum()


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["all alike", "weighted"])
@pytest.mark.parametrize("name", DIRECT)
def test_plan_is_the_derivative_of_the_value(name, weights):
    prompts = Prompts(_unit(M, 1), "great-circle")
    cost = DISTANCES["great-circle"](_unit(N, 2), prompts.v)
    _, plan = DIRECT[name](cost, B, weights, prompts)
    for i, j in [(0, 0), (3, 1), (7, 2), (15, 1)]:
        step = torch.zeros_like(cost)
        step[i, j] = 1.0
        steepness = slope(lambda cost: DIRECT[name](cost, B, weights, prompts)[0], cost, step, 1e-6)
        assert plan[i, j].item() == pytest.approx(steepness, abs=1e-7)
    assert (plan >= 0).all()


@pytest.mark.parametrize("distance", DISTANCES)
def test_composite_is_the_distance_to_the_mean_of_the_prompts(distance):
    u, v = _unit(N, 2).requires_grad_(), _unit(M, 1)
    target = F.normalize(B @ v, dim=0)
    expected = DISTANCES[distance](u, target[None]).mean()
    cost = DISTANCES[distance](u, v)
    value, plan = composite(cost, B, None, Prompts(v, distance))
    assert value.item() == pytest.approx(expected.item(), abs=1e-9)
    # Its gradient is the plan's, along the sphere.
    (pulled,) = torch.autograd.grad((plan * cost).sum(), u, retain_graph=True)
    (straight,) = torch.autograd.grad(expected, u)
    along = (straight - pulled) - ((straight - pulled) * u).sum(-1, keepdim=True) * u
    assert along.abs().max() < 1e-9
    if distance == "cosine":
        assert torch.allclose(plan, B / N / (B @ v).norm(), atol=1e-12)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["all alike", "weighted"])
def test_assignment_is_the_linear_programme_of_pot(weights):
    cost = torch.rand(N, M, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    b = torch.tensor([0.5, 0.375, 0.125], dtype=torch.float64)  # whole cutouts of 24
    value, plan = assignment(cost, b, weights, Prompts(_unit(M, 1), "cosine"))
    a = np.full(N, 1 / N) if weights is None else weights.numpy() / weights.numpy().sum()
    assert np.abs(plan.numpy() - pot.emd(a, b.numpy(), cost.numpy())).max() < 1e-9
    assert value.item() == pytest.approx(pot.emd2(a, b.numpy(), cost.numpy()), abs=1e-9)


def test_assignment_takes_whole_cutouts():
    cost = torch.rand(10, M, generator=torch.Generator().manual_seed(4))
    _, plan = assignment(cost, torch.full((M,), 1 / 3), None, Prompts(_unit(M, 1), "cosine"))
    assert (plan > 0).sum(1).tolist() == [1] * 10
    assert (plan > 0).sum(0).tolist() == [4, 3, 3]
    few = assignment(cost[:2], torch.full((M,), 1 / 3), None, Prompts(_unit(M, 1), "cosine"))[1]
    assert (few > 0).sum(0).tolist() == [1, 1, 0]  # more prompts than cutouts


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_assignment_of_costs_that_are_no_numbers_is_none(bad):
    """The loop looks at the value: the run has diverged, and says so."""
    cost = torch.rand(10, M)
    cost[3, 1] = bad
    value, plan = assignment(cost, torch.full((M,), 1 / 3), None, Prompts(_unit(M, 1), "cosine"))
    assert value.isnan()
    assert plan.isnan().all()


def test_lanes_of_both_kinds_come_back_in_their_order():
    v = _unit(M, 1).float()
    cost = torch.stack([DISTANCES["cosine"](_unit(N, seed).float(), v) for seed in range(4)])
    names, prompts = ("composite", "mean", "assignment", "nearest"), Prompts(v, "cosine")
    cost = cost.requires_grad_()
    together = couple_lanes(cost, B.float(), torch.full((4,), 0.1), names, prompts=prompts)
    (grad,) = torch.autograd.grad(together.value.sum(), cost)
    assert torch.equal(grad, together.plan)
    assert together.among.shape == (4, N, 0)
    for lane, name in itertools.product([0, 2], ["composite", "assignment"]):
        _, plan = DIRECT[name](cost[lane].detach(), B.float(), None, prompts)
        assert torch.equal(together.plan[lane], plan) == (names[lane] == name)
    assert torch.allclose(together.plan[1], (B / N).float().expand(N, M), atol=1e-7)
    assert torch.allclose(together.plan[3].sum(1), torch.full((N,), 1 / N), atol=1e-7)


def test_derivative_by_the_costs_between_cutouts_reaches_the_cutouts():
    u = _unit(8, 2).float()[None].requires_grad_()
    v = _unit(M, 1).float()
    prompts = Prompts(v, "great-circle")
    of = DISTANCES["great-circle"]
    actual = couple_lanes(
        of(u, v), B.float(), torch.tensor([0.5]), ("divergence",), None, of(u, u), prompts
    )
    (grad,) = torch.autograd.grad(actual.value.sum(), u)
    fixed = (actual.plan * of(u, v)).sum() + (actual.among * of(u, u)).sum()
    (expected,) = torch.autograd.grad(fixed, u)
    assert torch.allclose(grad, expected, atol=1e-6)
    assert actual.among.abs().sum().item() == pytest.approx(0.5, abs=1e-3)  # half a plan
