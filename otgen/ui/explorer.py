"""The cutouts as data, for a browser that lets a person explore them."""

from __future__ import annotations

import numpy as np
from PIL import Image

from otgen.explain import metrics
from otgen.explain.crops import SIDE, crops
from otgen.explain.evidence import Record
from otgen.explain.palette import PALETTE
from otgen.explain.plots.view import view
from otgen.recipe.lanes import slug
from otgen.recipe.prompts import shorten

_ACROSS = 16  # cutouts in a row of the sheet


def places(record: Record, of: tuple[int, ...], moment: int = -1) -> dict:
    """Return where each lane's cutouts are among two or three prompts, as plain data.

    "at" and "to" are a cutout and the end of its arrow, parts of axes that all lanes share; "cost"
    its distances to the axes' prompts.
    """
    seen, chosen = view(record, of, moment), list(of)
    low, high = seen.limits.T
    cost = record.cost[moment][..., chosen]  # [L, n, k]
    at, to = ((ends - low) / (high - low) for ends in (cost, cost + seen.arrows))
    lanes = {
        slug(name): {
            "at": at[lane].round(4).tolist(),
            "to": to[lane].round(4).tolist(),
            "nearest": metrics.nearest(record.cost[moment, lane]).tolist(),
            "cost": cost[lane].round(4).tolist(),
        }
        for lane, name in enumerate(record.lanes)
    }
    return {
        "axes": chosen,
        "names": [shorten(text, 60) for text in record.prompts],
        "colours": list(PALETTE[: len(record.prompts)]),
        "cutouts": cost.shape[1],
        "across": _ACROSS,
        "lanes": lanes,
    }


def sheet(record: Record, lane: int, moment: int = -1) -> Image.Image:
    """Return a moment's cutouts in rows of _ACROSS, in their order."""
    n = record.cost.shape[2]
    rows = -(-n // _ACROSS)
    tiles = np.zeros((rows * _ACROSS, SIDE, SIDE, 3), np.uint8)
    tiles[:n] = crops(record, lane, moment, range(n))
    grid = tiles.reshape(rows, _ACROSS, SIDE, SIDE, 3).swapaxes(1, 2)
    return Image.fromarray(grid.reshape(rows * SIDE, _ACROSS * SIDE, 3))
