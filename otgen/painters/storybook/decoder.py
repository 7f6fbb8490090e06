"""The sprite decoder: a code makes layers of flat shapes, so that a sprite is crisp at any size.

A code becomes logits of LAYERS layers and an opacity on a grid of GRID x GRID, and a colour of each
layer that may run across the sprite (affine in x and y). At every pixel the layers compete by a
softmax: enlarging the logits, not the colours, keeps edges sharp.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from otgen.world.storybook.words import THINGS

GRID = 96  # side of the logits
LAYERS = 10
DIM = 32  # of a code
SMALL = 64  # pixels of a side of the sprites that a run is guided by
_IN_A_ROW = 15  # drawings of drawings.png


class _Up(nn.Module):
    """Twice the side, two convolutions."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inner, outer, 3, padding=1)
        self.second = nn.Conv2d(outer, outer, 3, padding=1)
        self.norm = nn.GroupNorm(8, outer)

    def forward(self, x: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        return F.silu(self.norm(self.second(F.silu(self.first(x)))))


class SpriteDecoder(nn.Module):
    """Decode codes [N, DIM] to sprites, RGBA with colours multiplied by the opacity."""

    def __init__(self, widths: tuple[int, int, int] = (128, 96, 64)) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Linear(DIM, 256), nn.SiLU(), nn.Linear(256, widths[0] * 64), nn.SiLU()
        )
        self.ups = nn.ModuleList(_Up(inner, outer) for inner, outer in pairwise(widths))
        self.out = nn.Conv2d(widths[-1], 9 * (LAYERS + 1), 3, padding=1)
        self.colours = nn.Sequential(nn.Linear(DIM, 256), nn.SiLU(), nn.Linear(256, LAYERS * 9))

    def maps(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [N, LAYERS + 1, GRID, GRID], opacity last; colours [N, LAYERS, 3, 3].

        The colours' rows are (constant, slope across, slope down) of (R, G, B).
        """
        x = self.stem(codes).unflatten(1, (-1, 8, 8))  # [N, 128, 8, 8]
        for up in self.ups:
            x = up(x)
        logits = F.pixel_shuffle(self.out(x), 3).float() * 3  # [N, LAYERS + 1, 96, 96]
        return logits, self.colours(codes).float().unflatten(1, (LAYERS, 3, 3))

    def forward(self, codes: Tensor, side: int = GRID, sharpness: float = 1.0) -> Tensor:
        """Return sprites [N, 4, side, side] in [0, 1]; sharpness multiplies the logits."""
        return painted(*self.maps(codes), side, sharpness)


def painted(
    logits: Tensor,
    colours: Tensor,
    side: int = GRID,
    sharpness: float = 1.0,
    outline: float | None = None,
) -> Tensor:
    """Return the sprites [N, 4, side, side] of a decoder's maps, colours not yet in [0, 1] cut.

    sharpness: of the layers, and of the opacity unless ``outline`` is given.
    """
    if side != logits.shape[-1]:
        logits = F.interpolate(logits, size=(side, side), mode="bicubic")
    part = (logits[:, :-1] * sharpness).softmax(1)  # [N, LAYERS, s, s]
    at = (torch.arange(side, device=logits.device) + 0.5) / side * 2 - 1
    field = torch.einsum("nlij,nlbc->nbcij", part, colours)  # constant and slopes, [N, 3, 3, s, s]
    rgb = (field[:, 0] + field[:, 1] * at + field[:, 2] * at[:, None] + 0.5).clamp(0, 1)
    alpha = torch.sigmoid(logits[:, -1:] * (outline or sharpness))
    return torch.cat([rgb * alpha, alpha], 1)


@torch.no_grad()
def decoded(decoder: SpriteDecoder, codes: Tensor, side: int) -> Tensor:
    """Decode any number of codes [C, DIM], few at a time: [C, 4, side, side]."""
    return torch.cat([decoder(some, side) for some in codes.split(32)])


def save_drawings(folder: Path, decoder: SpriteDecoder, codes: Tensor) -> None:
    """Write drawings.png: to decode all codes at each start of a painter takes two seconds."""
    made = (255 * decoded(decoder, codes, SMALL)).round().to(torch.uint8)
    sheet = made.unflatten(0, (-1, _IN_A_ROW)).permute(0, 3, 1, 4, 2)  # [rows, s, in a row, s, 4]
    sheet = sheet.flatten(2, 3).flatten(0, 1).contiguous().cpu().numpy()
    Image.fromarray(sheet).save(folder / "drawings.png", optimize=True)


def drawings(folder: Path) -> Tensor:
    """Return what the shipped decoder makes of its codes, [C, 4, SMALL, SMALL] in [0, 1]."""
    sheet = torch.from_numpy(np.array(Image.open(folder / "drawings.png"))).float() / 255
    cells = sheet.unflatten(1, (_IN_A_ROW, SMALL)).unflatten(0, (-1, SMALL))
    return cells.permute(0, 2, 4, 1, 3).flatten(0, 1).contiguous()


def seen_instead(held_out: Tensor) -> Tensor:
    """Return rows of drawings [C]: a held-out one gives way to the next set's of its thing.

    held_out: [C], the drawings that no encoder was trained on, set by set.
    """
    rows = torch.arange(len(held_out))
    return torch.where(held_out, (rows + len(THINGS)) % len(rows), rows)


def held_out(folder: Path) -> Tensor:
    """Return which of the shipped decoder's drawings no encoder was trained on, [C]."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    names = set(config["held_out"])
    drawings_named = (f"{drawing} of {name}" for name in config["sets"] for drawing in THINGS)
    return torch.tensor([one in names for one in drawings_named])


def load(folder: Path) -> tuple[SpriteDecoder, Tensor, list[str]]:
    """Return the shipped decoder, the codes [C, DIM] of its drawings, and what each one shows."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tensors = {key: x.float() for key, x in load_file(folder / "model.safetensors").items()}
    codes = tensors.pop("codes")
    decoder = SpriteDecoder(tuple(config["widths"]))
    decoder.load_state_dict(tensors)
    return decoder.eval().requires_grad_(False), codes, config["drawings"]
