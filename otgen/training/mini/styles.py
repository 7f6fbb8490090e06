"""The styles of the mini world, as filters.

Each takes a picture [SIZE, SIZE, 3] in [0, 1] and returns the same, restyled.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from otgen.training.mini.backgrounds import Rng, smooth_noise
from otgen.world.mini.words import SIZE

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def photo(picture: np.ndarray, rng: Rng) -> np.ndarray:
    return picture


def watercolour(picture: np.ndarray, rng: Rng) -> np.ndarray:
    """Let the shapes bleed, dry darker at their rims, and fade into the paper at the border."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    rows += 5 * (smooth_noise(rng, 14, 14) - 0.5)
    columns += 5 * (smooth_noise(rng, 14, 14) - 0.5)
    channels = [
        map_coordinates(picture[..., c], [rows, columns], order=1, mode="nearest") for c in range(3)
    ]
    wet = gaussian_filter(np.stack(channels, -1), (1.0, 1.0, 0))
    rim = np.clip(np.abs(wet - gaussian_filter(wet, (2.5, 2.5, 0))).mean(-1) * 3, 0, 0.35)
    wash = 0.8 + 0.35 * (smooth_noise(rng, 5, 5) - 0.5)
    paint = 1 - (1 - wet) * wash[..., None]
    paint = paint * (1 - rim[..., None])
    edge = np.minimum(np.minimum(rows, SIZE - rows), np.minimum(columns, SIZE - columns))
    border = np.clip((edge - 5 - 10 * (smooth_noise(rng, 8, 8) - 0.5)) / 5, 0, 1)[..., None]
    paper = np.array([0.98, 0.96, 0.92], np.float32)
    return np.clip(paper + border * (paint - paper), 0, 1)


def pixel_art(picture: np.ndarray, rng: Rng) -> np.ndarray:
    """Show blocks of 4 pixels in a palette of 32 strong colours."""
    vivid = np.clip((picture - picture @ _LUMA[:, None]) * 1.3 + picture @ _LUMA[:, None], 0, 1)
    image = Image.fromarray((vivid * 255).astype(np.uint8)).resize(
        (SIZE // 4,) * 2, Image.Resampling.BOX
    )
    image = image.quantize(32, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return np.asarray(image.resize((SIZE,) * 2, Image.Resampling.NEAREST), np.float32) / 255


def pencil_sketch(picture: np.ndarray, rng: Rng) -> np.ndarray:
    """Draw the outlines (colour dodge of a blurred negative) and shade the darks softly."""
    grey = picture @ _LUMA
    lines = np.clip(grey / (gaussian_filter(grey, 2.2) + 0.03), 0, 1) ** 2
    shade = 0.8 + 0.2 * gaussian_filter(grey, 0.8)
    drawing = np.clip(lines * shade, 0, 1)[..., None]
    return drawing * np.array([0.97, 0.96, 0.93], np.float32)


FILTERS: dict[str, Callable[[np.ndarray, Rng], np.ndarray]] = {
    "photo": photo,
    "watercolour": watercolour,
    "pixel art": pixel_art,
    "pencil sketch": pencil_sketch,
}
