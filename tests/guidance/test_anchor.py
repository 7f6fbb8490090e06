"""The anchor: how pictures are held to what they started from."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from helpers import objective, slope, tiny_encoder, uniform

from otgen.guidance.anchor import Anchor

PICTURES, STARTED = uniform(2, 3, 32, 32, seed=4), uniform(1, 3, 32, 32, seed=5)


@pytest.mark.parametrize("started", [STARTED, uniform(2, 3, 32, 32, seed=6)], ids=["one", "each"])
def test_term_is_the_weighted_mean_squared_distance_of_each_lane(started):
    look = objective(tiny_encoder())
    held = replace(look, anchor=Anchor(started, 3.0))
    plain, actual = look(PICTURES, 0), held(PICTURES, 0)
    expected = 3 * (PICTURES - started).square().mean((1, 2, 3))
    assert torch.allclose(actual.value - plain.value, expected, atol=1e-6)
    for name in ("cost", "plan", "error", "u"):  # it stands beside the transport
        assert torch.equal(getattr(actual, name), getattr(plain, name))


def test_gradient_is_that_of_the_losses_and_equals_finite_differences():
    held = replace(objective(tiny_encoder()), anchor=Anchor(STARTED, 3.0))
    pictures = PICTURES.clone().requires_grad_()
    (grad,) = torch.autograd.grad(held(pictures, 0).value.sum(), pictures)
    (plain,) = torch.autograd.grad(replace(held, anchor=None)(pictures, 0).value.sum(), pictures)
    expected = 2 * 3 * (PICTURES - STARTED) / STARTED.numel()
    assert torch.allclose(grad - plain, expected, atol=1e-7)
    direction = grad / grad.norm()
    along = slope(lambda x: held(x, 0).value.double().sum(), PICTURES, direction, 0.02)
    assert float((grad * direction).sum()) == pytest.approx(along, rel=0.02)
