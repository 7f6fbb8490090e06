"""What random pictures of the storybook are made of: drawings, places and the decoder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.painters.storybook import places
from otgen.painters.storybook.decoder import decoded
from otgen.world.storybook.words import PLACES, THINGS

SIDE = 128  # pixels of a scene
GRID = 64  # side of the sprites that scenes are made of
HELD_OUT = 1_000_000_000  # seeds of places from here on are never trained on
_VARIANTS = 24  # of each place


class Bank(NamedTuple):
    """What scenes are made of, on one device.

    sprites: [C, 4, GRID, GRID], the drawings. things: [C, THINGS] one-hot. places: [PLACES,
    variants, 3, SIDE, SIDE]. codes, decoder: of the drawings, or None before there are any;
    decoded: [C, 4, GRID, GRID], what the one makes of the other.
    """

    sprites: Tensor
    things: Tensor
    places: Tensor
    codes: Tensor | None = None
    decoder: torch.nn.Module | None = None
    decoded: Tensor | None = None


def place_bank(folder: Path, first_seed: int) -> Tensor:
    """Draw variants of every place (once: they are kept in ``folder``), [P, V, 3, SIDE, SIDE]."""
    file = folder / f"places-{first_seed}.npy"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pictures = [
            [places.draw(name, first_seed + seed, SIDE, SIDE) for seed in range(_VARIANTS)]
            for name in PLACES
        ]
        aside = file.with_suffix(".tmp.npy")
        np.save(aside, (np.array(pictures) * 255).round().astype(np.uint8))
        aside.rename(file)
    bank = torch.from_numpy(np.load(file))
    return bank.permute(0, 1, 4, 2, 3).float() / 255


def bank(
    sprites: Tensor, things: Tensor, backdrops: Tensor, codes=None, decoder=None, device="cpu"
) -> Bank:
    """Return a bank of drawings [C, 4, s, s] of ``things`` (rows of THINGS)."""
    small = F.interpolate(sprites, (GRID, GRID), mode="bilinear", antialias=True)
    made = None if decoder is None else decoded(decoder, codes, GRID)
    parts = small, F.one_hot(things, len(THINGS)).float(), backdrops, codes, decoder, made
    return Bank(*(None if part is None else part.to(device) for part in parts))
