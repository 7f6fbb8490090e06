"""A board: a figure whose parts are placed in pixels, with texts that can always be drawn."""

from __future__ import annotations

import unicodedata
from functools import cache

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle

from otgen.explain.plots.style import CHIP_ROW, DPI, MARGIN, Theme, colour, legend_columns, points
from otgen.recipe.prompts import LONGEST

# Fonts that are used where installed, in this order: a glyph comes from the first one that has it.
_FAMILIES = (
    "DejaVu Sans",  # comes with matplotlib: Latin, Greek, Cyrillic, Arabic, Hebrew, some emoji
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Emoji",
    "Symbola",
)
_NO_GLYPH = "□"


@cache
def _fonts() -> tuple[tuple[str, ...], frozenset[int]]:
    """Return the installed families of _FAMILIES, and the code points that one of them has."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    families = tuple(family for family in _FAMILIES if family in installed)
    glyphs: set[int] = set()
    for family in families:
        file = font_manager.findfont(FontProperties(family=family), fallback_to_default=False)
        glyphs |= font_manager.get_font(file).get_charmap().keys()
    return families, frozenset(glyphs)


def safe(text: str) -> str:
    """Return a text that can be drawn: one line, with a box for each character that no font has.

    With it, no prompt makes a plot warn or fail.
    """
    _, glyphs = _fonts()
    characters = []
    for character in " ".join(text[: LONGEST + 1].split()):
        # Cc: control. Cs: half a surrogate pair. Cf, Mn: joiners and selectors, which none misses.
        category = unicodedata.category(character)
        if category in ("Cc", "Cs") or (category in ("Cf", "Mn") and ord(character) not in glyphs):
            continue
        characters.append(character if ord(character) in glyphs else _NO_GLYPH)
    return "".join(characters)


class Board:
    """A figure whose parts are placed in pixels, measured from its upper left corner."""

    def __init__(self, width: float, height: float, theme: Theme):
        self.width, self.height, self.theme = width, height, theme
        self.figure = Figure((width / DPI, height / DPI), dpi=DPI, facecolor=theme.paper)
        self._renderer = FigureCanvasAgg(self.figure).get_renderer()

    def axes(self, left: float, top: float, width: float, height: float, **options) -> Axes:
        """Add axes in the theme's colours."""
        box = (
            left / self.width,
            1 - (top + height) / self.height,
            width / self.width,
            height / self.height,
        )
        axes = self.figure.add_axes(box, facecolor=self.theme.paper, **options)
        axes.tick_params(colors=self.theme.soft, labelsize=points(11), length=3, width=0.8, pad=3)
        for name, spine in axes.spines.items():
            spine.set_color(self.theme.faint)
            spine.set_visible(name in ("left", "bottom"))
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_offset_text().set(color=self.theme.soft, fontsize=points(11))
        return axes

    def blank(self, left: float, top: float, width: float, height: float) -> Axes:
        """Add axes without any decoration, in pixels: (0, 0) is their upper left corner."""
        axes = self.axes(left, top, width, height)
        axes.axis("off")
        axes.set(xlim=(0, width), ylim=(height, 0))
        return axes

    def fit(self, text: str, most: float, size: float = 13, weight: str = "normal") -> str:
        """Return a safe text of at most ``most`` pixels, shortened with an ellipsis if needed."""
        font = FontProperties(family=list(_fonts()[0]), size=points(size), weight=weight)

        def width(part: str) -> float:
            return self._renderer.get_text_width_height_descent(part, font, False)[0]

        whole = safe(text)
        if width(whole) <= most:
            return whole
        low, high = 0, len(whole)
        while low < high:
            middle = (low + high + 1) // 2
            if width(whole[:middle].rstrip() + "…") <= most:
                low = middle
            else:
                high = middle - 1
        return whole[:low].rstrip() + "…"

    def write(
        self,
        left: float,
        top: float,
        text: str,
        size: float = 13,
        colour: str | None = None,
        weight: str = "normal",
        most: float = 1e6,
        **options,
    ):
        """Write a line of text of ``size`` pixels at ``top``, without mathematical markup."""
        return self.figure.text(
            left / self.width,
            1 - (top + size) / self.height,
            self.fit(text, most, size, weight),
            color=colour or self.theme.ink,
            parse_math=False,
            **({"va": "baseline"} | font(size, weight) | options),
        )

    def chip(
        self, left: float, top: float, prompt: int, text: str, most: float, size: float = 13
    ) -> None:
        """Write a prompt: a square of its colour, its number, its text."""
        side = 11
        self.figure.add_artist(
            Rectangle(
                (left / self.width, 1 - (top + size - 1) / self.height),
                side / self.width,
                side / self.height,
                facecolor=colour(prompt),
                edgecolor="none",
            )
        )
        # A right-to-left prompt would pull the number to its other end.
        self.write(left + side + 5, top, f"{prompt + 1}", size, weight="bold")
        number = 10 if prompt < 9 else 19
        self.write(left + side + 10 + number, top, text, size, most=most - side - 10 - number)

    def legend(self, top: float, prompts: tuple[str, ...]) -> None:
        """Write all prompts, in rows."""
        columns, room = legend_columns(self.width, len(prompts))
        for prompt, text in enumerate(prompts):
            row, column = divmod(prompt, columns)
            self.chip(MARGIN + column * room, top + row * CHIP_ROW, prompt, text, room - 10)


def font(size: float, weight: str = "normal") -> dict:
    """Return the options of a text of that size in pixels."""
    return {"family": list(_fonts()[0]), "fontsize": points(size), "fontweight": weight}
