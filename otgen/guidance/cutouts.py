"""Random cutouts of a picture: one batched, differentiable operation for all lanes and crops.

A cutout is a square box of random size and place. Inside the box is a quadrilateral: the square
after rotation, flip and perspective. It is stretched to the encoder's input. Two steps do this for
all crops at once. First, each box is cropped and resized by a pair of interpolation matrices, with
a triangle filter as wide as the reduction against aliasing. Then each quadrilateral is warped by
its homography.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.guidance import sampling
from otgen.guidance.homography import homography
from otgen.painters.randomness import generator

_OVERSAMPLE = (
    1.25  # the box is resized to this many times the side, so that the warp loses no detail
)


@dataclass(frozen=True)
class CutoutSpec:
    """How cutouts are sampled.

    Args:
        smallest, largest: side of the box, as fractions of the picture's shorter side.
        flip: probability that a crop is mirrored.
        rotation: largest angle in either direction, degrees.
        perspective: how far a corner may move inwards, as a fraction of the side.
        jitter: strength of the change of brightness, contrast and colour.
        noise: standard deviation of the noise added to a crop, colours being in [0, 1].
    """

    smallest: float = 0.35
    largest: float = 0.85
    flip: float = 0.5
    rotation: float = 8.0
    perspective: float = 0.05
    jitter: float = 0.05
    noise: float = 0.02


class Views(NamedTuple):
    """All random parameters of n cutouts, which do not depend on the picture.

    boxes: [n, 4], (left, top, right, bottom), fractions of the picture's width and height.
    corners: [n, 4, 2], (x, y) in the same units: the places of the crop's upper left, upper
        right, lower right and lower left corner in the picture.
    rows [n, r, h], columns [n, r, w]: interpolation matrices.
    grid [n, s, s, 2]: the warp, for grid_sample.
    colour [n, 3, 4]: a matrix on (R, G, B, 1). noise [n, 3, s, s].
    weights: [n], sum 1, and cells [n], as ``sampling.draw`` has them; [0] if all count alike.
    """

    boxes: Tensor
    corners: Tensor
    rows: Tensor
    columns: Tensor
    grid: Tensor
    colour: Tensor
    noise: Tensor
    weights: Tensor
    cells: Tensor


def interpolation(start: Tensor, length: Tensor, size: int, count: int) -> Tensor:
    """Return matrices [n, count, size] that resample a span of pixels to ``count`` values.

    The span is ``start .. start + length``, in pixels. The filter is a triangle, widened by the
    reduction. torch calls this bilinear with antialias.
    """
    on = start.device
    step = (length / count)[:, None, None]
    at = torch.arange(count, device=on)[None, :, None] + 0.5
    centre = start[:, None, None] + at * step  # [n, count, 1]
    pixel = torch.arange(size, device=on)[None, None, :] + 0.5
    weight = (1 - (pixel - centre).abs() / step.clamp(min=1)).clamp(min=0)  # [n, count, size]
    return weight / weight.sum(-1, keepdim=True)


def _quadrilaterals(n: int, spec: CutoutSpec, draw: torch.Generator) -> Tensor:
    """Return the crops' corners inside their boxes: [n, 4, 2] in [-1, 1]^2.

    The upper left corner is first, then clockwise.
    """
    square = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    angle = math.radians(spec.rotation) * (2 * torch.rand(n, generator=draw) - 1)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, sin], -1), torch.stack([-sin, cos], -1)], -2)
    fit = 1 / (cos.abs() + sin.abs())  # the turned square just touches the box
    corners = square @ turn * fit[:, None, None]  # [n, 4, 2]
    inwards = 2 * spec.perspective * torch.rand(n, 4, 2, generator=draw)
    corners = corners * (1 - inwards)
    mirrored = torch.rand(n, generator=draw) < spec.flip
    return torch.where(mirrored[:, None, None], corners[:, [1, 0, 3, 2]], corners)


def _grid(corners: Tensor, side: int) -> Tensor:
    """Return the sampling grid [n, s, s, 2] that maps the unit square's pixels into corners."""
    across, down, origin, g, h = homography(corners)
    at = (torch.arange(side, device=corners.device) + 0.5) / side
    v, u = torch.meshgrid(at, at, indexing="ij")
    u, v = u[None, ..., None], v[None, ..., None]
    top = across[:, None, None] * u + down[:, None, None] * v + origin[:, None, None]
    return top / (g[:, None, None, None] * u + h[:, None, None, None] * v + 1)


