"""Transport maps: who owns what in the picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from otgen.explain.evidence import Record
from otgen.explain.plots import style
from otgen.explain.plots.board import Board
from otgen.explain.plots.style import MARGIN
from otgen.explain.territory import Density, Territory, density, territory
from otgen.recipe.places import box

_GAP, _NAME = 8, 22  # pixels between tiles, and of a tile's name
_VEIL = 0.85  # opacity of a prompt's colour where it owns most
_DIM = 0.6  # opacity where most cutouts were drawn


def maps(
    record: Record, *, dark: bool = False, width: int = style.WIDE, moment: int = -1
) -> Figure:
    """Draw the picture, its owners, and each prompt's part in it, lanes side by side.

    A prompt's tile lays its colour over the grey picture: transparent where it gets no mass, dense
    where it gets most. All tiles of all lanes share one scale, whose end is written below. "Owners"
    shows at each place the prompt with the most mass above its required share, denser for more.
    Under the mean no prompt has more than its share anywhere. A dashed line is the place that a
    prompt was given. Where cutouts have weights, another tile shows where more were drawn.
    """
    theme = style.DARK if dark else style.LIGHT
    lanes, m = len(record.lanes), len(record.prompts)
    beside, space = style.lanes_across(width, lanes), 28
    block = (width - 2 * MARGIN - (beside - 1) * space) / beside
    cutouts = density(record, moment)
    titles = ["Picture", "Owners"] + ["Cutouts drawn"] * (cutouts is not None)
    tiles = m + len(titles)
    across = 2 if tiles == 4 else 3 if tiles <= 6 else 4
    side = (block - (across - 1) * _GAP) / across
    tile = side * record.frames.shape[2] / record.frames.shape[3]  # pixels high
    below = -(-tiles // across)
    tall = 30 + below * (tile + _NAME + _GAP) + 14
    regions = [territory(record, lane, moment) for lane in range(lanes)]
    most = densest(regions)
    notes = [f"Of the mass there: clear is none, dense is {most:.0%} or more."]
    notes += [said(cutouts)] if cutouts else []
    board = Board(width, MARGIN + -(-lanes // beside) * tall + 12 + 18 * len(notes), theme)
    above = [lane.owned - record.shares[:, None, None] for lane in regions]
    surplus = max(
        *(float(np.quantile(lane.max(0), 0.99)) for lane in above), 0.05
    )  # the mean's rounding errors are no surplus
    for lane in range(lanes):
        row, column = divmod(lane, beside)
        left, top = MARGIN + column * (block + space), MARGIN + row * tall
        board.write(left, top, style.lane_title(record.lanes[lane]), 16, weight="bold", most=block)
        picture = record.frames[moment, lane] / 255
        veils: list[tuple[np.ndarray, np.ndarray]] = [_owners(above[lane], surplus)]
        veils += [_cutouts(cutouts, theme)] if cutouts else []
        veils += [_share(regions[lane], prompt, most) for prompt in range(m)]
        for place in range(tiles):
            prompt = place - len(titles)
            down, right = divmod(place, across)
            x = left + right * (side + _GAP)
            y = top + 30 + down * (tile + _NAME + _GAP)
            if prompt < 0:
                board.write(x, y, titles[place], 12, theme.soft, most=side)
            else:
                board.chip(x, y, prompt, record.prompts[prompt], side, 12)
            axes = board.blank(x, y + _NAME - 3, side, tile)
            _show(axes, picture, veils[place - 1] if place else None, dark)
            _outline(axes, record, range(m) if place == 0 else [prompt] if prompt >= 0 else [])
    for line, note in enumerate(reversed(notes)):
        y = board.height - 28 - 18 * line
        board.write(MARGIN, y, note, 11, theme.soft, most=width - 2 * MARGIN)
    return board.figure


def said(cutouts: Density) -> str:
    """Say where more cutouts were drawn, and how much they tell."""
    low, high = cutouts.times.min(), cutouts.times.max()
    return (
        f"Cutouts drawn: clear is {low:.2f} times as many as uniformly, dense {high:.2f} times; "
        f"the {cutouts.of} tell as much as {cutouts.effective:.0f} of equal weight."
    )


def densest(regions: list[Territory]) -> float:
    """Return the end of the colour scale: the most that any prompt owns of 1 % of the cells."""
    return max(float(np.quantile(region.owned, 0.99, axis=(1, 2)).max()) for region in regions)


def _share(region: Territory, prompt: int, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a prompt's colour [3] and its opacity [r, c]."""
    return np.array(to_rgb(style.colour(prompt))), _VEIL * np.clip(
        region.owned[prompt] / most, 0, 1
    )


def _owners(above: np.ndarray, surplus: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the owners' colours [r, c, 3] and opacity [r, c], from the surplus [m, r, c]."""
    colours = np.array([to_rgb(style.colour(prompt)) for prompt in range(len(above))])
    return colours[above.argmax(0)], _VEIL * np.clip(above.max(0) / surplus, 0, 1)


def _cutouts(cutouts: Density, theme: style.Theme) -> tuple[np.ndarray, np.ndarray]:
    """Return one colour [3] and its opacity [r, c]: none where fewest cutouts were drawn."""
    low, high = cutouts.times.min(), cutouts.times.max()
    return np.array(to_rgb(theme.ink)), _DIM * (cutouts.times - low) / max(high - low, 1e-9)


def _outline(axes: Axes, record: Record, prompts: Iterable[int]) -> None:
    """Draw the places of some prompts over a tile."""
    (right, _), (_, bottom) = (axes.get_xlim()[::-1], axes.get_ylim()[::-1])
    for prompt in prompts if record.places else ():
        if not record.places[prompt]:
            continue
        x0, y0, x1, y1 = np.array(box(record.places[prompt])) * (right, bottom, right, bottom)
        inset = 1.5  # pixels: the line stays on the picture, and neighbours do not cover each other
        frame = (x0 + inset, y0 + inset), x1 - x0 - 2 * inset, y1 - y0 - 2 * inset
        white = {"edgecolor": "white", "linewidth": 2.4, "alpha": 0.8}
        axes.add_patch(Rectangle(*frame, fill=False, **white))
        dashes = {"edgecolor": style.colour(prompt), "linewidth": 1.6, "linestyle": (0, (3, 2))}
        axes.add_patch(Rectangle(*frame, fill=False, **dashes))


def _show(
    axes: Axes, picture: np.ndarray, veil: tuple[np.ndarray, np.ndarray] | None, dark: bool
) -> None:
    """Draw the picture [h, w, 3] in [0, 1], or a faint grey version of it behind a veil."""
    (right, _), (_, bottom) = (axes.get_xlim()[::-1], axes.get_ylim()[::-1])
    extent = (0, right, bottom, 0)
    if veil is None:
        axes.imshow(picture, extent=extent, interpolation="antialiased")
    else:
        grey = picture @ (0.299, 0.587, 0.114) * 0.5 + (0.08 if dark else 0.5)
        axes.imshow(grey, extent=extent, cmap="gray", vmin=0, vmax=1, interpolation="antialiased")
        colours, opacity = veil
        layer = np.concatenate(
            [np.broadcast_to(colours, (*opacity.shape, 3)), opacity[..., None]], -1
        )
        axes.imshow(layer, extent=extent, interpolation="bilinear")
    axes.set_aspect("auto")
