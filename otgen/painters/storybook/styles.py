"""The six styles of a storybook, as filters a gradient flows through.

Each takes pictures [N, 3, h, w] in [0, 1] and returns the same, restyled. All lengths are shares
of the shorter side, so a style looks the same at every resolution; what is random is drawn once
from a fixed seed, so a filter is a function of its pictures alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# Sizes kept per kind of field; a run sees few, and a field of 1024 x 1024 weighs 4 MB.
KEPT = 32
_UNSEEN = 1 / 256  # a weight that changes no pixel


def _as(field: np.ndarray, like: Tensor) -> Tensor:
    return torch.as_tensor(field, dtype=like.dtype, device=like.device)


@lru_cache(maxsize=KEPT)
def _kernel(side: int, sigma: float, slope: bool, dtype: torch.dtype, device: torch.device):
    """Return the matrix [side, side] that blurs a line of pixels, or takes its slope.

    ``sigma`` is in pixels. The slope is that of the blurred line times sigma, which a sharp edge
    gives the same value at every resolution. Pixels beyond the ends repeat the last one.
    """
    at = np.arange(side)
    reach = max(1, math.ceil(3 * sigma))
    offsets = np.arange(-reach, reach + 1)
    taps = np.exp(-0.5 * (offsets / sigma) ** 2)
    taps /= taps.sum()
    if slope:
        taps = taps * offsets / sigma
    matrix = np.zeros((side, side))
    for offset, tap in zip(offsets, taps, strict=True):
        np.add.at(matrix, (at, np.clip(at + offset, 0, side - 1)), tap)
    # A tensor made under inference mode could not be kept for a later backward pass.
    with torch.inference_mode(False):
        return torch.as_tensor(matrix, dtype=dtype, device=device)


def _along(pictures: Tensor, share: float, down: bool, across: bool) -> Tensor:
    """Blur with a radius that is a share of the shorter side, or take the slope down or across."""
    height, width = pictures.shape[-2:]
    # Below half a pixel the Gaussian has no neighbours to sample.
    sigma = max(share * min(height, width), 0.5)
    kind = (pictures.dtype, pictures.device)
    rows, columns = _kernel(height, sigma, down, *kind), _kernel(width, sigma, across, *kind)
    return rows @ pictures @ columns.T


def _blur(pictures: Tensor, share: float) -> Tensor:
    return _along(pictures, share, down=False, across=False)


def _edges(pictures: Tensor, share: float) -> Tensor:
    """Return how steep the colours are, [N, 1, h, w] >= 0: about 0.4 at a step from 0 to 1."""
    down = _along(pictures, share, down=True, across=False)
    across = _along(pictures, share, down=False, across=True)
    square = (down**2 + across**2).mean(1, keepdim=True)
    # Nearly the root, but smooth where the picture is flat, and faint grain stays unseen there.
    return square / (square + 4e-4).sqrt()


@lru_cache(maxsize=KEPT)
def _noise(seed: int, bumps: int, height: int, width: int, dtype, device) -> Tensor:
    """Return value noise [1, 1, h, w] in [0, 1] with ``bumps`` along the shorter side."""
    grid = np.random.default_rng(seed).random((1, 1, bumps, bumps))
    with torch.inference_mode(False):
        small = torch.as_tensor(grid, dtype=torch.float32)
        field = F.interpolate(small, (height, width), mode="bicubic", antialias=True)
        return field.clamp(0, 1).to(device, dtype)


def _noise_like(pictures: Tensor, seed: int, bumps: int) -> Tensor:
    return _noise(seed, bumps, *pictures.shape[-2:], pictures.dtype, pictures.device)


def _places(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pixels' y [h, 1] and x [1, w] in shorter sides."""
    height, width = pictures.shape[-2:]
    kind = {"dtype": pictures.dtype, "device": pictures.device}
    y = (torch.arange(height, **kind) + 0.5) / min(height, width)
    x = (torch.arange(width, **kind) + 0.5) / min(height, width)
    return y[:, None], x[None]


def _ink(code: tuple[float, float, float], like: Tensor) -> Tensor:
    return _as(np.array(code), like)[None, :, None, None]  # [1, 3, 1, 1]


def _grey(pictures: Tensor) -> Tensor:
    return (pictures * _ink((0.299, 0.587, 0.114), pictures)).sum(1, keepdim=True)


