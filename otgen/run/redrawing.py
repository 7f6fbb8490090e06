"""Draw a finished result anew: larger, or as SVG. ``python -m otgen.run.redrawing`` does one.

It runs nothing and needs no encoder, so it imports no painter but those that can: a process that
does it starts in two seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from otgen.painters.base import ImageGenerator, Options, thawed
from otgen.painters.storybook import finished, painter
from otgen.recipe.lanes import slug, title
from otgen.recipe.prompts import InputError
from otgen.results.disk import write
from otgen.results.result import ANEW, Saved
from otgen.results.store import read, state
from otgen.results.writing import png
from otgen.run.plan import check_redrawable

_CPU = torch.device("cpu")  # what can be drawn anew is small, and a GPU may be a run's


class _Scalable(NamedTuple):
    """build, adapt: as in ``builders``. large: [h, w, 3] uint8 and svg, of a state and a lane."""

    build: Callable[[torch.device], ImageGenerator]
    adapt: Callable[[ImageGenerator, Options], ImageGenerator]
    large: Callable[[ImageGenerator, object, int], np.ndarray]
    svg: Callable[[ImageGenerator, object, int], str]


# Its keys are the scalable ones of ``catalogue.GENERATORS``.
SCALABLE = {"storybook": _Scalable(painter.build, painter.sized, finished.large, finished.svg)}


class _Drawable(NamedTuple):
    """A result's painter, and its state at the end. sampler: as in Result."""

    of: _Scalable
    generator: ImageGenerator
    state: object
    sampler: str

    def draw(self, saved: Saved, lane: str, kind: str) -> bytes:
        """Draw a lane's picture. Raises InputError where its style is made of pixels."""
        index = saved.settings.lanes.index(lane)
        if kind == "svg":
            return self.of.svg(self.generator, self.state, index).encode()
        return png(self.of.large(self.generator, self.state, index), saved, lane, self.sampler)


def _drawable(saved: Saved) -> _Drawable:
    """Load what a result is drawn anew from. Raises InputError."""
    planned, settings = check_redrawable(saved), saved.settings
    of = SCALABLE[settings.generator]
    options = Options(planned.height, planned.width, sprites=settings.sprites)
    generator = of.adapt(of.build(_CPU), options)
    start = generator.init(len(settings.lanes), settings.seed, settings.steps)
    damaged = "What the picture is drawn from is damaged: delete the result and paint it again."
    arrays = state(saved)
    if arrays is None:
        raise InputError(damaged)
    try:
        return _Drawable(of, generator, thawed(start, arrays), planned.card.sampler)
    except (AttributeError, ValueError):
        raise InputError(damaged) from None


def redrawn(saved: Saved, lane: str, kind: str) -> bytes:
    """Return a lane's picture drawn anew: kind is "large", LARGE times the side, or "svg".

    Raises InputError where it can't be.
    """
    return _drawable(saved).draw(saved, lane, kind)


def save_redrawn(saved: Saved, kinds: list[str]) -> None:
    """Write all lanes' pictures anew beside a result's own: ``<lane>-large.png``, ``<lane>.svg``.

    Raises InputError where one can't be, once the others are written, and OSError.
    """
    refused, drawable = "", None  # building the painter takes seconds: once for all files
    for lane in saved.settings.lanes:
        for kind in kinds:
            try:
                drawable = drawable or _drawable(saved)
                made = drawable.draw(saved, lane, kind)
            except InputError as wrong:
                refused = refused or f"{title(lane)}: {wrong}"
                continue
            write(saved.folder / f"{slug(lane)}{ANEW[kind]}", made)
    if refused:
        raise InputError(refused)


def main(folder: str, lane: str, kind: str) -> int:
    """Write a picture to the standard output; a sentence to the other one, with status 2."""
    saved = read(Path(folder))
    try:
        if saved is None:
            raise InputError("The result was deleted a moment ago.")
        made = redrawn(saved, lane, kind)
    except InputError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