def _colours(n: int, strength: float, draw: torch.Generator) -> Tensor:
    """Return [n, 3, 4] matrices that change contrast, saturation and brightness a little."""
    contrast, saturation, brightness = (
        strength * (2 * torch.rand(n, 1, 1, generator=draw) - 1) for _ in range(3)
    )
    grey = torch.tensor([0.299, 0.587, 0.114]).expand(3, 3)
    mix = (1 + saturation) * torch.eye(3) - saturation * grey  # [n, 3, 3]
    matrix = (1 + contrast) * mix
    return torch.cat([matrix, (brightness - contrast * 0.5).expand(n, 3, 1)], -1)


def sample(
    n: int,
    side: int,
    height: int,
    width: int,
    spec: CutoutSpec,
    seed: int,
    step: int,
    device="cpu",
    need: Tensor | None = None,
) -> Views:
    """Draw n cutouts of ``side`` pixels for pictures of ``height x width``.

    They are a function of (seed, step), and of the need [k, k] of ``sampling`` where one is given.
    """
    draw = generator(seed, step, "cutouts")
    unit = torch.rand(3, n, generator=draw)
    weights, cells = unit[0, :0], unit[0, :0].long()
    if need is not None:
        offset = torch.rand((), generator=generator(seed, step, "cells"))
        unit[1:], cells, weights = sampling.draw(unit[1:], need, float(offset))
    extent = spec.smallest + unit[0] * (spec.largest - spec.smallest)
    extent = extent * min(height, width)  # pixels
    left, top = unit[1] * (width - extent), unit[2] * (height - extent)
    boxes = torch.stack(
        [left / width, top / height, (left + extent) / width, (top + extent) / height], -1
    )
    inside = math.ceil(side * _OVERSAMPLE)
    quadrilaterals = _quadrilaterals(n, spec, draw)
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    noise = torch.randn(
        (n, 3, side, side), generator=generator(seed, step, "noise", device), device=device
    )
    return Views(
        boxes,
        centre[:, None] + quadrilaterals * half[:, None],
        interpolation(top.to(device), extent.to(device), height, inside),
        interpolation(left.to(device), extent.to(device), width, inside),
        _grid(quadrilaterals.to(device), side),
        _colours(n, spec.jitter, draw).to(device),
        spec.noise * noise,
        weights.to(device),
        cells.to(device),
    )


def crop(pictures: Tensor, views: Views) -> Tensor:
    """Crop and resize every box out of every picture: [L, 3, h, w] -> [L, n, 3, r, r]."""
    across = torch.einsum("lchw,njw->nlchj", pictures, views.columns)
    return torch.einsum("nih,nlchj->lncij", views.rows, across)


def crop_each(pictures: Tensor, views: Views) -> Tensor:
    """Crop box i out of picture i alone: [n, 3, h, w] -> [1, n, 3, r, r]."""
    across = torch.einsum("nchw,njw->nchj", pictures, views.columns)
    return torch.einsum("nih,nchj->ncij", views.rows, across)[None]


def finish(crops: Tensor, views: Views) -> Tensor:
    """Warp and recolour crops, and add noise: [L, n, 3, r, r] -> [L, n, 3, s, s]."""
    lanes = len(crops)
    channels = crops.transpose(0, 1).flatten(1, 2)  # [n, L*3, r, r]: one warp serves every lane
    warped = F.grid_sample(channels, views.grid, padding_mode="border", align_corners=False)
    warped = warped.unflatten(1, (lanes, 3)).transpose(0, 1)  # [L, n, 3, s, s]
    matrix, shift = views.colour[..., :3], views.colour[..., 3]
    coloured = torch.einsum("nck,lnkij->lncij", matrix, warped) + shift[..., None, None]
    return coloured + views.noise


def cut(pictures: Tensor, views: Views) -> Tensor:
    """Return every cutout of every lane's picture: [L, 3, h, w] in [0, 1] -> [L, n, 3, s, s]."""
    return finish(crop(pictures, views), views)