def plain(pictures: Tensor) -> Tensor:
    return pictures


def watercolour(pictures: Tensor) -> Tensor:
    """Let the colours bleed, dry darker at their rims, and end in white paper before the border."""
    height, width = pictures.shape[-2:]
    short = min(height, width)
    y, x = _places(pictures)
    bleed = [
        0.03 * (_noise_like(pictures, seed, 13)[0, 0] - 0.5)
        + 0.016 * (_noise_like(pictures, seed + 2, 36)[0, 0] - 0.5)
        for seed in (1, 2)
    ]
    # grid_sample's coordinates run from -1 to 1 along each side.
    across = (x + bleed[0]) * (2 * short / width) - 1
    down = (y + bleed[1]) * (2 * short / height) - 1
    grid = torch.stack((across, down), -1)[None].expand(len(pictures), -1, -1, -1)
    wet = F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    wet = _blur(wet, 0.005)
    # Pigment gathers where a wash ends: along every step between two colours.
    rim = (wet - _blur(wet, 0.018)).abs().mean(1, keepdim=True)
    pools = _noise_like(pictures, 5, 6) + 0.5 * _noise_like(pictures, 6, 22) - 0.75
    grain = _noise_like(pictures, 7, 64) - 0.5
    density = 0.86 + 0.5 * pools + 0.16 * grain + 2.2 * rim
    paint = 1 - (1 - wet) * density
    paper = _ink((0.985, 0.972, 0.94), pictures) * (1 + 0.05 * grain)
    margin = torch.minimum(
        torch.minimum(y, height / short - y), torch.minimum(x, width / short - x)
    )
    ragged = 0.032 + 0.055 * (_noise_like(pictures, 8, 9) - 0.4)
    ragged = ragged + 0.03 * (_noise_like(pictures, 9, 40) - 0.5)
    inside = ((margin - ragged) / 0.018).clamp(0, 1)
    # The border of a wash is a rim too.
    lip = 1 - 0.35 * inside * (1 - ((margin - ragged) / 0.05).clamp(0, 1))
    return (paper + inside * (paint * lip - paper)).clamp(0, 1)


def pencil_sketch(pictures: Tensor) -> Tensor:
    """Draw outlines (the colour dodge of a blurred negative) and hatch what is dark."""
    dodge = (pictures + 0.04) / (_blur(pictures, 0.016) + 0.04)
    lines = 1 - dodge.clamp(0, 1).mean(1, keepdim=True)
    lines = 1 - torch.exp(-3.2 * lines - 2.2 * _edges(pictures, 0.006))
    tone = 1 - _grey(_blur(pictures, 0.008))
    y, x = _places(pictures)
    wobble = 0.012 * _noise_like(pictures, 11, 10)
    first = 0.5 + 0.5 * torch.sin(2 * math.pi * 22 * (x + y + wobble))
    second = 0.5 + 0.5 * torch.sin(2 * math.pi * 24 * (x - 0.6 * y + wobble))
    grain = 0.65 + 0.7 * _noise_like(pictures, 12, 64)
    hatch = 0.62 * first * ((tone - 0.25) * 1.8).clamp(0, 1)
    hatch = hatch + 0.5 * second * ((tone - 0.6) * 2.2).clamp(0, 1) + 0.14 * tone
    dark = 1 - (1 - 0.92 * lines) * (1 - (hatch * grain).clamp(0, 0.85))
    paper = _ink((0.97, 0.96, 0.93), pictures) * (1 + 0.03 * (grain - 1))
    return (paper + dark * (_ink((0.16, 0.16, 0.19), pictures) - paper)).clamp(0, 1)


def pixel_art(pictures: Tensor) -> Tensor:
    """Show blocks, 32 along the shorter side, in few strong colours with a chequered dither."""
    height, width = pictures.shape[-2:]
    block = max(min(height, width) / 32, 1.0)
    size = (round(height / block), round(width / block))
    small = F.interpolate(pictures, size, mode="area")
    grey = _grey(small)
    vivid = (grey + 1.25 * (small - grey)).clamp(0, 1)
    rows = torch.arange(size[0], device=pictures.device)[:, None]
    columns = torch.arange(size[1], device=pictures.device)[None]
    dither = ((rows + columns) % 2 - 0.5) * 0.12
    levels = 6
    steps = ((vivid * levels + dither).round() / levels).clamp(0, 1)
    # Straight through: the step's own gradient is nought everywhere.
    small = vivid + (steps - vivid).detach()
    return F.interpolate(small, (height, width), mode="nearest-exact")


