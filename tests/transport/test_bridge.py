"""The bridge: no copies on the CPU, and gradients by finite differences."""

from __future__ import annotations

import gc

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from helpers import CPU, slope, uniform

from otgen.transport import bridge, couplings
from otgen.transport.bridge import couple_lanes, to_jax, to_torch

LANES = ("ot", "mean")
B = torch.tensor([0.2, 0.5, 0.3])
EPSILON = torch.tensor([0.5, 0.5])


def test_to_jax_copies_nothing():
    tensor = uniform(2, 64, 3)
    assert to_jax(tensor).unsafe_buffer_pointer() == tensor.data_ptr()


def test_to_torch_copies_nothing():
    array = jnp.arange(384.0).reshape(2, 64, 3)
    assert to_torch(array, CPU).data_ptr() == array.unsafe_buffer_pointer()


def test_numbers_cross_both_ways():
    tensor = uniform(2, 64, 3).requires_grad_()
    assert torch.equal(to_torch(to_jax(tensor), CPU), tensor.detach())
    across = uniform(64, 2, 3).transpose(0, 1)  # not contiguous
    assert np.array_equal(np.asarray(to_jax(across)), across.numpy())


def test_numbers_outlive_their_source():
    expected = uniform(2, 64, 3)
    arrays = [to_jax(expected.clone()) for _ in range(20)]
    tensors = [to_torch(jnp.asarray(expected.numpy()) * 2, CPU) for _ in range(20)]
    gc.collect()
    _overwrite = [torch.full((2, 64, 3), -1.0) for _ in range(40)]
    assert all(np.array_equal(np.asarray(array), expected.numpy()) for array in arrays)
    assert all(torch.equal(tensor, 2 * expected) for tensor in tensors)


def test_few_shapes_stay_compiled(monkeypatch):
    monkeypatch.setattr(bridge, "_MOST", 2)
    bridge._compiled.clear()
    couplings.couple.clear_cache()
    plans = {n: couple_lanes(uniform(2, n, 3), B, EPSILON, LANES).plan for n in (8, 9)}
    assert couplings.couple._cache_size() == 2
    couple_lanes(uniform(2, 8, 3), B, EPSILON, LANES)  # one of them: nothing is forgotten
    assert couplings.couple._cache_size() == 2
    couple_lanes(uniform(2, 10, 3), B, EPSILON, LANES)
    assert couplings.couple._cache_size() == 1
    again = couple_lanes(uniform(2, 8, 3), B, EPSILON, LANES).plan
    assert torch.equal(again, plans[8])


@pytest.mark.parametrize("scale", [1.0, -3.0])
def test_gradient_equals_finite_differences(scale):
    cost = (1.2 + 0.1 * uniform(2, 16, 3)).requires_grad_()
    weight = torch.tensor([scale, 2.0])

    def value(cost):
        return (couple_lanes(cost, B, EPSILON, LANES).value * weight).sum()

    (grad,) = torch.autograd.grad(value(cost), cost)
    for seed in range(4):
        # The direction leaves the spread, and so epsilon, alone: it is stop-gradiented, differences
        # are not.
        direction = uniform(2, 16, 3, seed=seed + 10)
        centred = cost.detach() - cost.detach().mean(1, keepdim=True)
        centred = centred - centred.mean(2, keepdim=True)
        along = (direction * centred).sum((1, 2), keepdim=True) / centred.square().sum(
            (1, 2), keepdim=True
        )
        direction = direction - along * centred
        expected = slope(value, cost.detach(), direction, 1e-2)
        # Sinkhorn stops at marginals off by 5e-4: times potentials of 0.1 over a width of 0.02,
        # 2.5e-3.
        assert float((grad * direction).sum()) == pytest.approx(expected, abs=2.5e-3 * abs(scale))


def test_gradient_is_the_plan():
    cost = uniform(2, 16, 3).requires_grad_()
    coupling = couple_lanes(cost, B, EPSILON, LANES)
    (grad,) = torch.autograd.grad(coupling.value.sum(), cost)
    assert torch.equal(grad, coupling.plan)
    assert not coupling.plan.requires_grad
    assert not coupling.error.requires_grad


def test_lanes_do_not_touch_each_other():
    cost = uniform(2, 16, 3).requires_grad_()
    (grad,) = torch.autograd.grad(couple_lanes(cost, B, EPSILON, LANES).value[0], cost)
    assert grad[1].abs().max() == 0
    assert grad[0].abs().max() > 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_bad_cost_gives_a_bad_value_in_its_lane_alone(bad):
    cost = uniform(2, 16, 3)
    cost[0, 3, 1] = bad
    value = couple_lanes(cost, B, EPSILON, LANES).value
    assert not value[0].isfinite()
    assert value[1].isfinite()
