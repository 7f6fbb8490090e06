"""A kept step's cutouts as small pictures, for a person to look at; numpy in, numpy out.

They are cut again out of the step's kept picture, so that a result need not hold them. What a
cutout adds for the encoder, a change of colour and noise, is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from otgen.explain.evidence import Record
from otgen.guidance.homography import homography

SIDE = 64  # pixels of a cutout
_FINER = 2  # times the side that is sampled and then averaged: a box is up to 2.6 times as large


def _coefficients(quadrilaterals: np.ndarray, side: float) -> np.ndarray:
    """Return what PIL wants to map a square of that side onto quadrilaterals [N, 4, 2].

    Returns:
        [N, 8], (a .. h): (x, y) goes to (a x + b y + c, d x + e y + f) / (g x + h y + 1).
    """
    across, down, origin, g, h = homography(quadrilaterals.astype(np.float64))
    rows = np.stack([across / side, down / side, origin], -1)  # [N, 2, 3]
    return np.concatenate([rows.reshape(-1, 6), np.stack([g, h], -1) / side], -1)


def crops(record: Record, lane: int, moment: int, which: Sequence[int]) -> np.ndarray:
    """Return some of a lane's cutouts at a moment: [k, SIDE, SIDE, 3] uint8."""
    frame = record.frames[moment, lane]
    picture, size = Image.fromarray(frame), np.array(frame.shape[1::-1])
    fine = SIDE * _FINER
    quadrilaterals = record.corners[moment, list(which)] * size  # [k, 4, 2], pixels
    cut = np.zeros((len(which), SIDE, SIDE, 3), np.uint8)
    for place, numbers in enumerate(_coefficients(quadrilaterals, fine)):
        view = picture.transform(
            (fine, fine), Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BILINEAR
        )
        cut[place] = view.reduce(_FINER)
    return cut
