"""Cutouts against torch's antialiased resize, and against where their corners are said to lie."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from helpers import slope, uniform
from torch.nn import functional as F

from otgen.guidance.cutouts import CutoutSpec, crop, crop_each, cut, interpolation, sample

PLAIN = CutoutSpec(flip=0, rotation=0, perspective=0, jitter=0, noise=0)


def _resize(picture, count):
    return F.interpolate(
        picture, size=(count, count), mode="bilinear", antialias=True, align_corners=False
    )


@pytest.mark.parametrize("count", [16, 23, 48, 64, 100])
def test_interpolation_equals_torch_on_the_whole_picture(count):
    picture = uniform(1, 3, 64, 64)
    matrix = interpolation(torch.tensor([0.0]), torch.tensor([64.0]), 64, count)[0]
    ours = torch.einsum("ih,bchw,jw->bcij", matrix, picture, matrix)
    assert (ours - _resize(picture, count)).abs().max() < 1e-5  # float32 sums of up to 8 x 8 pixels


@pytest.mark.parametrize(
    ("left", "length", "count"), [(8, 32, 16), (16, 48, 12), (30, 20, 20), (5, 12, 24)]
)
def test_interpolation_equals_torch_on_integer_boxes(left, length, count):
    picture = uniform(1, 1, 64, 64)
    matrix = interpolation(torch.tensor([float(left)]), torch.tensor([float(length)]), 64, count)[0]
    ours = torch.einsum("ih,bchw,jw->bcij", matrix, picture, matrix)
    box = picture[..., left : left + length, left : left + length]
    # The outermost samples see beyond the box here, and stop at its border in torch.
    inner = slice(1, -1)
    assert (ours - _resize(box, count))[..., inner, inner].abs().max() < 1e-5


def test_interpolation_keeps_a_flat_picture_flat():
    matrix = interpolation(torch.tensor([0.0, 3.3, 60.0]), torch.tensor([64.0, 20.1, 4.0]), 64, 48)
    assert (matrix.sum(-1) - 1).abs().max() < 1e-6
    assert (matrix >= 0).all()


def test_reduced_checkerboard_is_grey():
    board = (torch.arange(128)[:, None] + torch.arange(128)) % 2
    pictures = board.float().expand(1, 3, 128, 128)
    views = sample(
        16, 24, 128, 128, PLAIN, 0, 0
    )  # boxes of 51 pixels or more to 30: a reduction by 1.7 or more
    crops = cut(pictures, views)
    # The triangle of width 1.7 leaves about 1/50 of the board; bilinear without antialias leaves
    # 1/2.
    assert (crops - 0.5).abs().max() < 0.1
    assert (crops - 0.5).square().mean().sqrt() < 0.02


def _axes(side: int = 128) -> torch.Tensor:
    """Paint where each pixel lies: red is x, green is y, both in [0, 1]."""
    at = (torch.arange(side) + 0.5) / side
    y, x = torch.meshgrid(at, at, indexing="ij")
    return torch.stack([x, y, torch.zeros_like(x)])[None]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"flip": 1.0},
        {"rotation": 30.0},
        {"perspective": 0.2},
        {"flip": 0.5, "rotation": 45.0, "perspective": 0.15},
    ],
    ids=["box", "flip", "rotation", "perspective", "all"],
)
def test_corners_lie_where_the_crop_was_taken(options):
    spec = dataclasses.replace(PLAIN, largest=0.8, **options)
    views = sample(32, 48, 128, 128, spec, 3, 1)
    crops = cut(_axes(), views)[0, :, :2]  # [n, 2, s, s]
    # The picture is linear in x and y, a crop projective: carry the quadrilateral on from the
    # edge's pixels.
    upper_left = 1.5 * crops[:, :, 0, 0] - 0.5 * crops[:, :, 1, 1]
    upper_right = 1.5 * crops[:, :, 0, -1] - 0.5 * crops[:, :, 1, -2]
    lower_right = 1.5 * crops[:, :, -1, -1] - 0.5 * crops[:, :, -2, -2]
    lower_left = 1.5 * crops[:, :, -1, 0] - 0.5 * crops[:, :, -2, 1]
    seen = torch.stack([upper_left, upper_right, lower_right, lower_left], 1)  # [n, 4, 2]
    # A pixel of the picture is 0.008; at the picture's border filters lose up to half of one.
    assert (seen - views.corners).abs().max() < 0.008
    centre = crops[:, :, 23:25, 23:25].mean((2, 3))
    if not options.get("perspective"):
        assert (centre - views.corners.mean(1)).abs().max() < 1e-3


@pytest.mark.parametrize(("height", "width"), [(96, 128), (128, 64)])
def test_boxes_are_square_and_inside_the_picture(height, width):
    spec = CutoutSpec()
    views = sample(200, 16, height, width, spec, 0, 0)
    left, top, right, bottom = (views.boxes * torch.tensor([width, height, width, height])).unbind(
        -1
    )
    sides = torch.stack([right - left, bottom - top])
    assert (sides[0] - sides[1]).abs().max() < 1e-3  # pixels
    shorter = min(height, width)
    assert sides.min() >= spec.smallest * shorter - 1e-3
    assert sides.max() <= spec.largest * shorter + 1e-3
    assert sides.std() > 0.1 * shorter  # uniform between 0.4 and 1: 0.17
    assert views.boxes.min() >= -1e-6
    assert views.boxes.max() <= 1 + 1e-6
    assert (views.corners >= views.boxes[:, None, :2] - 1e-6).all()
    assert (views.corners <= views.boxes[:, None, 2:] + 1e-6).all()


def test_half_of_the_crops_are_mirrored():
    corners = sample(400, 16, 64, 64, CutoutSpec(flip=0.5), 0, 0).corners
    mirrored = (corners[:, 1, 0] < corners[:, 0, 0]).float().mean()
    assert 0.4 < mirrored < 0.6  # 4 standard deviations of 400 coins


def test_views_are_a_function_of_seed_and_step():
    first, again, later, other = (
        sample(8, 16, 64, 64, CutoutSpec(), seed, step)
        for seed, step in [(1, 2), (1, 2), (1, 3), (2, 2)]
    )
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    for changed in (later, other):
        drawn = zip(first, changed, strict=True)
        assert not any(torch.equal(a, b) for a, b in drawn if a.numel())


def test_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    sample(8, 16, 64, 64, CutoutSpec(), 1, 2)
    assert torch.equal(before, torch.get_rng_state())


def test_lanes_see_the_same_views():
    picture = uniform(1, 3, 64, 64)
    views = sample(8, 16, 64, 64, CutoutSpec(), 1, 2)
    both = cut(torch.cat([picture, picture.flip(-1), picture]), views)
    assert torch.equal(both[0], both[2])
    assert not torch.equal(both[0], both[1])
    # One lane of three or one alone: only the order of float32 sums may differ.
    assert (both[:1] - cut(picture, views)).abs().max() < 1e-6


def test_crop_each_takes_box_i_from_picture_i():
    pictures = uniform(5, 3, 64, 64)
    views = sample(5, 16, 64, 64, CutoutSpec(), 1, 2)
    every = crop(pictures, views)  # [5 pictures, 5 boxes, ...]
    each = crop_each(pictures, views)[0]
    assert (
        each - every[torch.arange(5), torch.arange(5)]
    ).abs().max() < 1e-6  # order of float32 sums


def test_gradient_equals_finite_differences():
    views = sample(6, 8, 32, 32, CutoutSpec(), 1, 2)
    weight = uniform(2, 6, 3, 8, 8, seed=1)
    picture = uniform(2, 3, 32, 32).requires_grad_()

    def value(picture):
        return (cut(picture, views) * weight).mean().double()

    (grad,) = torch.autograd.grad(value(picture), picture)
    direction = uniform(2, 3, 32, 32, seed=2)
    # Linear in the picture, so the width costs nothing but rounding.
    expected = slope(value, picture.detach(), direction, 0.5)
    assert float((grad * direction).sum()) == pytest.approx(expected, rel=1e-4)


def test_every_pixel_is_reached():
    views = sample(256, 32, 64, 64, CutoutSpec(), 1, 0)
    picture = uniform(1, 3, 64, 64).requires_grad_()
    (grad,) = torch.autograd.grad(cut(picture, views).sum(), picture)
    assert (grad.abs().sum(1) > 0).float().mean() > 0.98  # a few corners may be missed
    assert grad.isfinite().all()


def test_noise_and_colour_are_as_strong_as_asked():
    grey = torch.full((1, 3, 64, 64), 0.5)
    noisy = cut(grey, sample(64, 16, 64, 64, dataclasses.replace(PLAIN, noise=0.1), 0, 0))
    assert (noisy - 0.5).std().item() == pytest.approx(0.1, rel=0.03)  # 50,000 draws: 3 per mille
    tinted = cut(grey, sample(64, 16, 64, 64, dataclasses.replace(PLAIN, jitter=0.1), 0, 0))
    brightness = tinted[0, :, 0, 0, 0] - 0.5  # a grey of 0.5 keeps its contrast and colour
    assert brightness.abs().max() < 0.1 + 1e-6
    assert brightness.std().item() == pytest.approx(0.1 / 3**0.5, rel=0.3)  # uniform, 64 draws
