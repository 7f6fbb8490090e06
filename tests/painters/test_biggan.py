"""BigGAN's update rule, its box of noise and its classes, with a thin network of random weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from helpers import slope, tiny_biggan, uniform

from otgen.models.biggan import NOISE


def test_step_is_adam():
    generator = tiny_biggan()
    state = generator.init(2, 0, 3)
    start = (0.1 * state.latent).clone()  # from the middle of the box nothing is clamped
    state, moved = state._replace(latent=start), start.clone().requires_grad_()
    adam = torch.optim.Adam([moved], lr=generator.rate, eps=1e-12)
    for step in range(3):
        grad = uniform(*start.shape, seed=step) - 0.5
        state = generator.step(state, generator.draw(state), (grad,))
        moved.grad = grad.clone()
        adam.step()
    assert (state.latent - moved.detach()).abs().max() < 1e-5  # float32


@pytest.mark.parametrize("truncation", [0.1, 1.0])
def test_noise_stays_in_its_box_and_classes_have_none(truncation):
    generator = tiny_biggan(truncation=truncation, rate=50.0)
    state = generator.init(1, 0, 3)
    assert 0.7 < state.latent[..., :NOISE].std() / truncation < 1.1  # 0.88 of all such draws
    assert state.latent[..., :NOISE].abs().max() <= 2 * truncation
    assert (state.latent == state.latent[:, :1]).all()  # every block starts from one pair
    grad = uniform(*state.latent.shape) - 0.5
    state = generator.step(state, generator.draw(state), (grad,))
    assert state.latent[..., :NOISE].abs().max() == pytest.approx(2 * truncation)
    assert state.latent[..., NOISE:].abs().max() > 49


def test_truncation_also_chooses_the_statistics():
    generator = tiny_biggan()
    state = generator.init(1, 0, 3)
    generator.network.generator.bn.running_means[:25] += 0.5
    low, high = (replace(generator, truncation=at).draw(state).image for at in (0.3, 1.0))
    assert (low - high).abs().max() > 0.01


def test_fixed_class_is_the_end_of_a_mixture_and_leaves_the_noise_to_move():
    fixed = tiny_biggan(fixed=7)
    state = fixed.init(1, 0, 3)
    assert state.latent.shape[-1] == NOISE
    mixed = tiny_biggan().init(1, 0, 3)
    sure = mixed.latent.clone()
    assert torch.equal(sure[..., :NOISE], state.latent)
    sure[..., NOISE + 7] = 1e3
    picture = fixed.draw(state).image
    torch.testing.assert_close(
        tiny_biggan().draw(mixed._replace(latent=sure)).image, picture, atol=1e-5, rtol=0
    )
    assert (picture - replace(fixed, fixed=8).draw(state).image).abs().max() > 1e-3


@pytest.mark.parametrize("part", [slice(NOISE), slice(NOISE, None)], ids=["noise", "classes"])
def test_gradient_equals_finite_differences(part):
    generator = tiny_biggan()
    state = generator.init(1, 0, 3)
    target = uniform(1, 3, 32, 32)
    drawing = generator.draw(state)
    (grad,) = torch.autograd.grad((drawing.image * target).sum(), drawing.leaves)
    direction = torch.zeros_like(grad)
    direction[..., part] = grad[..., part] / grad[..., part].norm()

    def value(latent):
        picture = generator.draw(state._replace(latent=latent)).image
        return (picture.double() * target).sum()

    width = 0.05 if part.start is None else 1.0  # a class of a thousand moves the picture little
    expected = slope(value, state.latent, direction, width)
    assert float((grad * direction).sum()) == pytest.approx(expected, rel=0.02)
