"""What is avoided: how near the cutouts come to each negative prompt, over the steps."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from otgen.explain import metrics
from otgen.explain.crops import crops
from otgen.explain.evidence import Record
from otgen.explain.plots import style
from otgen.explain.plots.board import Board
from otgen.explain.plots.style import MARGIN

_CURVE, _GAP, _SPACE = 96, 4, 34  # pixels: of a curve, between cutouts, between lanes


def avoided(
    record: Record, *, dark: bool = False, width: int = style.WIDE, moment: int = -1
) -> Figure:
    """Draw each negative prompt's nearest cutouts, and how near all are over the steps.

    The band runs from the median to the nearest cutout. Above the line at 0 a cutout is nearer to
    the negative prompt than to every prompt, and is pushed away.
    """
    theme = style.DARK if dark else style.LIGHT
    lanes, beside = len(record.lanes), style.lanes_across(width, len(record.lanes))
    block = (width - 2 * MARGIN - (beside - 1) * _SPACE) / beside
    side = (block - (metrics.CLOSEST - 1) * _GAP) / metrics.CLOSEST
    group = 24 + side + 14 + _CURVE + 40
    tall = 36 + len(record.negative) * group
    board = Board(width, 2 * MARGIN + -(-lanes // beside) * tall, theme)
    # One scale for all lanes, so that curves can be compared.
    low = min(float(np.median(record.avoided, 2).min()), 0) - 0.05
    high = max(float(record.avoided.max()), 0) + 0.05
    for lane, name in enumerate(record.lanes):
        down, column = divmod(lane, beside)
        left, top = MARGIN + column * (block + _SPACE), MARGIN + down * tall
        board.write(left, top, style.lane_title(name), 16, weight="bold", most=block)
        shown = metrics.avoided(record, lane, moment)
        for place, text in enumerate(record.negative):
            y = top + 32 + place * group
            counted = f"{shown[place]} of {record.avoided.shape[2]}"
            board.write(left, y, f"not {text}", 13, most=block - 70)
            board.write(left + block, y, counted, 13, weight="bold", ha="right")
            nearest = np.argsort(-record.avoided[moment, lane, :, place], kind="stable")
            for at, one in enumerate(crops(record, lane, moment, nearest[: metrics.CLOSEST])):
                axes = board.blank(left + at * (side + _GAP), y + 24, side, side)
                axes.imshow(one, extent=(0, side, side, 0), interpolation="antialiased")
            axes = board.axes(left + 36, y + 24 + side + 14, block - 40, _CURVE)
            nearer = record.avoided[:, lane, :, place]  # [S, n]
            middle, most = np.median(nearer, 1), nearer.max(1)
            axes.fill_between(record.moments, middle, most, color=theme.faint, linewidth=0)
            axes.plot(record.moments, most, color=theme.ink, linewidth=1.4)
            axes.axhline(0, color=theme.ink, linewidth=0.9, linestyle=(0, (4, 2)))
            if moment not in (-1, len(record.moments) - 1):
                axes.axvline(record.moments[moment], color=theme.ink, linewidth=0.9)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(3))
            axes.set(xlim=(0, max(int(record.moments[-1]), 1)), ylim=(low, high))
    return board.figure
