"""What is drawn of a result when a browser asks: plots, their words, its steps, its time-lapse.

Nothing of it is stored: it follows from the result's data. Memory is bounded, and one plot and one
film are made at a time, so that whoever asks for many does not take the machine from a run.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache, wraps
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from otgen.explain import timelapse
from otgen.explain.evidence import Record
from otgen.explain.plots import PLOTS, to_png, to_svg
from otgen.explain.plots.style import NARROW, WIDE
from otgen.recipe.lanes import slug
from otgen.results.result import Saved
from otgen.results.store import read, record
from otgen.ui import explorer

_NAMES = "|".join(PLOTS)
_PLOT = re.compile(rf"plot-({_NAMES})-(light|dark)-(wide|narrow)\.(png|svg)")
_WORDS = re.compile(rf"plot-({_NAMES})\.txt")
_FRAME = re.compile(r"frame-([a-z0-9.-]{1,40})\.webp")
_CUTOUTS = re.compile(r"cutouts-([a-z0-9.-]{1,40})\.webp")
_NUMBER = re.compile(r"[0-9]{1,3}")
PLOTTING, _FILMING = threading.Lock(), threading.Lock()  # one of each is made at a time

Choices = tuple[tuple[str, object], ...]  # options of a plot, hashable


class Rendered(NamedTuple):
    """A file: its bytes and its media type."""

    data: bytes
    kind: str


class _Unknown(ValueError):
    """No such file."""


def made_once(most: int, one: threading.Lock) -> Callable[[Callable[..., bytes]], Callable]:
    """Return a decorator: the last ``most`` answers are kept, new ones made one at a time.

    An answer that is ready waits for none that is being made, unlike ``lru_cache`` under a lock.
    """

    def kept_by(make: Callable[..., bytes]) -> Callable[..., bytes]:
        ready: OrderedDict[tuple, bytes] = OrderedDict()

        @wraps(make)
        def answer(*key: Hashable) -> bytes:
            if (made := ready.get(key)) is None:
                with one:
                    made = ready.get(key) or make(*key)  # another may have made it meanwhile
                    ready[key] = made
                    if len(ready) > most:
                        ready.popitem(last=False)
            return made

        return answer

    return kept_by


def evidence(saved: Saved) -> Record | None:
    """Return what a result's plots are drawn from; None where it is missing or broken."""
    try:
        return _evidence(saved.folder, saved.steps)
    except _Unknown:
        return None


@lru_cache(maxsize=4)  # 3 to 50 MB each
def _evidence(folder: Path, steps: int) -> Record:
    """Read a result's record; ``steps`` tells a continued run from what it was."""
    saved = read(folder)
    if saved is None or (evidence := record(saved)) is None:
        raise _Unknown
    return evidence


def rendered(saved: Saved, file: str, query: Mapping[str, str]) -> Rendered | None:
    """Return a file by its name; None where there is no such file.

    ``plot-<name>-<light|dark>-<wide|narrow>.<png|svg>``, ``plot-<name>.txt`` (what it shows, in
    words), ``frame-<lane>.webp``, ``timelapse.mp4`` and ``timelapse.webp`` (its last frame),
    ``cutouts.json`` (their places among the prompts ``of``) and ``cutouts-<lane>.webp``.

    Args:
        query: moment, an index into the record's moments (default: the last); of, the prompts of a
            plane or a space ("0.2"); every, "1" for all cutouts.
    """
    key = saved.folder, saved.steps
    try:
        if file == "timelapse.mp4":
            return Rendered(_film(*key), "video/mp4")
        if file == "timelapse.webp":
            return _webp(timelapse.still(_evidence(*key)))
        if named := _FRAME.fullmatch(file):
            record = _evidence(*key)
            frames = record.frames[_moment(record, query)]
            return _webp(Image.fromarray(frames[_lane(record, named[1])]))
        if named := _CUTOUTS.fullmatch(file):
            record = _evidence(*key)
            return _webp(explorer.sheet(record, _lane(record, named[1]), _moment(record, query)))
        if file == "cutouts.json":
            return _places(_evidence(*key), query)
        if named := _WORDS.fullmatch(file):
            text = _words(*key, named[1], _options(_evidence(*key), named[1], query))
            return Rendered(text.encode(), "text/plain; charset=utf-8")
        if named := _PLOT.fullmatch(file):
            options = _options(_evidence(*key), named[1], query)
            data = _plot(*key, *named.groups(), options)
            return Rendered(data, "image/svg+xml" if named[4] == "svg" else "image/png")
    except _Unknown:
        pass
    return None


def words(saved: Saved, name: str) -> str:
    """Return what a plot of the last moment shows. Raises ValueError where there is none."""
    record = _evidence(saved.folder, saved.steps)
    return _words(saved.folder, saved.steps, name, _options(record, name, {}))


def _moment(record: Record, query: Mapping[str, str]) -> int:
    """Return the moment that is asked for."""
    last = len(record.moments) - 1
    asked = query.get("moment", str(last))
    if not _NUMBER.fullmatch(asked) or int(asked) > last:
        raise _Unknown
    return int(asked)


def _options(record: Record, name: str, query: Mapping[str, str]) -> Choices:
    """Return what a plot is drawn with. Raises _Unknown where it cannot be."""
    plot, m = PLOTS[name], len(record.prompts)
    if not plot.suits(m, len(record.negative)):
        raise _Unknown
    options: dict[str, object] = {}
    if "moment" in plot.takes:
        options["moment"] = _moment(record, query)
    if "of" in plot.takes and "of" in query:
        parts = query["of"].split(".")
        if len(parts) > m or not all(map(_NUMBER.fullmatch, parts)):
            raise _Unknown
        of = tuple(map(int, parts))
        if len(of) != max(2, plot.least) or len(set(of)) < len(of) or max(of) >= m:
            raise _Unknown
        options["of"] = of
    if "every" in plot.takes and query.get("every") == "1":
        options["every"] = True
    return tuple(options.items())


@made_once(96, PLOTTING)  # 0.1 to 0.9 MB each
def _plot(
    folder: Path, steps: int, name: str, theme: str, width: str, kind: str, options: Choices
) -> bytes:
    pixels = WIDE if width == "wide" else NARROW
    figure = PLOTS[name].draw(
        _evidence(folder, steps), dark=theme == "dark", width=pixels, **dict(options)
    )
    text = _words(folder, steps, name, options)
    return to_svg(figure, text) if kind == "svg" else to_png(figure, text=text)


@lru_cache(maxsize=512)
def _words(folder: Path, steps: int, name: str, options: Choices) -> str:
    return PLOTS[name].describe(_evidence(folder, steps), **dict(options))


@made_once(8, _FILMING)  # up to 3 MB each
def _film(folder: Path, steps: int) -> bytes:
    return timelapse.film(_evidence(folder, steps))


def _lane(record: Record, name: str) -> int:
    names = [slug(lane) for lane in record.lanes]
    if name not in names:
        raise _Unknown
    return names.index(name)


def _places(record: Record, query: Mapping[str, str]) -> Rendered:
    """Return the cutouts among the prompts that are asked for: a plane of two, a space of three."""
    kind = "space" if query.get("of", "").count(".") == 2 else "plane"
    options = dict(_options(record, kind, query))
    if "of" not in options:
        raise _Unknown
    data = json.dumps(explorer.places(record, **options), ensure_ascii=False)
    return Rendered(data.encode(errors="replace"), "application/json")


def _webp(picture: Image.Image) -> Rendered:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=90, method=0)
    return Rendered(buffer.getvalue(), "image/webp")
