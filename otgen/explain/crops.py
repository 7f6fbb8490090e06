"""A kept step's cutouts as small pictures, for a person to look at; numpy in, numpy out.

They are cut again from the step's kept picture, so a result need not store them. The changes of
colour and the noise that the encoder sees are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from otgen.explain.evidence import Record

SIDE = 64  # pixels of a cutout
_FINER = 2  # times the side that is sampled and then averaged: a box is up to 2.6 times as large


def homographies(quadrilaterals: np.ndarray, side: float) -> np.ndarray:
    """Return homographies from a square of that side to quadrilaterals.

    Args:
        quadrilaterals: [N, 4, 2], (x, y) of the square's upper left, upper right, lower right and
            lower left corner.

    Returns:
        [N, 8], (a .. h): (x, y) goes to (a x + b y + c, d x + e y + f) / (g x + h y + 1).
    """
    square = side * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    rows, wanted = [], []
    for corner, (x, y) in enumerate(square):
        for axis in range(2):
            to = quadrilaterals[:, corner, axis].astype(np.float64)
            row = np.zeros((len(to), 8))
            row[:, 3 * axis : 3 * axis + 3] = x, y, 1
            row[:, 6:] = -np.stack([x * to, y * to], -1)
            rows.append(row)
            wanted.append(to)
    return np.linalg.solve(np.stack(rows, 1), np.stack(wanted, 1)[..., None])[..., 0]


def crops(record: Record, lane: int, moment: int, which: Sequence[int]) -> np.ndarray:
    """Return some of a lane's cutouts at a moment: [k, SIDE, SIDE, 3] uint8."""
    frame = record.frames[moment, lane]
    picture, size = Image.fromarray(frame), np.array(frame.shape[1::-1])
    fine = SIDE * _FINER
    quadrilaterals = record.corners[moment, list(which)] * size  # [k, 4, 2], pixels
    cut = np.zeros((len(which), SIDE, SIDE, 3), np.uint8)
    for place, numbers in enumerate(homographies(quadrilaterals, fine)):
        view = picture.transform(
            (fine, fine), Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BILINEAR
        )
        cut[place] = view.reduce(_FINER)
    return cut
