"""Plots that explain a run: a Record in, a matplotlib Figure and a sentence out.

``sheets``, ``plane``, ``space``, ``maps``, ``shares``, ``lines`` and ``avoided`` each draw one, on
a ``board``, in one ``style`` and ``view``. ``alt_text`` has their sentences.

The modules that draw are imported at the first plot, and matplotlib with them: a server that only
names plots starts half a second of a CPU sooner.

No module here uses pyplot or other state that threads share, so plots may be drawn at the same
time.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from otgen.explain.evidence import Record
from otgen.explain.plots import alt_text
from otgen.explain.plots.style import DPI

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[..., "Figure"]  # (record, *, dark, width, ...) -> Figure


class Plot(NamedTuple):
    """A kind of plot.

    describe: record -> its text alternative. least: how many prompts it needs. takes: the options
    that ``draw`` and ``describe`` accept besides theme and width. negative: it is of negative
    prompts, and needs one.
    """

    title: str
    draw: Draw
    describe: Callable[..., str]
    least: int = 1
    takes: tuple[str, ...] = ()
    negative: bool = False

    def suits(self, prompts: int, negative: int) -> bool:
        """Tell whether a run of so many prompts and negative prompts can be drawn."""
        return prompts >= self.least and (negative > 0 or not self.negative)


def _by(name: str) -> Draw:
    """Return what draws a plot: the function of a module that is called like it."""

    def draw(record: Record, **options) -> Figure:
        return getattr(import_module(f"{__name__}.{name}"), name)(record, **options)

    return draw


PLOTS: dict[str, Plot] = {
    "sheets": Plot("Who follows whom", _by("sheets"), alt_text.sheets, takes=("moment", "every")),
    "plane": Plot("How they are pulled", _by("plane"), alt_text.plane, takes=("moment", "of")),
    "space": Plot(
        "How they are pulled, in space", _by("space"), alt_text.plane, 3, ("moment", "of")
    ),
    "maps": Plot("Who owns what", _by("maps"), alt_text.maps, takes=("moment",)),
    "shares": Plot("Who gets how much", _by("shares"), alt_text.shares, takes=("moment",)),
    "avoided": Plot(
        "What is avoided", _by("avoided"), alt_text.avoided, 1, ("moment",), negative=True
    ),
    "lines": Plot("Over time", _by("lines"), alt_text.lines, takes=("moment",)),
}


def to_png(figure: Figure, scale: float = 2, text: str = "") -> bytes:
    """Return a PNG with ``scale`` dots per pixel and the text alternative in its metadata."""
    target = io.BytesIO()
    figure.savefig(
        target, format="png", dpi=DPI * scale, metadata={"Description": text} if text else None
    )
    return target.getvalue()


def to_svg(figure: Figure, text: str = "") -> bytes:
    """Return an SVG for print. Letters are outlines, so it looks the same everywhere."""
    target = io.BytesIO()
    figure.savefig(target, format="svg", metadata={"Date": None, "Description": text or None})
    return target.getvalue()


def files(record: Record) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every plot that has enough prompts, as PNG and SVG."""
    for name, plot in PLOTS.items():
        if not plot.suits(len(record.prompts), len(record.negative)):
            continue
        figure, text = plot.draw(record), plot.describe(record)
        yield f"plot-{name}.png", to_png(figure, text=text)
        yield f"plot-{name}.svg", to_svg(figure, text)


def save(record: Record, folder: Path) -> list[Path]:
    """Write every plot into a folder; return the files."""
    written = []
    for name, data in files(record):
        written.append(folder / name)
        written[-1].write_bytes(data)
    return written
