"""What all plots have in common: sizes in pixels, themes, colours, and what a lane is called."""

from __future__ import annotations

from typing import NamedTuple

from otgen.explain.palette import PALETTE
from otgen.recipe.lanes import COUPLINGS
from otgen.recipe.lanes import title as lane_title  # noqa: F401 (all plots write it)

WIDE, NARROW = 900, 390  # pixels: a page beside its form or on paper, and a phone
DPI = 100  # at which a point of the layout is one CSS pixel; pictures are saved at twice that
MARGIN = 12  # pixels around a board
_LANE = 290  # pixels that a lane needs, else lanes go below each other
_CHIP = 210  # pixels of a prompt in the legend
CHIP_ROW = 22


class Theme(NamedTuple):
    """Colours of a board: its ground, text, secondary text, and quiet lines."""

    paper: str
    ink: str
    soft: str
    faint: str


LIGHT = Theme("#ffffff", "#1b1c20", "#5c5f66", "#dfe1e6")
DARK = Theme("#16171b", "#f2f2f5", "#a6a9b2", "#3a3c44")


def free(lane: str, mass: float) -> str:
    """Say that a lane does not keep to shares, "" if it does. mass: its whole plan's."""
    about = COUPLINGS.get(lane.partition("@")[0])
    if about is None or about.shares:
        return ""
    return "shares not kept" + (f", mass {mass:.0%}" if abs(mass - 1) > 0.005 else "")


def colour(prompt: int) -> str:
    """Return a prompt's colour."""
    return PALETTE[prompt % len(PALETTE)]


def points(pixels: float) -> float:
    """Convert pixels to points, matplotlib's unit of letters and lines."""
    return pixels * 72 / DPI


def legend_columns(width: float, prompts: int) -> tuple[int, float]:
    """Return how many prompts of a legend stand side by side, and the pixels of each."""
    columns = max(1, min(prompts, int((width - 2 * MARGIN) // _CHIP)))
    if width < 2 * _CHIP and prompts > 4:
        columns = 2  # long lists on a phone
    return columns, (width - 2 * MARGIN) / columns


def legend_height(width: float, prompts: int) -> float:
    """Return the pixels that ``Board.legend`` takes, with a gap below."""
    columns, _ = legend_columns(width, prompts)
    return -(-prompts // columns) * CHIP_ROW + 8


def lanes_across(width: float, lanes: int) -> int:
    """Return how many lanes fit side by side."""
    return max(1, min(lanes, int((width - 2 * MARGIN) // _LANE)))
