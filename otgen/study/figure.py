"""A study's differences as one figure, for pages that can't show the report."""

from __future__ import annotations

from matplotlib.figure import Figure

from otgen.explain.plots import style
from otgen.explain.plots.board import Board
from otgen.explain.plots.style import MARGIN
from otgen.study.measures import MEASURES
from otgen.study.wording import change, gain, verdict

_FIRST, _SECOND = "#0060a0", "#a84300"  # as in the report; text says the same
_HEAD, _ROW, _GAP = 46, 40, 14  # pixels
_NAMES, _SAID = 190, 330  # pixels of a row's labels, left and right


def differences(numbers: dict) -> Figure:
    """Draw the paired differences of a summary, a block a measure, light and 900 pixels wide.

    Only those at the first value of each setting but the one that differs.
    """
    shown = _shown(numbers)
    height = MARGIN + sum(_HEAD + _ROW * len(rows) + _GAP for rows in shown.values())
    board = Board(style.WIDE, max(height, 60), style.LIGHT)
    top = MARGIN
    for name, rows in shown.items():
        measure = MEASURES[name]
        board.write(MARGIN, top, measure.title, 14, weight="bold")
        way = "more" if measure.better > 0 else "less"
        board.write(MARGIN, top + 21, f"{way} is better", 12, style.LIGHT.soft)
        _block(board, top + _HEAD, rows)
        top += _HEAD + _ROW * len(rows) + _GAP
    return board.figure


def describe(numbers: dict) -> str:
    """Return the figure's numbers in words."""
    return " ".join(
        f"{MEASURES[name].title}, {row['first']} minus {row['second']}: {gain(row)}."
        for name, rows in _shown(numbers).items()
        for row in rows
    )


def _shown(numbers: dict) -> dict[str, list[dict]]:
    """Return measure -> differences; of each factor those of its first combination."""
    shown: dict[str, list[dict]] = {}
    within: dict[str, str] = {}
    for row in numbers["differences"]:
        if within.setdefault(row["factor"], row["within"]) == row["within"]:
            shown.setdefault(row["measure"], []).append(row)
    return shown


def _block(board: Board, top: float, rows: list[dict]) -> None:
    ends = [end for row in rows for end in row["difference"].values() if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.04 * (high - low) or 1.0
    wide = board.width - 2 * MARGIN - _NAMES - _SAID
    axes = board.axes(MARGIN + _NAMES, top, wide, _ROW * len(rows))
    axes.axis("off")
    axes.set(xlim=(low - room, high + room), ylim=(len(rows), 0))
    axes.axvline(0, color=board.theme.soft, linewidth=1)
    for place, row in enumerate(rows):
        one, at = row["difference"], place + 0.5
        side = {"": board.theme.soft, row["first"]: _FIRST}.get(row["better"], _SECOND)
        if one["low"] is not None:
            axes.hlines(at, one["low"], one["high"], color=side, linewidth=3)
        axes.plot([one["mean"]], [at], "o", color=side, markersize=7, clip_on=False)
        down = top + place * _ROW
        names = f"{row['first']} − {row['second']}"
        board.write(MARGIN, down + 12, names, 13, most=_NAMES - 12)
        left = board.width - MARGIN - _SAID + 16
        pairs = row["pairs"]
        counted = f"{pairs['won']} won, {pairs['tied']} tied, {pairs['lost']} lost"
        board.write(left, down + 4, change(row), 13, side, most=_SAID - 16)
        said = f"{verdict(row)}; {counted}"
        board.write(left, down + 22, said, 12, board.theme.soft, most=_SAID - 16)