def neon(pictures: Tensor) -> Tensor:
    """Bend glowing tubes along the edges, in the strong version of the colours there."""
    near = _blur(pictures, 0.012)
    strong = near / (near.amax(1, keepdim=True) + 0.1)
    pure = (strong - 0.75 * strong.amin(1, keepdim=True)).clamp(0, 1)
    y, x = _places(pictures)
    turn = 0.5 + 0.5 * torch.sin(4 * (x + 0.6 * y))
    own = _ink((1.0, 0.15, 0.75), pictures)
    own = own + turn * (_ink((0.1, 0.9, 1.0), pictures) - own)
    # What has no colour of its own lights up in the sign's pink and blue.
    chroma = (near.amax(1, keepdim=True) - near.amin(1, keepdim=True)).mul(2.2).clamp(0, 1)
    lamp = own + chroma * (pure / (pure.amax(1, keepdim=True) + 0.05) - own)
    tube = 1 - torch.exp(-((_edges(pictures, 0.007) * 9) ** 2))
    light = tube * lamp
    halo = 0.9 * _blur(light, 0.014) + 0.9 * _blur(light, 0.045)
    dark = _ink((0.03, 0.015, 0.07), pictures) + 0.1 * pictures * lamp
    core = 0.45 * tube**3
    return 1 - (1 - dark) * torch.exp(-1.5 * halo - 0.9 * light - core)


def blueprint(pictures: Tensor) -> Tensor:
    """Draw white lines on blue paper with a faint grid."""
    y, x = _places(pictures)
    pixel = 1 / min(pictures.shape[-2:])

    def ruled(cells: int, thick: float) -> Tensor:
        lines = []
        for at in (y, x):
            away = ((at * cells + 0.5) % 1 - 0.5).abs() / cells
            # A line thinner than a pixel is drawn one pixel wide and as much fainter.
            wide = max(thick, pixel)
            lines.append(((wide / 2 - away) / pixel + 0.5).clamp(0, 1) * (thick / wide))
        return torch.maximum(lines[0], lines[1])

    grid = 0.11 * ruled(20, 0.005) + 0.13 * ruled(5, 0.007)
    grey = _grey(pictures)
    lines = 1 - torch.exp(-((_edges(pictures, 0.0055) * 10) ** 2))
    wash = 0.14 * _blur(grey, 0.01) + 0.06 * (_noise_like(pictures, 21, 7) - 0.5)
    white = 1 - (1 - 0.94 * lines) * (1 - grid) * (1 - wash)
    paper = _ink((0.055, 0.22, 0.52), pictures)
    return (paper + white * (_ink((0.95, 0.98, 1.0), pictures) - paper)).clamp(0, 1)


STYLES: dict[str, Callable[[Tensor], Tensor]] = {
    "plain": plain,
    "watercolour": watercolour,
    "pencil sketch": pencil_sketch,
    "pixel art": pixel_art,
    "neon": neon,
    "blueprint": blueprint,
}


def mixed(pictures: Tensor, weights: Tensor) -> Tensor:
    """Return the mixture of all styles of each picture, [N, 3, h, w] in [0, 1].

    ``weights``: [N, 6], >= 0, summing to 1 along each row, in the order of ``STYLES``. A filter is
    only computed for the pictures in which it is seen, unless the weights want a gradient: then
    even a weight of 0 has one, and every filter is needed.
    """
    if weights.shape != (len(pictures), len(STYLES)):
        raise ValueError(
            f"weights of shape {tuple(weights.shape)} for {len(pictures)} pictures; "
            f"give one row per picture and one column per style, {(len(pictures), len(STYLES))}"
        )
    if not weights.requires_grad:
        weights = torch.where(weights < _UNSEEN, 0.0, weights)
        weights = weights / weights.sum(-1, keepdim=True)
    total = torch.zeros_like(pictures)
    for column, style in enumerate(STYLES.values()):
        share = weights[:, column]
        rows = torch.arange(len(pictures), device=pictures.device)
        if not weights.requires_grad:
            rows = rows[share != 0]
        if len(rows):
            total = total.index_add(0, rows, share[rows, None, None, None] * style(pictures[rows]))
    return total
