"""The loss of a picture: Equations 1 and 5 of the paper, put together from independent parts."""

from __future__ import annotations

import pytest
import torch
from helpers import objective, slope, tiny_encoder, uniform
from torch.nn import functional as F

from otgen.guidance.cutouts import CutoutSpec, cut, sample
from otgen.transport.distances import DISTANCES

PICTURES = uniform(1, 3, 32, 32).expand(2, -1, -1, -1)


@pytest.fixture(scope="module")
def encoder():
    return tiny_encoder()


@pytest.mark.parametrize("distance", DISTANCES)
def test_mean_lane_is_equation_1(encoder, distance):
    loss = objective(encoder, distance=distance)(PICTURES, 3)
    views = sample(8, encoder.side, 32, 32, CutoutSpec(), 5, 3)
    crops = cut(PICTURES[:1], views)[0]
    prompts = encoder.texts(["a cat", "a castle"])
    total = 0.0
    for crop in crops:
        for prompt in prompts:
            total += DISTANCES[distance](encoder.crops(crop[None]), prompt[None]).item()
    assert loss.value[1].item() == pytest.approx(total / 16, abs=1e-5)  # float32


def test_plan_meets_its_marginals(encoder):
    loss = objective(encoder, prompts=("a cat", "a castle", "a sunset"), cutouts=16)(PICTURES, 0)
    assert loss.plan.shape == loss.cost.shape == (2, 16, 3)
    for axis, mass in ((-1, 1 / 16), (-2, 1 / 3)):
        assert (loss.plan.sum(axis) - mass).abs().sum(-1).max() < 1e-3
    assert (loss.error < 1e-3).all()
    assert loss.corners.shape == (16, 4, 2)


def test_lanes_of_one_picture_share_the_cost_and_differ_in_the_plan(encoder):
    loss = objective(encoder)(PICTURES, 0)
    assert torch.equal(loss.cost[0], loss.cost[1])
    assert (
        loss.value[0] <= loss.value[1] + 1e-6
    )  # the mean's plan is feasible: matching can only be cheaper
    assert not torch.allclose(loss.plan[0], loss.plan[1], atol=1e-3)


def test_large_epsilon_makes_both_lanes_agree(encoder):
    pictures = PICTURES.clone().requires_grad_()
    loss = objective(encoder, epsilon=1000)(pictures, 0)
    (grad,) = torch.autograd.grad(loss.value.sum(), pictures)
    assert loss.value[0].item() == pytest.approx(
        loss.value[1].item(), abs=1e-5
    )  # spread / 2000 at most
    assert (grad[0] - grad[1]).abs().max() < 0.01 * grad[
        1
    ].abs().max()  # plans agree to 4 per mille


def test_step_decides_the_cutouts(encoder):
    look = objective(encoder)
    assert torch.equal(look(PICTURES, 1).cost, look(PICTURES, 1).cost)
    assert not torch.equal(look(PICTURES, 1).cost, look(PICTURES, 2).cost)


def test_gradient_equals_finite_differences(encoder):
    look = objective(encoder, couplings=("mean",))
    picture = uniform(1, 3, 32, 32, seed=4).requires_grad_()
    (grad,) = torch.autograd.grad(look(picture, 0).value.sum(), picture)
    direction = grad / grad.norm()
    expected = slope(
        lambda picture: look(picture, 0).value.double().sum(), picture.detach(), direction, 0.1
    )
    # Values near 1 in float32 over a width of 0.2: 1e-6; and the curvature over that width.
    assert float((grad * direction).sum()) == pytest.approx(expected, rel=0.05)


def test_matched_gradient_lowers_the_matched_loss(encoder):
    look = objective(encoder, couplings=("ot",))
    picture = uniform(1, 3, 32, 32, seed=4).requires_grad_()
    before = look(picture, 0).value
    (grad,) = torch.autograd.grad(before.sum(), picture)
    after = look(picture.detach() - 0.2 * grad / grad.norm(), 0).value
    fall = 0.2 * grad.norm().item()  # to first order
    assert (before - after).item() == pytest.approx(fall, rel=0.5)


def test_composite_lane_is_the_distance_to_the_prompts_mean(encoder):
    look = objective(encoder, couplings=("composite", "mean"))
    loss = look(PICTURES, 0)
    target = F.normalize(look.b @ look.v, dim=0)
    expected = DISTANCES[look.distance](loss.u[0], target[None]).mean()
    assert loss.value[0].item() == pytest.approx(expected.item(), abs=1e-5)  # float32
    assert loss.among.shape == (2, 8, 0)


def test_divergence_lane_also_pushes_its_cutouts_apart(encoder):
    look = objective(
        encoder, couplings=("ot", "divergence"), epsilon=20
    )  # soft: the push is strong
    pictures = PICTURES.clone().requires_grad_()
    loss = look(pictures, 0)
    assert torch.equal(loss.plan[0], loss.plan[1])
    assert (loss.among[0] == 0).all()
    grads = torch.autograd.grad(loss.value.sum(), pictures, retain_graph=True)[0]
    apart = (loss.among[1] * DISTANCES[look.distance](loss.u[1], loss.u[1])).sum()
    (pushed,) = torch.autograd.grad(apart, pictures)
    assert torch.allclose(grads[1] - grads[0], pushed[1], atol=1e-3 * float(grads[0].abs().max()))
    assert pushed[1].abs().max() > 0.01 * grads[0].abs().max()
