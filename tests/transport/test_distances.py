"""Distances against closed forms, and their gradients, at the edges above all."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from helpers import slope, units

from otgen.recipe.settings import rule
from otgen.transport.distances import DISTANCES

# Of the angle between two unit vectors.
CLOSED = {
    "cosine": lambda angle: 1 - math.cos(angle),
    "geodesic": lambda angle: angle,
    "great-circle": lambda angle: 2 * (angle / 2) ** 2,  # arcsin(|u - v| / 2) is half the angle
    "euclidean": lambda angle: 2 * math.sin(angle / 2),
}


def test_settings_offer_exactly_these():
    assert set(rule("distance").allowed) == set(DISTANCES) == set(CLOSED)


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("angle", [0.02, 0.5, math.pi / 2, 2.5, math.pi - 0.02])
def test_distance_equals_its_closed_form(name, angle):
    u = torch.tensor([[math.cos(angle), math.sin(angle), 0.0]])
    v = torch.tensor([[1.0, 0.0, 0.0]])
    # u.v is rounded to 6e-8, and an angle of 0.02 changes 50 times as fast as its cosine.
    assert DISTANCES[name](u, v).item() == pytest.approx(CLOSED[name](angle), abs=1e-5)


@pytest.mark.parametrize("name", DISTANCES)
def test_distance_takes_any_number_of_lanes(name):
    u, v = units(2, 5, 8), units(3, 8, seed=1)
    cost = DISTANCES[name](u, v)
    assert cost.shape == (2, 5, 3)
    angle = torch.arccos(u.double() @ v.double().T)
    expected = np.vectorize(CLOSED[name])(angle.numpy())
    assert np.abs(cost.numpy() - expected).max() < 1e-5  # float32


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("sign", [1, -1])
def test_equal_and_opposite_vectors_stay_finite(name, sign):
    v = units(4, 16)
    u = (sign * v).clone().requires_grad_()
    cost = DISTANCES[name](u, v)
    (grad,) = torch.autograd.grad(cost.sum(), u)
    assert cost.isfinite().all()
    assert grad.isfinite().all()
    expected = CLOSED[name](0.0 if sign > 0 else math.pi)
    # The clamps stop up to 2e-3 short of the angle pi; great-circle changes pi times as fast there.
    assert (cost.diagonal() - expected).abs().max() < 7e-3


@pytest.mark.parametrize("name", DISTANCES)
def test_gradient_equals_finite_differences(name):
    u, v = units(6, 8).double().requires_grad_(), units(3, 8, seed=1).double()
    (grad,) = torch.autograd.grad(DISTANCES[name](u, v).sum(), u)
    direction = units(6, 8, seed=2).double()
    expected = slope(lambda u: DISTANCES[name](u, v).sum(), u.detach(), direction, 1e-6)
    assert float((grad * direction).sum()) == pytest.approx(expected, abs=1e-7)  # float64


@pytest.mark.parametrize("name", DISTANCES)
def test_descent_brings_vectors_together(name):
    u, v = units(1, 8), units(1, 8, seed=1)
    for _ in range(50):
        u.requires_grad_()
        (grad,) = torch.autograd.grad(DISTANCES[name](u, v).sum(), u)
        u = torch.nn.functional.normalize(u.detach() - 0.1 * grad, dim=-1)
    assert (u @ v.T).item() > 0.99
