"""Random cutouts of a picture: one batched, differentiable operation for all lanes and crops.

A cutout is a square box of random size and place. Inside the box is a quadrilateral: the square
after rotation, flip and perspective. It is stretched to the encoder's input. All crops are looked
up at once, each in the reduced copy of the picture whose pixels are about as large as its own, so
that nothing aliases. The copies, an image pyramid in steps of half an octave, lie below each other
in one image, so that one warp reads them all.
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
    sizes: (height, width) of the picture and its reduced copies, in pixels.
    grid [n, s, s, 2]: where crops are read in the image of all copies, for grid_sample.
    colour [n, 3, 4]: a matrix on (R, G, B, 1). noise [n, 3, s, s].
    weights: [n], sum 1, and cells [n], as ``sampling.draw`` has them; [0] if all count alike.
    """

    boxes: Tensor
    corners: Tensor
    sizes: tuple[tuple[int, int], ...]
    grid: Tensor
    colour: Tensor
    noise: Tensor
    weights: Tensor
    cells: Tensor


def _sizes(height: int, width: int, reduction: float) -> tuple[tuple[int, int], ...]:
    """Return the sizes of a picture and its copies, for crops that reduce by so much at most."""
    count = 1 + max(0, math.floor(2 * math.log2(reduction)))
    return tuple((round(height / 2 ** (k / 2)), round(width / 2 ** (k / 2))) for k in range(count))


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


def _grid(corners: Tensor, extent: Tensor, sizes: tuple, side: int) -> Tensor:
    """Return the grid [n, s, s, 2] that reads crops in the image of all copies.

    corners: as in Views. extent: [n], sides of the boxes in pixels of the picture.
    """
    size = corners.new_tensor([(width, height) for height, width in sizes])
    octaves = (extent / side).clamp(min=1).log2()
    copy = (2 * octaves).long().clamp(max=len(sizes) - 1)  # [n]
    pixels = size[copy]  # [n, 2], of the copy that a crop is read in
    across, down, origin, g, h = homography(corners * pixels[:, None])
    at = (torch.arange(side, device=corners.device) + 0.5) / side
    v, u = torch.meshgrid(at, at, indexing="ij")
    square = torch.stack([u, v, torch.ones_like(u)]).flatten(1)  # [3, s * s]
    below = torch.stack([g, h, torch.ones_like(g)], -1)
    numerator = torch.stack([across, down, origin], 2) @ square  # [n, 2, s * s]
    seen = numerator.div_((below @ square)[:, None])
    # Up to the middles of its outermost pixels: what lies beyond them is another copy.
    pixels = pixels[..., None]
    seen = torch.minimum(seen.clamp_(min=0.5), pixels - 0.5)
    above = (size[:, 1].cumsum(0) - size[:, 1])[copy]  # [n], rows of the copies above
    whole = torch.stack([size[0, 0], size[:, 1].sum()])[:, None]
    first = torch.stack([torch.zeros_like(above), above], -1)[..., None]
    seen = seen.add_(first).mul_(2 / whole).sub_(1)
    return seen.transpose(1, 2).unflatten(1, (side, side))


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
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    corners = centre[:, None] + _quadrilaterals(n, spec, draw) * half[:, None]
    sizes = _sizes(height, width, spec.largest * min(height, width) / side)
    noise = torch.randn(
        (n, 3, side, side), generator=generator(seed, step, "noise", device), device=device
    )
    return Views(
        boxes=boxes,
        corners=corners,
        sizes=sizes,
        grid=_grid(corners.to(device), extent.to(device), sizes, side),
        colour=_colours(n, spec.jitter, draw).to(device),
        noise=spec.noise * noise,
        weights=weights.to(device),
        cells=cells.to(device),
    )


def moved(views: Views, boxes: Tensor) -> Views:
    """Return views of other boxes [n, 4], turned and recoloured as they were."""
    (height, width), side = views.sizes[0], views.grid.shape[1]
    old, new = (
        ((box[:, :2] + box[:, 2:])[:, None] / 2, (box[:, 2:] - box[:, :2])[:, None] / 2)
        for box in (views.boxes, boxes)
    )
    corners = new[0] + (views.corners - old[0]) / old[1] * new[1]
    extent = (boxes[:, 2] - boxes[:, 0]) * width
    sizes = _sizes(height, width, min(height, width) / side)
    on = views.grid.device
    grid = _grid(corners.to(on), extent.to(on), sizes, side)
    return views._replace(boxes=boxes, corners=corners, sizes=sizes, grid=grid)


def _pyramid(pictures: Tensor, sizes: tuple) -> Tensor:
    """Return pictures [N, 3, h, w] and their reduced copies below them, [N, 3, H, w]."""
    copies = [pictures]
    for k, size in enumerate(sizes[1:], 1):
        if k == 1:
            copies.append(F.interpolate(pictures, size, mode="bilinear", antialias=True))
        else:  # half as large as the last but one
            copies.append(F.interpolate(copies[k - 2], size, mode="area"))
    width = pictures.shape[-1]
    return torch.cat([F.pad(copy, (0, width - copy.shape[-1])) for copy in copies], 2)


def _finished(crops: Tensor, views: Views) -> Tensor:
    """Recolour crops [L, n, 3, s, s] and add noise."""
    matrix, shift = views.colour[..., :3], views.colour[..., 3]
    coloured = torch.einsum("nck,lnkij->lncij", matrix, crops) + shift[..., None, None]
    return coloured + views.noise


def cut(pictures: Tensor, views: Views) -> Tensor:
    """Return every cutout of every lane's picture: [L, 3, h, w] in [0, 1] -> [L, n, 3, s, s]."""
    n, side = views.grid.shape[:2]
    grid = views.grid.flatten(0, 1).expand(len(pictures), -1, -1, -1)  # [L, n * s, s, 2]
    crops = F.grid_sample(_pyramid(pictures, views.sizes), grid, align_corners=False)
    return _finished(crops.unflatten(2, (n, side)).transpose(1, 2), views)


def cut_each(pictures: Tensor, views: Views) -> Tensor:
    """Return cutout i of picture i alone: [n, 3, h, w] in [0, 1] -> [n, 3, s, s]."""
    copies = _pyramid(pictures, views.sizes)
    return _finished(F.grid_sample(copies, views.grid, align_corners=False)[None], views)[0]
