"""Shares: the required share of each prompt, its mass in the plan, and its cutouts."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from otgen.explain import metrics
from otgen.explain.evidence import Record
from otgen.explain.plots import style
from otgen.explain.plots.board import Board
from otgen.explain.plots.style import MARGIN

_ROW, _MASS, _COUNT = 62, 12, 6  # pixels of a prompt, and of its two bars' heights
_FREE = 20  # pixels of the line that says that a lane keeps to no shares
_AFTER = 12  # pixels below a lane


def shares(
    record: Record, *, dark: bool = False, width: int = style.WIDE, moment: int = -1
) -> Figure:
    """Draw each prompt's share of the plan's mass and of the cutouts, lanes side by side.

    The thick bar is the mass. The thin bar below it is the cutouts nearest to the prompt. Both are
    fractions of the whole. The mark through them is the required share. Lanes that don't keep to
    shares say so.
    """
    theme = style.DARK if dark else style.LIGHT
    lanes, m = len(record.lanes), len(record.prompts)
    beside, space = style.lanes_across(width, lanes), 28
    block = (width - 2 * MARGIN - (beside - 1) * space) / beside
    numbers = [metrics.numbers(record, lane, moment) for lane in range(lanes)]
    free = [
        style.free(name, sum(of_lane.mass))
        for name, of_lane in zip(record.lanes, numbers, strict=True)
    ]
    head = 32 + _FREE * any(free)
    tall = head + 2 + m * _ROW + _AFTER
    board = Board(width, MARGIN + -(-lanes // beside) * tall + 28, theme)
    for lane, name in enumerate(record.lanes):
        down, column = divmod(lane, beside)
        left, top = MARGIN + column * (block + space), MARGIN + down * tall
        board.write(left, top, style.lane_title(name), 16, weight="bold", most=block)
        board.write(left, top + 21, free[lane], 12, theme.soft, most=block)
        for prompt in range(m):
            _row(board, record, prompt, numbers[lane], left, top + head + prompt * _ROW, block)
    note = "Thick: mass of the plan. Thin: cutouts. Mark: asked for."
    board.write(MARGIN, board.height - 26, note, 11, theme.soft, most=width - 2 * MARGIN)
    return board.figure


def _row(
    board: Board,
    record: Record,
    prompt: int,
    numbers: metrics.Numbers,
    left: float,
    top: float,
    block: float,
) -> None:
    """Write a prompt, its two bars, and the numbers that they show."""
    theme, colour = board.theme, style.colour(prompt)
    asked, mass = float(record.shares[prompt]), numbers.mass[prompt]
    count, n = numbers.counts[prompt], sum(numbers.counts)
    board.chip(left, top, prompt, record.prompts[prompt], block)
    axes = board.blank(left, top + 19, block, _MASS + _COUNT + 2)
    axes.add_patch(Rectangle((0, 0), block, _MASS, facecolor=theme.faint))
    axes.add_patch(Rectangle((0, 0), block * min(mass, 1), _MASS, facecolor=colour))
    axes.add_patch(Rectangle((0, _MASS + 2), block, _COUNT, facecolor=theme.faint))
    axes.add_patch(
        Rectangle((0, _MASS + 2), block * count / n, _COUNT, facecolor=colour, alpha=0.75)
    )
    x = block * asked
    axes.vlines(x, -3, _MASS + _COUNT + 5, color=theme.ink, linewidth=1.4, clip_on=False)
    said = f"asked for {asked:.0%} · mass {mass:.1%} · {count} of {n} cutouts"
    board.write(left, top + 43, said, 11, theme.soft, most=block)
