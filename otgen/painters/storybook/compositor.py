"""Lay sprites over a place: differentiable poses, tints, gates and depths."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.world.storybook.words import COLOURS

# Numbers of a pose: centre across and down (-1 to 1 over the picture), log of the side (part of the
# picture's shorter side), turn (radians), log of how much wider than tall, depth (the largest is in
# front).
X, Y, SIZE, TURN, SQUEEZE, DEPTH = range(6)
_LUMA = (0.299, 0.587, 0.114)


class Composition(NamedTuple):
    """A picture and what it is made of.

    image: [N, 3, h, w] in [0, 1]. visible: [N, K, h, w], how much of each pixel a sprite gives.
    ground: [N, h, w], how much the place gives; these sum to 1.
    """

    image: Tensor
    visible: Tensor
    ground: Tensor


def tinted(sprites: Tensor, weights: Tensor) -> Tensor:
    """Mix sprites with their tints.

    Args:
        sprites: [N, 4, s, s], colours multiplied by the opacity. weights: [N, 1 + COLOURS]: of the
            sprite's own colours, then of each tint. They sum to 1.

    Returns:
        [N, 4, s, s]. A tint runs from black over its colour to white, as the sprite's lightness
        does.
    """
    colours = sprites.new_tensor(list(COLOURS.values()))  # [8, 3]
    rgb, alpha = sprites[:, :3], sprites[:, 3:]
    light = 2 * torch.einsum("nchw,c->nhw", rgb, sprites.new_tensor(_LUMA))[:, None]
    full = torch.minimum(light, 2 * alpha - light).clamp(min=0)  # where the colour itself shows
    white = (light - alpha).clamp(min=0)
    tint = (weights[:, 1:] @ colours)[..., None, None]  # [N, 3, 1, 1]
    own = weights[:, 0, None, None, None]
    return torch.cat([own * rgb + full * tint + (1 - own) * white, alpha], 1)


def placed(sprites: Tensor, pose: Tensor, mirrored: Tensor, height: int, width: int) -> Tensor:
    """Move sprites to where they stand in the picture.

    Args:
        sprites: [N, K, 4, s, s]. pose: [N, K, 6]. mirrored: [N, K], 1 or -1 where left is right.

    Returns:
        [N, K, 4, height, width].
    """
    n, count = pose.shape[:2]
    x, y, size, turn, squeeze, _ = pose.flatten(0, 1).unbind(-1)  # [N * K]
    short = min(height, width)
    across, down = width / short, height / short  # the picture's half sides, in shorter half sides
    cos, sin = turn.cos(), turn.sin()
    wide = torch.exp(-size - squeeze / 2) * mirrored.flatten()
    tall = torch.exp(-size + squeeze / 2)
    # From the picture's coordinates to the sprite's: shift, turn, scale.
    rows = [
        torch.stack([cos * across, sin * down, -(cos * x * across + sin * y * down)], -1)
        * wide[:, None],
        torch.stack([-sin * across, cos * down, sin * x * across - cos * y * down], -1)
        * tall[:, None],
    ]
    grid = F.affine_grid(torch.stack(rows, 1), (n * count, 4, height, width), align_corners=False)
    moved = F.grid_sample(sprites.flatten(0, 1), grid, align_corners=False)
    return moved.unflatten(0, (n, count))


def composed(layers: Tensor, depth: Tensor, gates: Tensor, ground: Tensor, order: float):
    """Lay sprites over the ground, the deeper ones first.

    Args:
        layers: [N, K, 4, h, w]. depth: [N, K]. gates: [N, K] in [0, 1], 0 hides a sprite.
        ground: [N, 3, h, w]. order: how sharply depths decide who covers whom; 40 is sharp.

    Returns:
        A Composition. Its gradient reaches depths: each pair's order is a sigmoid.
    """
    layers = layers * gates[..., None, None, None]
    alpha = layers[:, :, 3]  # [N, K, h, w]
    count = depth.shape[1]
    front = torch.sigmoid(order * (depth[:, None, :] - depth[:, :, None]))  # [N, K, K]
    front = front * (1 - torch.eye(count, device=depth.device))
    clear = torch.ones_like(alpha)
    for other in range(count):  # a product over others without a [N, K, K, h, w] tensor
        clear = clear * (1 - front[:, :, other, None, None] * alpha[:, other, None])
    through = (1 - alpha).prod(1)  # [N, h, w]
    visible = alpha * clear
    total = (through + visible.sum(1)).clamp(min=1e-3)  # 1 where the order is sharp
    image = (layers[:, :, :3] * clear[:, :, None]).sum(1) + ground * through[:, None]
    image = (image / total[:, None]).clamp(0, 1)
    return Composition(image, visible / total[:, None], through / total)


def seamed(first: Tensor, second: Tensor, seam: Tensor) -> Tensor:
    """Show two grounds [N, 3, h, w] on the two sides of a soft line.

    seam: [N, 3]: the line's normal (angle, radians), its distance from the middle (-1 to 1), and
    its sharpness (the transition is about 2 / sharpness half pictures wide).
    """
    height, width = first.shape[-2:]
    y = (torch.arange(height, device=first.device) + 0.5) / height * 2 - 1
    x = (torch.arange(width, device=first.device) + 0.5) / width * 2 - 1
    angle, distance, sharpness = (part[:, None, None] for part in seam.unbind(-1))
    side = torch.sigmoid(sharpness * (angle.cos() * x + angle.sin() * y[:, None] - distance))
    return torch.lerp(first, second, side[:, None])  # [N, 1, h, w] over the colours


def sided(pose: Tensor, seam: Tensor) -> Tensor:
    """Return how far sprites, pose [N, K, 6], stand before each of two grounds, [N, K, 2]."""
    angle, distance, sharpness = (part[:, None] for part in seam.unbind(-1))
    across = angle.cos() * pose[..., X] + angle.sin() * pose[..., Y]
    second = torch.sigmoid(sharpness * (across - distance))
    return torch.stack([1 - second, second], -1)


def spans(seam: Tensor, cells: int = 32) -> Tensor:
    """Return boxes [N, 2, 4] of where the two grounds of a seam [N, 3] lie, parts of the sides.

    A box has the middle and the spread of its ground, which fills it where the seam runs along it.
    """
    black = seam.new_zeros(len(seam), 1, cells, cells)
    second = seamed(black, black + 1, seam)  # [N, 1, cells, cells]
    there = torch.cat([1 - second, second], 1)
    there = there / there.sum((2, 3), keepdim=True)
    at = (torch.arange(cells, device=seam.device) + 0.5) / cells
    along = torch.stack([there.sum(2), there.sum(3)], 2)  # [N, 2, (across, down), cells]
    middle = along @ at
    half = (3 * (along @ at.square() - middle.square())).sqrt()  # of an even spread
    return torch.cat([middle - half, middle + half], -1)


def squares(pictures: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Return boxes [L, k, 4] of pictures [L, 3, h, w], [L * k, 3, side, side].

    boxes: left, top, right, bottom, as parts of the picture's sides; what lies outside repeats the
    border.
    """
    middle, half = boxes[..., 2:] + boxes[..., :2] - 1, boxes[..., 2:] - boxes[..., :2]
    zero = torch.zeros_like(half[..., 0])
    rows = [
        torch.stack([half[..., 0], zero, middle[..., 0]], -1),
        torch.stack([zero, half[..., 1], middle[..., 1]], -1),
    ]
    theta = torch.stack(rows, -2).flatten(0, 1)  # [L * k, 2, 3]
    # Twice the side, then reduced by area: nothing aliases.
    grid = F.affine_grid(theta, (len(theta), 3, 2 * side, 2 * side), align_corners=False)
    many = pictures.repeat_interleave(boxes.shape[1], 0)
    crops = F.grid_sample(many, grid, padding_mode="border", align_corners=False)
    return F.avg_pool2d(crops, 2)
