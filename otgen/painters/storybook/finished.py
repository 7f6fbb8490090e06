"""A finished storybook picture drawn anew: LARGE times as large, or as SVG.

Sprites are laid one over the other, the deepest first: at the end of a run their order is sharp.
So one at a time is in memory, and both files show the same.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from otgen.painters.catalogue import LARGE
from otgen.painters.storybook import decoder, places, vector
from otgen.painters.storybook.compositor import (
    DEPTH,
    SIZE,
    SQUEEZE,
    TURN,
    X,
    Y,
    placed,
    seamed,
    tinted,
)
from otgen.painters.storybook.latent import SETS, State
from otgen.painters.storybook.painter import Storybook
from otgen.painters.storybook.renderer import Renderer
from otgen.painters.storybook.styles import STYLES, mixed
from otgen.painters.storybook.vector import SHARPNESS
from otgen.recipe.prompts import InputError
from otgen.world.storybook.words import PLACES, THINGS

_UNSEEN = 1 / 256  # a weight that changes no pixel
_PLAIN = 0.98  # weight of the plain style from which on nobody sees another
_QUALITY = 92  # of the place in an SVG, as JPEG


class _Sprite(NamedTuple):
    """A sprite of one picture: its thing, its decoder's maps, and rows of the state's leaves."""

    thing: str
    logits: Tensor
    colours: Tensor
    tint: Tensor
    pose: Tensor
    mirrored: Tensor


def _sprites(renderer: Renderer, state: State, lane: int) -> Iterator[_Sprite]:
    """Yield the sprites that are seen in a lane, the deepest first."""
    (part, _, _, tints, pose, _, _), shown = renderer.pictured(state)
    codes = renderer.codes.unflatten(0, (SETS, -1))
    for k in torch.argsort(pose[lane, :, DEPTH]).tolist():
        if shown[lane, k]:
            code = part[lane, k] @ codes[state.sets[k]]
            logits, colours = renderer.decoder.maps(code[None])
            thing = list(THINGS)[int(part[lane, k].argmax())]
            row = tints[lane, k], pose[lane, k], state.mirrored[k]
            yield _Sprite(thing, logits[0], colours[0], *row)


def _behind(renderer: Renderer, state: State, lane: int, height: int, width: int) -> Tensor:
    """Return the place behind the sprites, [1, 3, height, width], one in memory at a time."""
    (_, grounds, _, _, _, seam, _), _ = renderer.pictured(state)
    black = torch.zeros(1, 1, height, width)
    second = seamed(black, black + 1, seam[lane : lane + 1])
    seeds, total = state.variants.tolist(), torch.zeros(1, 3, height, width)
    for row, name in enumerate(PLACES):
        one, other = grounds[lane, :, row].tolist()
        if max(one, other) >= _UNSEEN:
            ground = torch.from_numpy(places.draw(name, seeds[row], height, width))
            total += (one + (other - one) * second) * ground.permute(2, 0, 1)
    return total.clamp_(0, 1)


@torch.no_grad()
def large(painter: Storybook, state: State, lane: int) -> np.ndarray:
    """Draw a lane's finished picture LARGE times as large, [h, w, 3] uint8.

    Outlines are as sharp, in pixels, as those of a sprite of the decoder's own size.
    """
    renderer = painter.renderer
    height, width = LARGE * renderer.height, LARGE * renderer.width
    image = _behind(renderer, state, lane, height, width)
    for sprite in _sprites(renderer, state, lane):
        stretch = float(sprite.pose[SIZE] + sprite.pose[SQUEEZE].abs() / 2)
        side = max(decoder.GRID, math.ceil(math.exp(stretch) * min(height, width)))
        maps, outline = (sprite.logits[None], sprite.colours[None]), 2 * side / decoder.GRID
        pixels = tinted(decoder.painted(*maps, side, SHARPNESS, outline), sprite.tint[None])
        pose, mirrored = sprite.pose[None, None], sprite.mirrored[None, None]
        layer = placed(pixels[None], pose, mirrored, height, width)[0]
        image.mul_(1 - layer[:, 3:]).add_(layer[:, :3])
    image = mixed(image.clamp_(0, 1), renderer.leaves(state)[2][lane : lane + 1])
    return (image[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


@torch.no_grad()
def svg(painter: Storybook, state: State, lane: int) -> str:
    """Draw a lane's finished picture as SVG. Raises InputError where its style is not plain.

    The place is a JPEG of the large picture's size in it: places are painted pixel by pixel.
    """
    renderer = painter.renderer
    weights = renderer.leaves(state)[2][lane]
    if weights[0] < _PLAIN:
        name = list(STYLES)[int(weights.argmax())]
        raise InputError(
            f"The picture's style, {name}, is made of pixels, which an SVG can't hold as shapes: "
            "take the large PNG."
        )
    height, width = renderer.height, renderer.width
    definitions, groups = [], []
    for sprite in _sprites(renderer, state, lane):
        name = f"sprite-{len(groups)}"
        defined, paths = vector.sprite(sprite.logits, sprite.colours, sprite.tint, name)
        definitions.append(defined)
        groups.append(
            f'<g id="{name}" transform="{_transform(sprite, height, width)}">'
            f"<title>{sprite.thing}</title>{paths}</g>"
        )
    picture = _behind(renderer, state, lane, LARGE * height, LARGE * width)[0]
    pixels = (picture * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    jpeg = io.BytesIO()
    Image.fromarray(pixels).save(jpeg, "JPEG", quality=_QUALITY, subsampling=0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><defs>{"".join(definitions)}</defs>'
        f'<image id="place" width="{width}" height="{height}" preserveAspectRatio="none" '
        f'href="data:image/jpeg;base64,{base64.b64encode(jpeg.getvalue()).decode()}"/>'
        f"{''.join(groups)}</svg>\n"
    )


def _transform(sprite: _Sprite, height: int, width: int) -> str:
    """Return how a sprite's square of ``vector`` stands in the picture, as ``placed`` places it."""
    pose, short = sprite.pose.tolist(), min(height, width)
    across = math.exp(pose[SIZE] + pose[SQUEEZE] / 2) * float(sprite.mirrored) * short
    down = math.exp(pose[SIZE] - pose[SQUEEZE] / 2) * short
    whole = vector.SIDE * vector.FINE
    return (
        f"translate({(1 + pose[X]) / 2 * width:.3f} {(1 + pose[Y]) / 2 * height:.3f}) "
        f"rotate({math.degrees(pose[TURN]):.3f}) scale({across / whole:.6f} {down / whole:.6f}) "
        f"translate(-{whole / 2:g} -{whole / 2:g})"
    )
