"""The drawings that the storybook is trained on: three sets of icons, as pixels.

The sets come as SVG in npm's ``@iconify-json`` packages, which name a thing alike in each. They are
needed to train, never to run; their licences are in NOTICES.md.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import resvg_py
import torch
from PIL import Image
from torch import Tensor

from otgen.world.storybook.words import THINGS

SETS = ("noto", "twemoji", "fluent-emoji-flat")
SIDE = 96  # pixels of a drawing
_MARGIN = 3  # pixels around it
# The drawing of every sixth thing from one set, the sets in turn: CLIP and judge never see these.
HELD_OUT = frozenset((name, SETS[row % 3]) for row, name in enumerate(list(THINGS)[2::6]))


class Drawings(NamedTuple):
    """sprites: [C, 4, SIDE, SIDE], colours multiplied by the opacity. things: [C] rows of THINGS.
    held_out: [C], those that encoders are not trained on."""

    sprites: Tensor
    things: Tensor
    held_out: Tensor


def _raster(icons: dict, name: str) -> Image.Image:
    """Return an icon trimmed to its ink, RGBA."""
    icon = icons["icons"][name]
    width, height = (icon.get(key, icons.get(key, 16)) for key in ("width", "height"))
    left, top = icon.get("left", 0), icon.get("top", 0)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}">{icon["body"]}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, width=4 * SIDE, height=4 * SIDE)
    image = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    return image.crop(image.getbbox())


def _boxed(image: Image.Image) -> np.ndarray:
    """Return a drawing in the middle of a square, [4, SIDE, SIDE], colours times opacity."""
    inner = SIDE - 2 * _MARGIN
    scale = inner / max(image.size)
    size = tuple(max(1, round(length * scale)) for length in image.size)
    # Resampled with colours multiplied by the opacity: what is transparent has no colour.
    image = image.convert("RGBa").resize(size, Image.Resampling.LANCZOS)
    square = np.zeros((SIDE, SIDE, 4), np.float32)
    top, left = (SIDE - image.height) // 2, (SIDE - image.width) // 2
    square[top : top + image.height, left : left + image.width] = np.asarray(image)
    return square.transpose(2, 0, 1) / 255


def load_drawings(folder: Path) -> Drawings:
    """Rasterise every thing's drawing of every set; ``folder/<set>/icons.json`` holds a set."""
    sprites, things, held_out = [], [], []
    for name_of_set in SETS:
        icons = json.loads((folder / name_of_set / "icons.json").read_text(encoding="utf-8"))
        for row, (name, thing) in enumerate(THINGS.items()):
            sprites.append(torch.from_numpy(_boxed(_raster(icons, thing.icon))))
            things.append(row)
            held_out.append((name, name_of_set) in HELD_OUT)
    return Drawings(torch.stack(sprites), torch.tensor(things), torch.tensor(held_out))
