"""The figures of experiments: the ladder's grid, the dial's strip and the seeds' pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from otgen.explain.plots import style, to_png, to_svg
from otgen.explain.plots.board import Board
from otgen.explain.plots.style import MARGIN
from otgen.recipe.experiments import Step, base
from otgen.recipe.lanes import slug
from otgen.recipe.lanes import title as lane_title
from otgen.recipe.prompts import shares
from otgen.results.figure_text import describe
from otgen.results.result import Saved
from otgen.results.spread import MEASURES, measured, over

_GAP, _BAR = 14, 8  # pixels between pictures, and of a bar's height
_LARGEST = 220  # pixels of a picture; a file has two for each
_BELOW = 44  # pixels under a picture: bar and counts
_LINE = 16  # pixels of one more line there


class Cell(NamedTuple):
    """A lane of a run. picture: [h, w, 3] uint8, small; None if it is not painted yet.

    counts, asked: of the prompts at these places, as fractions of the whole. Counts are cutouts.
    diverged: after which step, None if it did not.
    """

    picture: np.ndarray | None
    prompts: tuple[int, ...]
    counts: tuple[int, ...]
    asked: tuple[float, ...]
    diverged: int | None = None


def cell(step: Step, saved: Saved | None, lane: str) -> Cell:
    """Read a lane of a step from its result; an empty cell if there is none."""
    asked = shares(step.settings.prompts)
    if saved is None:
        return Cell(None, step.prompts, (), asked)
    with Image.open(saved.folder / f"{slug(lane)}.png") as picture:
        picture.thumbnail((2 * _LARGEST,) * 2)  # a figure of seeds holds up to 96 at once
        pixels = np.asarray(picture.convert("RGB"))
    counts, diverged = saved.numbers[lane]["counts"], saved.steps if saved.diverged else None
    return Cell(pixels, step.prompts, tuple(counts), asked, diverged)


class Rungs(NamedTuple):
    """A ladder: each prompt alone, then the first two and more together under both losses."""

    alone: list[Cell]
    together: list[tuple[Cell, Cell]]


def rungs(steps: Sequence[Step], found: Sequence[Saved | None]) -> Rungs:
    """Read a ladder from the results of its steps."""
    runs = list(zip(steps, found, strict=True))
    many = (len(runs) + 1) // 2
    return Rungs(
        [cell(step, saved, "ot") for step, saved in runs[:many]],
        [(cell(step, saved, "ot"), cell(step, saved, "mean")) for step, saved in runs[many:]],
    )


def ladder(
    steps: Sequence[Step],
    found: Sequence[Saved | None],
    *,
    dark: bool = False,
    width: int = style.WIDE,
) -> Figure:
    """Draw each prompt alone, then one added at a time, OT beside Mean (the paper's Figure 5).

    With one prompt both losses give the same picture, and every cutout is nearest to the one
    prompt. So there is no bar.
    """
    theme = style.DARK if dark else style.LIGHT
    shown, prompts = rungs(steps, found), steps[-1].settings.prompts
    many, narrow, room = len(prompts), width < 600, width - 2 * MARGIN
    across = min(many, 6) if not narrow else 2 if many in (2, 4) else 3
    small = min((room - (across - 1) * _GAP) / across, _LARGEST)
    alone = 24 + _high(shown.alone[0], small) + _GAP
    pairs = 1 if narrow else 2 if many < 7 else 3
    pair = (room - (pairs - 1) * 2 * _GAP) / pairs
    side = min((pair - _GAP) / 2, _LARGEST)
    tall = 46 + _high(shown.together[0][0], side) + _BELOW
    first = MARGIN + 30 + -(-many // across) * alone
    board = Board(width, first + 40 + -(-len(shown.together) // pairs) * tall, theme)
    board.write(MARGIN, MARGIN, "Each prompt alone", 15, weight="bold", most=room)
    for place, one in enumerate(shown.alone):
        down, column = divmod(place, across)
        left, top = MARGIN + column * (small + _GAP), MARGIN + 30 + down * alone
        board.chip(left, top, place, prompts[place].text, small, 12)
        _picture(board, one, left, top + 20, small)
    heading = "Together: the first, and one more at a time"
    board.write(MARGIN, first + 8, heading, 15, weight="bold", most=room)
    for place, both in enumerate(shown.together):
        down, column = divmod(place, pairs)
        left, top = MARGIN + column * (pair + 2 * _GAP), first + 40 + down * tall
        board.write(left, top, "+", 13, weight="bold")
        board.chip(left + 14, top, place + 1, prompts[place + 1].text, 2 * side)
        for right, (said, one) in enumerate(zip(("OT", "Mean"), both, strict=True)):
            x = left + right * (side + _GAP)
            board.write(x, top + 22, said, 12, theme.soft)
            _draw(board, one, x, top + 40, side)
    return board.figure


def dial(
    steps: Sequence[Step],
    found: Sequence[Saved | None],
    *,
    dark: bool = False,
    width: int = style.WIDE,
) -> Figure:
    """Draw the dial: the same start under losses from sharp to the mean."""
    theme = style.DARK if dark else style.LIGHT
    ((step,), (saved,)) = steps, found
    lanes, prompts = step.settings.lanes, tuple(prompt.text for prompt in step.settings.prompts)
    across = len(lanes) if width > 600 else 2
    side = (width - 2 * MARGIN - (across - 1) * _GAP) / across
    cells = [cell(step, saved, lane) for lane in lanes]
    legend = style.legend_height(width, len(prompts))
    tall = 24 + _high(cells[0], side) + _BELOW
    board = Board(width, MARGIN + legend + -(-len(lanes) // across) * tall, theme)
    board.legend(MARGIN, prompts)
    for place, (lane, one) in enumerate(zip(lanes, cells, strict=True)):
        down, column = divmod(place, across)
        left, top = MARGIN + column * (side + _GAP), MARGIN + legend + down * tall
        board.write(left, top, lane_title(lane), 14, weight="bold", most=side)
        _draw(board, one, left, top + 24, side)
    return board.figure


def seeds(
    steps: Sequence[Step],
    found: Sequence[Saved | None],
    *,
    dark: bool = False,
    width: int = style.WIDE,
) -> Figure:
    """Draw the same prompts from several starts, all losses of a start beside each other.

    Below: the mean and the standard deviation of each loss's numbers over the starts.
    """
    theme = style.DARK if dark else style.LIGHT
    lanes = steps[0].settings.lanes
    prompts = tuple(prompt.text for prompt in steps[0].settings.prompts)
    starts = 1 if width < 600 else max(1, min(len(steps), 6 // len(lanes)))
    room = (width - 2 * MARGIN - (starts - 1) * 2 * _GAP) / starts
    side = min((room - (len(lanes) - 1) * _GAP) / len(lanes), _LARGEST)
    rows = [
        [cell(step, saved, lane) for lane in lanes]
        for step, saved in zip(steps, found, strict=True)
    ]
    legend = style.legend_height(width, len(prompts))
    tall = 44 + max(_high(one, side) for row in rows for one in row) + _BELOW + 2 * _LINE
    first = MARGIN + legend
    table = first + -(-len(rows) // starts) * tall
    lines = 1 + (len(MEASURES) if width < 600 else len(lanes))
    board = Board(width, table + 30 + 22 * lines + MARGIN, theme)
    board.legend(MARGIN, prompts)
    for place, (step, saved, row) in enumerate(zip(steps, found, rows, strict=True)):
        down, column = divmod(place, starts)
        left, top = MARGIN + column * (room + 2 * _GAP), first + down * tall
        board.write(left, top, step.title.capitalize(), 14, weight="bold", most=room)
        for across, (lane, one) in enumerate(zip(lanes, row, strict=True)):
            x = left + across * (side + _GAP)
            board.write(x, top + 20, lane_title(lane), 12, theme.soft, most=side)
            _draw(board, one, x, top + 38, side)
            below = top + 38 + _high(one, side) + 6 + _BAR + 5
            for line, said in enumerate(measured(saved.numbers[lane]) if saved else (), 1):
                board.write(x, below + line * _LINE, said, 11, theme.soft, most=side)
    _summary(board, found, lanes, table)
    return board.figure


def _summary(board: Board, found: Sequence[Saved | None], lanes: Sequence[str], top: float) -> None:
    """Write a table of lanes and measures; on a narrow board a measure is a row, else a lane."""
    whole = sum(bool(saved and saved.complete) for saved in found)
    heading = f"Mean ± standard deviation over {whole} of {len(found)} seeds"
    board.write(MARGIN, top, heading, 13, weight="bold", most=board.width - 2 * MARGIN)
    rows = [["", *(measure.title for measure in MEASURES)]]
    for lane in lanes:
        rows.append([lane_title(lane), *(over(found, lane, measure) for measure in MEASURES)])
    if board.width < 600:
        rows = [list(column) for column in zip(*rows, strict=True)]
    wide = (board.width - 2 * MARGIN) / (len(rows[0]) + 0.4)  # the first column is wider
    for down, row in enumerate(rows):
        for across, text in enumerate(row):
            x = MARGIN + wide * (across and across + 0.4)
            colour = None if down and across else board.theme.soft
            most = wide * (1 if across else 1.4) - 8
            board.write(x, top + 26 + 22 * down, text, 12, colour, most=most)


def _high(one: Cell, side: float) -> float:
    """Return the height in pixels of a picture of width ``side``; square if it is not painted."""
    return side if one.picture is None else side * one.picture.shape[0] / one.picture.shape[1]


def _picture(board: Board, one: Cell, left: float, top: float, side: float) -> None:
    """Draw a picture, or a plain square if it is not painted."""
    theme, high = board.theme, _high(one, side)
    axes = board.blank(left, top, side, high)
    if one.picture is None:
        axes.add_patch(Rectangle((0, 0), side, high, facecolor=theme.faint, alpha=0.5))
        board.write(left + 10, top + high / 2 - 8, "not painted", 12, theme.soft, most=side - 20)
        return
    axes.imshow(one.picture, extent=(0, side, high, 0), interpolation="antialiased")
    axes.set_aspect("auto")
    if one.diverged is not None:
        axes.add_patch(Rectangle((0, high - 20), side, 20, facecolor=theme.paper, alpha=0.85))
        said = f"diverged after step {one.diverged}"
        board.write(left + 6, top + high - 17, said, 11, theme.ink, most=side - 12)


def _draw(board: Board, one: Cell, left: float, top: float, side: float) -> None:
    """Draw a picture and, below it, the cutouts by nearest prompt, with marks at the shares."""
    theme, high = board.theme, _high(one, side)
    _picture(board, one, left, top, side)
    if one.picture is None:
        return
    bar = board.blank(left, top + high + 6, side, _BAR)
    total, at = max(sum(one.counts), 1), 0.0
    for prompt, count in zip(one.prompts, one.counts, strict=True):
        part = side * count / total
        bar.add_patch(Rectangle((at, 0), part, _BAR, facecolor=style.colour(prompt)))
        at += part
    marks = side * np.cumsum(one.asked)[:-1]
    bar.vlines(marks, -2, _BAR + 2, color=theme.ink, linewidth=1.2, clip_on=False)
    counted = " / ".join(map(str, one.counts))
    board.write(left, top + high + 6 + _BAR + 5, counted, 11, theme.soft, most=side)


FIGURES: dict[str, Callable[..., Figure]] = {"ladder": ladder, "dial": dial, "seeds": seeds}


def save(kind: str, steps: Sequence[Step], found: Sequence[Saved | None], folder: Path) -> Path:
    """Save the figure of these results as PNG and SVG, named by its content; return the PNG."""
    shown = " ".join(saved.id if saved else "" for saved in found)
    file = folder / f"{kind}-{hashlib.sha256(shown.encode()).hexdigest()[:12]}.png"
    figure, text = FIGURES[base(kind)](steps, found), describe(kind, steps, found)
    file.write_bytes(to_png(figure, text=text))
    file.with_suffix(".svg").write_bytes(to_svg(figure, text))
    return file
