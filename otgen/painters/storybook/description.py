"""What a storybook's picture is made of, and which prompt each sprite follows, as plain data."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.world.storybook.words import COLOURS, PLACES, STYLES, THINGS

SEEN = 0.004  # a sprite that gives less of the picture than this is not seen


def means(maps: Tensor, boxes: Tensor) -> Tensor:
    """Return the mean of maps [N, k, h, w] in boxes [N, 4], parts of their sides: [N, k]."""
    height, width = maps.shape[-2:]
    sums = F.pad(maps.cumsum(-1).cumsum(-2), (1, 0, 1, 0))
    sides = boxes.new_tensor([width, height, width, height])
    x0, y0, x1, y1 = (boxes * sides).round().long().unbind(-1)
    row = torch.arange(len(maps), device=maps.device)

    def corner(y: Tensor, x: Tensor) -> Tensor:
        return sums[row, :, y, x]

    total = corner(y1, x1) - corner(y0, x1) - corner(y1, x0) + corner(y0, x0)
    return total / ((y1 - y0) * (x1 - x0)).clamp(min=1)[:, None]


def followed(visible: Tensor, plan: Tensor, corners: Tensor) -> Tensor:
    """Return how much of each prompt's mass falls on each sprite.

    Args:
        visible: [L, K, h, w], how much of each pixel a sprite gives. plan: [L, n, m]. corners:
            [n, 4, 2] of the cutouts, parts of the picture's sides.

    Returns:
        [L, K, m]: a cutout's mass counts as far as the sprite fills it.
    """
    lanes, n, _ = plan.shape
    corners = corners.to(visible.device)  # they are drawn on the CPU
    boxes = torch.cat([corners.amin(1), corners.amax(1)], -1).clamp(0, 1)  # [n, 4]
    filled = means(visible.repeat_interleave(n, 0), boxes.repeat(lanes, 1))  # [L * n, K]
    return torch.einsum("lnk,lnm->lkm", filled.unflatten(0, (lanes, n)), plan)


def sprites(
    things: Tensor, tints: Tensor, visible: Tensor, boxes: Tensor, mass: Tensor, asked: Tensor
) -> list[list[dict]]:
    """Describe each lane's visible sprites, the largest first.

    Args:
        things: [L, K, THINGS] and tints: [L, K, 1 + COLOURS], weights. visible: [L, K], parts of
            the picture. boxes: [L, K, 4], parts of its sides. mass: as ``followed``. asked:
            [L, 1, m], the prompts' shares.

    Returns:
        For each lane, dicts: thing, weight (0 to 1), colour ("" for its own), area (part of the
        picture), box, follows (index of the prompt that has most of it beyond its share), share (of
        the sprite's mass, that prompt's), lift (that part, in shares that the prompt asked for).
    """
    names, colours = list(THINGS), ["", *COLOURS]
    described = []
    for lane in range(len(things)):
        of_lane = []
        for k in torch.argsort(visible[lane], descending=True).tolist():
            if visible[lane, k] < SEEN:
                continue
            weight, thing = things[lane, k].max(0)
            shares = mass[lane, k] / mass[lane, k].sum().clamp(min=1e-12)
            lift, follows = (shares / asked[lane, 0].clamp(min=1e-12)).max(0)
            of_lane.append(
                {
                    "thing": names[int(thing)],
                    "weight": round(float(weight), 3),
                    "colour": colours[int(tints[lane, k].argmax())],
                    "area": round(float(visible[lane, k]), 4),
                    "box": [round(side, 4) for side in boxes[lane, k].tolist()],
                    "follows": int(follows),
                    "share": round(float(shares[follows]), 3),
                    "lift": round(float(lift), 3),
                }
            )
        described.append(of_lane)
    return described


def backdrop(grounds: Tensor, styles: Tensor, shown: Tensor) -> list[dict]:
    """Describe each lane's places and style.

    grounds: [L, 2, PLACES], styles: [L, STYLES], weights. shown: [L, 2], parts of the picture.
    """
    names, styles_by_row = list(PLACES), list(STYLES)
    described = []
    for lane in range(len(grounds)):
        places: dict[str, float] = {}
        for ground in range(2):
            for place, weight in enumerate(grounds[lane, ground].tolist()):
                area = weight * float(shown[lane, ground])
                places[names[place]] = places.get(names[place], 0.0) + area
        most = sorted(places.items(), key=lambda pair: -pair[1])
        described.append(
            {
                "places": {name: round(area, 3) for name, area in most if area > 0.02},
                "style": styles_by_row[int(styles[lane].argmax())],
            }
        )
    return described
