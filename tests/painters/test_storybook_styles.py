"""The styles of the storybook: ranges, the same look at two sizes, gradients, mixtures."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from otgen.painters.storybook.places import draw
from otgen.painters.storybook.styles import STYLES, mixed, plain

NAMES = list(STYLES)


def scenes(height: int, width: int | None = None) -> torch.Tensor:
    """Return two places [2, 3, h, w]: a bright one and a dark one."""
    pair = [draw(name, 4, height, width or height) for name in ("meadow", "night")]
    return torch.stack([torch.from_numpy(picture).permute(2, 0, 1) for picture in pair])


def one_hot(*columns: int) -> torch.Tensor:
    return torch.eye(len(STYLES))[list(columns)]  # [N, 6]


def test_the_styles_are_the_six_in_the_order_of_the_weights():
    assert NAMES == ["plain", "watercolour", "pencil sketch", "pixel art", "neon", "blueprint"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(64, 64), (48, 80), (70, 33)])
def test_a_style_keeps_shape_and_range_and_repeats(name, size):
    pictures = scenes(*size)
    before = pictures.clone()
    styled = STYLES[name](pictures)
    assert styled.shape == pictures.shape
    assert styled.dtype == pictures.dtype
    assert styled.min() >= 0
    assert styled.max() <= 1
    assert torch.equal(styled, STYLES[name](pictures))
    assert torch.equal(pictures, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_style_treats_each_picture_alone(name):
    pictures = scenes(64)
    # Batched products may sum in another order than single ones.
    torch.testing.assert_close(
        STYLES[name](pictures)[1:], STYLES[name](pictures[1:]), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_style_looks_the_same_at_two_sizes(name):
    small, large = STYLES[name](scenes(128)), STYLES[name](scenes(256))
    # Lines of a pixel or two are softer at 128; styles themselves are 0.1 and more apart.
    assert (F.avg_pool2d(large, 2) - small).abs().mean() < 0.015


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_style_changes_the_picture_visibly(name):
    pictures = scenes(128)
    assert (STYLES[name](pictures) - pictures).abs().mean() > 0.015


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["scene", "flat", "black", "white", "noise"])
def test_gradients_are_finite(name, kind):
    pictures = {
        "scene": scenes(48),
        "flat": torch.full((1, 3, 48, 48), 0.5),
        "black": torch.zeros(1, 3, 48, 48),
        "white": torch.ones(1, 3, 48, 48),
        "noise": torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0)),
    }[kind].requires_grad_()
    styled = STYLES[name](pictures)
    (gradient,) = torch.autograd.grad((styled**2).sum(), pictures)
    assert styled.isfinite().all()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_descends_to_a_styled_target(name):
    """A gradient through the filter brings the styled picture nearer to that of another scene."""
    target = STYLES[name](scenes(64))
    pictures = scenes(64).mean(0, keepdim=True).repeat(2, 1, 1, 1).requires_grad_()
    adam = torch.optim.Adam([pictures], lr=0.02)
    losses = []
    for _ in range(25):
        loss = ((STYLES[name](pictures.clamp(0, 1)) - target) ** 2).mean()
        losses.append(loss.item())
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert losses[-1] < 0.6 * losses[0]


def test_a_picture_made_under_inference_mode_leaves_later_gradients_alone():
    """The fields kept per size serve a backward pass although they were made without one."""
    with torch.inference_mode():
        for style in STYLES.values():
            style(torch.rand(1, 3, 37, 37))
    for style in STYLES.values():
        pictures = torch.rand(1, 3, 37, 37, requires_grad=True)
        style(pictures).sum().backward()


def test_plain_is_the_identity():
    pictures = scenes(32)
    assert torch.equal(plain(pictures), pictures)


def test_a_one_hot_mixture_is_the_filter():
    pictures = scenes(64)
    for column, style in enumerate(STYLES.values()):
        torch.testing.assert_close(
            mixed(pictures, one_hot(column, column)), style(pictures), atol=1e-5, rtol=0
        )


def test_a_mixture_is_the_weighted_sum_row_by_row():
    pictures = scenes(64)
    weights = torch.tensor([[0.25, 0.75, 0, 0, 0, 0], [0, 0, 0.5, 0, 0, 0.5]])
    filtered = torch.stack([style(pictures) for style in STYLES.values()], 1)  # [N, 6, 3, h, w]
    expected = (weights[:, :, None, None, None] * filtered).sum(1)
    torch.testing.assert_close(mixed(pictures, weights), expected, atol=1e-5, rtol=0)


def test_a_mixture_gives_gradients_to_pictures_and_weights_even_at_weight_zero():
    pictures = scenes(48).requires_grad_()
    weights = one_hot(0, 1).requires_grad_()
    mixed(pictures, weights).square().sum().backward()
    assert pictures.grad.abs().sum() > 0
    assert (weights.grad != 0).all()


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 6\)"):
        mixed(scenes(32), torch.ones(2, 5))
