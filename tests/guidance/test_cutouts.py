"""Cutouts against torch's antialiased resize, and against where their corners are said to lie."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from helpers import slope, uniform
from torch.nn import functional as F

from otgen.guidance.cutouts import CutoutSpec, cut, cut_each, moved, sample
from otgen.guidance.homography import homography

PLAIN = CutoutSpec(flip=0, rotation=0, perspective=0, jitter=0, noise=0)


def test_reduced_checkerboard_is_grey():
    board = (torch.arange(128)[:, None] + torch.arange(128)) % 2
    pictures = board.float().expand(1, 3, 128, 128)
    views = sample(16, 24, 128, 128, PLAIN, 0, 0)  # 45 pixels or more to 24: reduced by 1.9 or more
    crops = cut(pictures, views)
    # The copies leave next to nothing of the board; bilinear without them leaves 1/2.
    assert (crops - 0.5).abs().max() < 0.1
    assert (crops - 0.5).square().mean().sqrt() < 0.02


@pytest.mark.parametrize(("size", "side"), [((128, 128), 48), ((96, 160), 24), ((300, 200), 16)])
def test_crops_are_the_mean_colours_of_what_they_show(size, side):
    """Against a plain picture looked up 36 times as densely, and averaged."""
    coarse = uniform(2, 3, 8, 8)
    picture = F.interpolate(coarse, size, mode="bicubic").clamp(0, 1)
    spec = dataclasses.replace(PLAIN, flip=0.5, rotation=8, perspective=0.05)
    views = sample(32, side, *size, spec, 0, 0)
    at = (torch.arange(6 * side) + 0.5) / (6 * side)
    v, u = (part[None, ..., None] for part in torch.meshgrid(at, at, indexing="ij"))
    across, down, origin, g, h = (part[:, None, None] for part in homography(views.corners))
    seen = (across * u + down * v + origin) / (g[..., None] * u + h[..., None] * v + 1)
    expected = [
        F.avg_pool2d(
            F.grid_sample(
                one.expand(32, -1, -1, -1), 2 * seen - 1, padding_mode="border", align_corners=False
            ),
            6,
        )
        for one in picture
    ]
    actual = cut(picture, views)
    difference = actual - torch.stack(expected)

    assert difference.square().mean().sqrt() < 0.06 * actual.std()
    assert difference.mean().abs() < 1e-3


def test_no_copy_shows_at_the_border_of_another():
    red = torch.tensor([1.0, 0.0, 0.0])[:, None, None].expand(1, 3, 200, 120)
    whole = dataclasses.replace(PLAIN, smallest=0.3, largest=1.0)
    crops = cut(red, sample(64, 16, 200, 120, whole, 0, 0))
    assert (crops - red[:, None, :, :16, :16]).abs().max() < 1e-4


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
    parts = [name for name in first._fields if name != "sizes"]  # those of the picture
    assert all(torch.equal(getattr(first, name), getattr(again, name)) for name in parts)
    for changed in (later, other):
        pairs = [(getattr(first, name), getattr(changed, name)) for name in parts]
        assert not any(torch.equal(*pair) for pair in pairs if pair[0].numel())


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


def test_cut_each_takes_box_i_from_picture_i():
    pictures = uniform(5, 3, 64, 64)
    views = sample(5, 16, 64, 64, CutoutSpec(), 1, 2)
    every = cut(pictures, views)  # [5 pictures, 5 boxes, ...]
    both = torch.arange(5)
    assert (cut_each(pictures, views) - every[both, both]).abs().max() < 1e-6


def test_moved_views_see_other_boxes_as_they_saw_theirs():
    views = sample(40, 48, 128, 128, PLAIN, 3, 1)
    boxes = sample(40, 48, 128, 128, dataclasses.replace(PLAIN, largest=1.0), 4, 1).boxes
    actual, expected = moved(views, boxes), moved(views, views.boxes)
    assert (cut(_axes(), expected) - cut(_axes(), views)).abs().max() < 1e-3
    centre = cut(_axes(), actual)[0, :, :2, 23:25, 23:25].mean((2, 3))
    assert (centre - (boxes[:, :2] + boxes[:, 2:]) / 2).abs().max() < 1e-3
    assert (actual.corners - (boxes[:, None, :2] + boxes[:, None, 2:]) / 2).mean(
        1
    ).abs().max() < 1e-6


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
    assert (grad.abs().sum(1) > 0).float().mean() > 0.96  # a few at the border may be missed
    assert grad.isfinite().all()


def test_noise_and_colour_are_as_strong_as_asked():
    grey = torch.full((1, 3, 64, 64), 0.5)
    noisy = cut(grey, sample(64, 16, 64, 64, dataclasses.replace(PLAIN, noise=0.1), 0, 0))
    assert (noisy - 0.5).std().item() == pytest.approx(0.1, rel=0.03)  # 50,000 draws: 3 per mille
    tinted = cut(grey, sample(64, 16, 64, 64, dataclasses.replace(PLAIN, jitter=0.1), 0, 0))
    brightness = tinted[0, :, 0, 0, 0] - 0.5  # a grey of 0.5 keeps its contrast and colour
    assert brightness.abs().max() < 0.1 + 1e-6
    assert brightness.std().item() == pytest.approx(0.1 / 3**0.5, rel=0.3)  # uniform, 64 draws
