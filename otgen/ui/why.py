"""Why the pictures differ: the plots of a result, drawn from its data when a browser asks."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from otgen.plots import PLOTS, to_png
from otgen.plots.style import NARROW, WIDE
from otgen.saved import Saved, read, record

_NAME = re.compile(rf"plot-({'|'.join(PLOTS)})-(light|dark)-(wide|narrow)\.png")
_READING = {
    "sheets": "Each cutout stands under the prompt that it is nearest to, the closest first. "
    "Even counts mean that no prompt was drowned.",
    "plane": "A dot is a cutout, placed by its distance to two prompts; its arrow is the pull on "
    "it. Under the mean all arrows agree; under optimal transport they part.",
    "space": "The same for three prompts at once. "
    "Arrows that fan out to the axes give each prompt cutouts of its own.",
    "maps": "How much of a place follows each prompt: strong colour is the prompt's own ground. "
    "Under the mean every place belongs to all alike.",
    "lines": "The loss, and how evenly the prompts share the cutouts, at every step. "
    "A balance of 1 is even, 0 leaves one prompt with everything.",
}


def plot(saved: Saved, file: str) -> bytes | None:
    """Return the PNG of a plot's file name; None for other names, or where the data is missing."""
    named = _NAME.fullmatch(file)
    if named is None or len(saved.settings.prompts) < PLOTS[named[1]].least:
        return None
    return _drawn(saved.folder, saved.steps, *named.groups())


@lru_cache(maxsize=64)  # about 100 kB each
def _drawn(folder: Path, steps: int, name: str, theme: str, width: str) -> bytes | None:
    """Draw a result's plot; ``steps`` tells a continued run from what it was."""
    saved = read(folder)
    evidence = record(saved) if saved else None
    if evidence is None:
        return None
    pixels = WIDE if width == "wide" else NARROW
    return to_png(PLOTS[name].draw(evidence, dark=theme == "dark", width=pixels))


def why(saved: Saved) -> str:
    """Return the plots of a result as HTML, folded; a plot is drawn when it is unfolded."""
    evidence = record(saved)
    if evidence is None:
        return ""
    parts = []
    for name, kind in PLOTS.items():
        if len(saved.settings.prompts) < kind.least:
            continue
        text = escape(kind.describe(evidence))
        pictures = "".join(_picture(saved, name, theme, text) for theme in ("light", "dark"))
        parts.append(
            f'<details class="why" name="why"><summary>{escape(kind.title)}</summary>'
            f"<p>{escape(_READING[name])}</p>{pictures}</details>"
        )
    return "".join(parts)


def _picture(saved: Saved, name: str, theme: str, text: str) -> str:
    wide, narrow = (
        f"results/{quote(saved.id)}/plot-{name}-{theme}-{width}.png?step={saved.steps}"
        for width in ("wide", "narrow")
    )
    return (
        f'<picture class="on-{theme}"><source media="(max-width: 640px)" srcset="{narrow}">'
        f'<img src="{wide}" alt="{text}" loading="lazy"></picture>'
    )
