"""Cutout sheets: who follows whom (the paper's Figure 3)."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from otgen.explain import metrics
from otgen.explain.crops import crops
from otgen.explain.evidence import Record
from otgen.explain.plots import style
from otgen.explain.plots.board import Board
from otgen.explain.plots.style import MARGIN

_GAP = 4  # pixels between cutouts
_EMPTY = 16  # pixels of a group without a cutout
_LABEL, _BAR, _AFTER = (
    20,
    6,
    14,
)  # pixels of a group's first line, of its bar, and below its cutouts


def _strip(cut: np.ndarray, across: int, side: float) -> tuple[np.ndarray, float]:
    """Lay out cutouts [k, s, s, 3] in rows; return RGBA uint8 with clear gaps, and its height."""
    rows, s = -(-len(cut) // across), cut.shape[1]
    gap = max(1, round(_GAP / side * s))
    sheet = np.zeros((rows * (s + gap) - gap, across * (s + gap) - gap, 4), np.uint8)
    for place, one in enumerate(cut):
        y, x = (index * (s + gap) for index in divmod(place, across))
        sheet[y : y + s, x : x + s, :3] = one
        sheet[y : y + s, x : x + s, 3] = 255
    return sheet, sheet.shape[0] * (across * (side + _GAP) - _GAP) / sheet.shape[1]


def sheets(
    record: Record,
    *,
    dark: bool = False,
    width: int = style.WIDE,
    moment: int = -1,
    every: bool = False,
) -> Figure:
    """Draw each prompt's closest cutouts, lanes side by side.

    The bar under a prompt's name shows how many of the n cutouts are nearest to it. The mark on the
    bar is the required share. ``every`` shows all n cutouts, not only the closest of each prompt.
    """
    theme = style.DARK if dark else style.LIGHT
    _, lanes, n, m = record.cost.shape
    beside = style.lanes_across(width, lanes)
    space = 28
    block = (width - 2 * MARGIN - (beside - 1) * space) / beside
    across = 12 if every and block > 400 else 8 if every else metrics.CLOSEST
    side = (block - (across - 1) * _GAP) / across
    if m > 8 and not every:
        side = min(side, 48)  # pixels: sixteen prompts should still fit a page
    groups = [metrics.groups(record.cost[moment, lane]) for lane in range(lanes)]
    counted = record.counts[record.moments[moment]]  # [L, m]

    def rows(lane: int, prompt: int) -> int:
        shown = len(groups[lane][prompt]) if every else min(len(groups[lane][prompt]), across)
        return -(-shown // across)

    # A prompt's group is as high in every lane of a band, so that rows line up.
    bands = [range(first, min(first + beside, lanes)) for first in range(0, lanes, beside)]
    heights = [
        [
            max(_EMPTY, max(rows(lane, prompt) for lane in band) * (side + _GAP) - _GAP)
            for prompt in range(m)
        ]
        for band in bands
    ]
    group = _LABEL + _BAR + 5 + _AFTER
    tall = [36 + sum(height + group for height in band) for band in heights]
    board = Board(width, 2 * MARGIN + sum(tall), theme)
    for row, band in enumerate(bands):
        for column, lane in enumerate(band):
            left = MARGIN + column * (block + space)
            top = MARGIN + sum(tall[:row])
            title = style.lane_title(record.lanes[lane])
            board.write(left, top, title, 16, weight="bold", most=block)
            top += 32
            for prompt, members in enumerate(groups[lane]):
                shown = members if every else members[:across]
                _group(board, record, prompt, counted[lane, prompt], n, left, top, block)
                if len(shown):
                    strip, height = _strip(crops(record, lane, moment, shown), across, side)
                    long = across * (side + _GAP) - _GAP
                    axes = board.blank(left, top + _LABEL + _BAR + 5, long, height)
                    axes.imshow(strip, extent=(0, long, height, 0), interpolation="antialiased")
                    axes.set_aspect("auto")
                else:
                    board.write(left, top + _LABEL + _BAR + 7, "no cutout", 12, theme.soft)
                top += heights[row][prompt] + group
    return board.figure


def _group(
    board: Board,
    record: Record,
    prompt: int,
    count: int,
    n: int,
    left: float,
    top: float,
    block: float,
) -> None:
    """Write a group's name, its count and its bar."""
    counted = f"{count} of {n}"
    board.chip(left, top, prompt, record.prompts[prompt], block - 70)
    board.write(left + block, top, counted, 13, weight="bold", ha="right")
    axes = board.blank(left, top + _LABEL, block, _BAR)
    axes.add_patch(Rectangle((0, 0), block, _BAR, facecolor=board.theme.faint))
    axes.add_patch(Rectangle((0, 0), block * count / n, _BAR, facecolor=style.colour(prompt)))
    asked = block * float(record.shares[prompt])
    axes.plot([asked, asked], [-3, _BAR + 3], color=board.theme.ink, linewidth=1.4, clip_on=False)
