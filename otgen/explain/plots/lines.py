"""Curves: how a run went over time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from otgen.explain import metrics
from otgen.explain.evidence import Record
from otgen.explain.plots import style
from otgen.explain.plots.board import Board, font
from otgen.explain.plots.style import MARGIN

_KEY = 22  # pixels of a row that names lanes
_DASHES = (
    "-",
    (0, (5, 2)),
    (0, (1.2, 1.6)),
    (0, (6, 2, 1.2, 2)),
    (0, (9, 2, 1.2, 2, 1.2, 2)),
    (0, (9, 3)),
)
"""One line style per lane: colours belong to the prompts."""

# Field of analysis.Curves -> its title, and what its ends mean.
_PANELS: dict[str, tuple[str, str]] = {
    "loss": ("Loss", "each lane's own"),
    "balance": ("Balance", "1: equal counts"),
    "correlation": ("Cost correlation", "below 0: they specialise"),
    "resultant": ("Arrows agree", "1: all pulled alike"),
    "least": ("Weakest prompt", "its best five similarities"),
    "diversity": ("Diversity", "distance of two cutouts"),
}


def lines(
    record: Record, *, dark: bool = False, width: int = style.WIDE, moment: int = -1
) -> Figure:
    """Draw each prompt's fraction of the cutouts over the steps, and the lanes' numbers below.

    In the upper areas the thickness of a colour is the fraction of the cutouts nearest to that
    prompt. Ticks on the right mark the required shares. Below, each lane has a line style, and all
    lanes share the axes. A moment that is not the last is marked.
    """
    theme = style.DARK if dark else style.LIGHT
    lanes, beside = len(record.lanes), style.lanes_across(width, len(record.lanes))
    across = 3 if width > 600 else 2
    legend = style.legend_height(width, len(record.prompts))
    area, panel = 170, 176
    key = 8 + _KEY * -(-lanes // _keys_across(width, lanes))
    rows = -(-lanes // beside)
    height = (
        MARGIN + legend + rows * (area + 60) + key + -(-len(_PANELS) // across) * panel + MARGIN
    )
    board = Board(width, height, theme)
    board.legend(MARGIN, record.prompts)
    timed: list[Axes] = []
    cell = (width - 2 * MARGIN) / beside
    for lane, name in enumerate(record.lanes):
        down, column = divmod(lane, beside)
        x, y = MARGIN + column * cell + 40, MARGIN + legend + down * (area + 60)
        board.write(x, y, style.lane_title(name), 15, weight="bold", most=cell - 60)
        timed.append(board.axes(x, y + 26, cell - 60, area - 10))
        _areas(timed[-1], record, lane, theme)
    top = MARGIN + legend + rows * (area + 60)
    _key(board, record.lanes, top)
    curves = metrics.curves(record)
    cell = (width - 2 * MARGIN) / across
    for place, (field, (title, meaning)) in enumerate(_PANELS.items()):
        down, column = divmod(place, across)
        x, y = MARGIN + column * cell + 40, top + key + down * panel
        board.write(x - 34, y, title, 13, weight="bold", most=cell)
        board.write(x - 34, y + 17, meaning, 11, theme.soft, most=cell - 8)
        axes = board.axes(x, y + 38, cell - 58, panel - 72)
        every = field in ("loss", "balance")
        steps = np.arange(len(curves.loss)) if every else curves.steps
        _lanes(axes, steps, getattr(curves, field), theme)
        if field == "balance":
            axes.set_ylim(min(0.5, axes.get_ylim()[0]), 1.02)
        timed.append(axes)
    if moment not in (-1, len(record.moments) - 1):
        for axes in timed:
            axes.axvline(record.moments[moment], color=theme.ink, linewidth=0.9, zorder=4)
    return board.figure


def _grid(axes: Axes, theme: style.Theme, last: int) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))
    axes.grid(axis="y", color=theme.faint, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlim(0, max(last, 1))


def _areas(axes: Axes, record: Record, lane: int, theme: style.Theme) -> None:
    """Stack each prompt's fraction of the cutouts over the steps."""
    part = record.counts[:, lane] / record.counts[:, lane].sum(-1, keepdims=True)  # [T + 1, m]
    edges = np.concatenate([np.zeros((len(part), 1)), part.cumsum(-1)], -1)
    steps, last = np.arange(len(part)), len(part) - 1
    asked = np.concatenate([[0], record.shares.cumsum()])
    _grid(axes, theme, last)
    for prompt in range(part.shape[1]):
        # The first prompt on top, as in the list.
        low, high = 1 - edges[:, prompt + 1], 1 - edges[:, prompt]
        shade = style.colour(prompt)
        axes.fill_between(steps, low, high, facecolor=shade, edgecolor=theme.paper, linewidth=0.5)
        bounds = 1 - asked[prompt + 1], 1 - asked[prompt]
        edge = axes.get_yaxis_transform()
        axes.fill_between(
            (1.015, 1.035), *bounds, transform=edge, facecolor=shade, clip_on=False, linewidth=0
        )
    if len(asked) < 8:  # more lines would hide the areas
        axes.hlines(
            1 - asked[1:-1], 0, last, color=theme.ink, linewidth=0.9, linestyles=(0, (2, 2))
        )
    axes.set(ylim=(0, 1), yticks=(0, 0.5, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("step", labelpad=1, color=theme.soft, **font(11))


def _key(board: Board, lanes: tuple[str, ...], top: float) -> None:
    """Draw the key of the lanes' line styles."""
    across = _keys_across(board.width, len(lanes))
    room, rows = (board.width - 2 * MARGIN) / across, -(-len(lanes) // across)
    axes = board.blank(MARGIN, top, board.width - 2 * MARGIN, rows * _KEY)
    for lane, name in enumerate(lanes):
        down, column = divmod(lane, across)
        x, y, dash = column * room, down * _KEY, _DASHES[lane % len(_DASHES)]
        axes.plot([x, x + 26], [y + 8, y + 8], color=board.theme.ink, linewidth=1.6, linestyle=dash)
        board.write(MARGIN + x + 34, top + y, style.lane_title(name), 13, most=room - 40)


def _keys_across(width: float, lanes: int) -> int:
    """Return how many names of lanes fit side by side."""
    return max(2, min(lanes, int((width - 2 * MARGIN) // 170)))


def _lanes(axes: Axes, steps: np.ndarray, values: np.ndarray, theme: style.Theme) -> None:
    """Draw values [S, L] of all lanes over the steps [S]."""
    for lane in range(values.shape[1]):
        dash = _DASHES[lane % len(_DASHES)]
        axes.plot(steps, values[:, lane], color=theme.ink, linewidth=1.4, linestyle=dash)
    _grid(axes, theme, int(steps[-1]))
