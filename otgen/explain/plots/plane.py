"""The cost plane: how cutouts are pulled (the paper's Figures 4 and 6, Eq. 7)."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.ticker import MaxNLocator

from otgen.explain import metrics
from otgen.explain.evidence import Record
from otgen.explain.plots import style
from otgen.explain.plots.board import Board, font
from otgen.explain.plots.style import MARGIN
from otgen.explain.plots.view import view


def default_pairs(prompts: int) -> tuple[tuple[int, int], ...]:
    """Return the pairs of prompts that are shown by default, at most three."""
    if prompts <= 3:
        return ((0, 1), (0, 2), (1, 2))[: prompts * (prompts - 1) // 2]
    return tuple((first, first + 1) for first in range(0, min(prompts, 6) - 1, 2))


def plane(
    record: Record,
    *,
    dark: bool = False,
    width: int = style.WIDE,
    moment: int = -1,
    of: tuple[int, int] | None = None,
) -> Figure:
    """Draw every cutout by its distances to two prompts, with the arrow of descent -w_i.

    Lanes are side by side, with one pair of prompts per row, or only the pair ``of``. All lanes
    share the axes' limits and the arrows' scale, and both axes have the same unit. A dot has the
    colour of its nearest prompt. On the dashed line, both prompts of the pair are equally far.
    """
    theme = style.DARK if dark else style.LIGHT
    if len(record.prompts) == 1:
        return _line(record, theme, width, moment)
    pairs = default_pairs(len(record.prompts)) if of is None else (of,)
    lanes = len(record.lanes)
    beside = style.lanes_across(width, lanes)
    left, below, above, gap = 36, 52, 66, 14  # pixels around a square
    cell = (width - 2 * MARGIN) / beside
    side = min(cell - left - gap, 460)
    height = above + side + below
    rows = -(-lanes // beside)
    named = len(record.prompts) > 2  # the axes name two prompts well enough
    legend = style.legend_height(width, len(record.prompts)) if named else 0
    board = Board(width, MARGIN + legend + len(pairs) * rows * height, theme)
    if named:
        board.legend(MARGIN, record.prompts)
    weights = metrics.weights_of(record, moment)
    for row, pair in enumerate(pairs):
        seen = view(record, pair, moment)
        for lane in range(lanes):
            down, column = divmod(lane, beside)
            x = MARGIN + column * cell + left
            y = MARGIN + legend + (row * rows + down) * height
            cost, pull = record.cost[moment, lane], record.tangents[moment, lane][:, list(pair)]
            apart = metrics.correlations(cost, weights)[pair]
            agree = metrics.resultant(pull, weights)
            title = style.lane_title(record.lanes[lane])
            board.write(x, y, title, 15, weight="bold", most=side)
            stats = f"correlation {number(apart)} · arrows agree {number(agree)}"
            board.write(x, y + 20, stats, 12, theme.soft, most=side)
            axes = board.axes(x, y + above, side, side)
            _draw(axes, record.cost[moment, lane], pair, seen.arrows[lane], seen.limits, theme)
            for prompt, mark, below_title in (
                (pair[1], "↑", above - 21),
                (pair[0], "→", above + side + 22),
            ):
                board.write(x, y + below_title, f"{mark} distance to", 12, theme.soft)
                board.chip(x + 94, y + below_title, prompt, record.prompts[prompt], side - 94, 12)
    return board.figure


def number(value: float) -> str:
    """Format a number with two digits and a real minus sign, and never as minus zero."""
    text = f"{value:.2f}"
    return ("0.00" if text == "-0.00" else text).replace("-", "−")


def _draw(
    axes: Axes,
    cost: np.ndarray,
    pair: tuple[int, int],
    arrows: np.ndarray,
    limits: np.ndarray,
    theme: style.Theme,
) -> None:
    """Draw one lane's cutouts and arrows [n, 2]."""
    across, up = limits
    axes.set(xlim=across, ylim=up, aspect="equal", autoscale_on=False)
    ends = np.array([min(across[0], up[0]), max(across[1], up[1])])
    far = 2 * ends[1] - ends[0]  # beyond the axes
    # Above the diagonal the first prompt is the nearer one.
    for prompt, corner in ((pair[0], (ends[0], far)), (pair[1], (far, ends[0]))):
        area = Polygon(
            [(ends[0], ends[0]), (far, far), corner], facecolor=style.colour(prompt), alpha=0.07
        )
        axes.add_patch(area)
    axes.plot(ends, ends, linestyle=(0, (4, 4)), color=theme.soft, linewidth=0.9, zorder=1)
    nearest = [style.colour(prompt) for prompt in metrics.nearest(cost)]
    x, y = cost[:, pair[0]], cost[:, pair[1]]
    axes.quiver(
        x,
        y,
        arrows[:, 0],
        arrows[:, 1],
        color=nearest,
        angles="xy",
        scale_units="xy",
        scale=1,
        units="inches",
        width=0.013,
        headwidth=4.5,
        headlength=5,
        headaxislength=4.5,
        minlength=0,
        zorder=2,
    )
    axes.scatter(x, y, s=17, c=nearest, edgecolors=theme.paper, linewidths=0.6, zorder=3)
    _axes_of(axes, pair, theme)


def _axes_of(axes: Axes, pair: tuple[int, int], theme: style.Theme) -> None:
    """Give each axis the colour of its prompt, few ticks and a quiet grid."""
    for spine, prompt in (("bottom", pair[0]), ("left", pair[1])):
        axes.spines[spine].set(color=style.colour(prompt), linewidth=3)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, min_n_ticks=2))
    axes.grid(color=theme.faint, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)


def _line(record: Record, theme: style.Theme, width: int, moment: int) -> Figure:
    """Draw a single prompt's costs: cutouts above each other, the closest at the bottom."""
    lanes, beside = len(record.lanes), style.lanes_across(width, len(record.lanes))
    cell, height = (width - 2 * MARGIN) / beside, 250
    legend = style.legend_height(width, 1)
    board = Board(width, MARGIN + legend + -(-lanes // beside) * height + MARGIN, theme)
    board.legend(MARGIN, record.prompts)
    seen = view(record, (0,), moment)
    for lane in range(lanes):
        down, column = divmod(lane, beside)
        x, y = MARGIN + column * cell + 10, MARGIN + legend + down * height
        board.write(x, y, style.lane_title(record.lanes[lane]), 15, weight="bold", most=cell)
        axes = board.axes(x, y + 30, cell - 24, height - 80)
        order = record.cost[moment, lane, :, 0].argsort()
        cost, rank = record.cost[moment, lane, order, 0], np.arange(len(order))
        axes.quiver(
            cost,
            rank,
            seen.arrows[lane, order, 0],
            0 * cost,
            color=style.colour(0),
            angles="xy",
            scale_units="xy",
            scale=1,
            units="inches",
            width=0.011,
            minlength=0,
        )
        axes.scatter(
            cost, rank, s=12, color=style.colour(0), edgecolors=theme.paper, linewidths=0.5
        )
        axes.set(xlim=seen.limits[0], yticks=[])
        axes.set_xlabel("distance", color=theme.soft, **font(12))
    return board.figure
