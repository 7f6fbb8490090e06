"""The cost plane for three prompts at once (the paper's Figure 6)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from otgen.explain import metrics
from otgen.explain.evidence import Record
from otgen.explain.plots import style
from otgen.explain.plots.board import Board, font
from otgen.explain.plots.plane import number
from otgen.explain.plots.style import MARGIN
from otgen.explain.plots.view import view

_ELEVATION, _AZIMUTH = 20, -62  # degrees: arrows towards small distances are seen from their side
_RAISE = 0.12  # of the axes


def space(
    record: Record,
    *,
    dark: bool = False,
    width: int = style.WIDE,
    moment: int = -1,
    of: tuple[int, int, int] = (0, 1, 2),
) -> Figure:
    """Draw every cutout by its distances to three prompts, with a line along the descent -w_i.

    ``of`` selects the prompts. Lanes share limits, scale and point of view. Raises ValueError for
    fewer than three prompts.
    """
    if len(record.prompts) < 3:
        raise ValueError(
            f"The view in space shows three prompts; the run has {len(record.prompts)}."
        )
    theme = style.DARK if dark else style.LIGHT
    lanes, beside = len(record.lanes), style.lanes_across(width, len(record.lanes))
    cell = (width - 2 * MARGIN) / beside
    side = min(cell - 24, 480)  # the upright axis' number stands beside the axes
    height = side * (1 - _RAISE) + 60  # with its title, and the number below it
    legend = style.legend_height(width, len(record.prompts))
    board = Board(width, MARGIN + legend + -(-lanes // beside) * height + MARGIN, theme)
    board.legend(MARGIN, record.prompts)
    seen = view(record, of, moment)
    for lane in range(lanes):
        down, column = divmod(lane, beside)
        x, y = MARGIN + column * cell, MARGIN + legend + down * height
        pull = record.tangents[moment, lane][:, list(of)]
        agree = metrics.resultant(pull, metrics.weights_of(record, moment))
        board.write(x, y, style.lane_title(record.lanes[lane]), 15, weight="bold", most=cell)
        board.write(x, y + 20, f"arrows agree {number(agree)}", 12, theme.soft)
        # The cube leaves the top of its axes empty.
        axes = board.axes(
            x, y + 34 - _RAISE * side, side, side, projection="3d", computed_zorder=False
        )
        axes.patch.set_visible(False)
        axes.view_init(_ELEVATION, _AZIMUTH)
        axes.set_box_aspect((1, 1, 1), zoom=0.98)
        _frame(axes, of, seen.limits, theme)
        cost = record.cost[moment, lane]
        nearest = [style.colour(prompt) for prompt in metrics.nearest(cost)]
        at = cost[:, list(of)]  # [n, 3]
        lines = np.stack([at, at + seen.arrows[lane]], 1)  # [n, 2, 3]
        axes.add_collection3d(Line3DCollection(lines, colors=nearest, linewidths=1.5))
        axes.scatter(
            *at.T, s=16, c=nearest, edgecolors=theme.paper, linewidths=0.5, depthshade=False
        )
    return board.figure


def _frame(axes: Axes3D, of: Sequence[int], limits: np.ndarray, theme: style.Theme) -> None:
    """Set limits, panes and ticks; each axis has the colour and the number of its prompt."""
    places = (axes.set_xlim, axes.set_ylim, axes.set_zlim)
    parts = zip((axes.xaxis, axes.yaxis, axes.zaxis), places, of, limits, strict=True)
    for axis, place, prompt, ends in parts:
        place(*ends)
        axis.set_pane_color(theme.paper)
        axis.line.set(color=style.colour(prompt), linewidth=3)
        axis.set_major_locator(MaxNLocator(4))
        axis._axinfo["grid"].update(color=theme.faint, linewidth=0.6)  # no public way to it
        axis.set_label_text(f"{prompt + 1}")
        axis.label.set(color=theme.ink, **font(14, "bold"))
        axis.labelpad = 0  # points: nearer to its axis than to the next lane's
    axes.tick_params(labelsize=style.points(10), pad=0)
