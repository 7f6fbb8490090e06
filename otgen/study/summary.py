"""What a study found, as plain data: ``summary.json``, from which the report is written."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import NamedTuple

import numpy as np

from otgen.study.inference import Difference, Interval, corrected, difference, interval
from otgen.study.measures import FOUND, MEASURES
from otgen.study.recipe import Study
from otgen.study.table import Row

Condition = tuple[object, ...]  # the lane, and a value of each setting that varies


class Contrast(NamedTuple):
    """Two conditions that differ in one thing, over all sets and seeds.

    factor: what differs, "lane" or a setting. first, second: its values. within: what they share.
    """

    factor: str
    first: Condition
    second: Condition
    within: str


def summary(study: Study, rows: list[Row]) -> dict:
    """Return what a study found, as plain data."""
    factors = factors_of(study)
    grids = {name: _grids(study, rows, name) for name in MEASURES}
    measures = [name for name, grid in grids.items() if grid]
    compared = [
        (name, contrast, made)
        for name in measures
        for contrast in contrasts(factors)
        if (made := _compared(grids[name], contrast, MEASURES[name].better))
    ]
    q = corrected([made.p for _, _, made in compared])
    states = Counter({row["run"]: row["state"] for row in rows}.values())
    return {
        "title": study.title,
        "about": study.about,
        "sets": len(study.sets),
        "seeds": len(study.seeds),
        "factors": {name: [_plain(level) for level in levels] for name, levels in factors.items()},
        "runs": {"asked": len(study.plans), **dict(sorted(states.items()))},
        "found_from": FOUND,
        "measures": {name: MEASURES[name]._asdict() for name in measures},
        "conditions": [
            {
                "condition": _named(factors, condition),
                "label": label(factors, condition),
                **{
                    name: _bounds(interval(grids[name][condition]))
                    for name in measures
                    if condition in grids[name]
                },
            }
            for condition in itertools.product(*factors.values())
        ],
        "differences": [
            _difference(factors, name, contrast, made, corrected_p)
            for (name, contrast, made), corrected_p in zip(compared, q, strict=True)
        ],
    }


def factors_of(study: Study) -> dict[str, tuple[object, ...]]:
    """Return what differs between runs of the same prompts and seed: the lane, and settings."""
    return {"lane": study.lanes, **study.varied}


def condition_of(study: Study, row: Row) -> Condition:
    """Return the condition of a row."""
    return (row["lane"], *(row[name] for name in study.varied))


def label(factors: dict[str, tuple[object, ...]], condition: Condition) -> str:
    """Name a condition by what differs: "ot, cutouts 16"."""
    named = zip(factors, condition, strict=True)
    return ", ".join(level_name(name, level) for name, level in named)


def level_name(factor: str, level: object) -> str:
    """Name a level: "ot", "cutouts 16", "steps as usual"."""
    return said(level) if factor in ("lane", "generator") else f"{factor} {said(level)}"


def said(level: object) -> str:
    """Write a level: "ot", "0.1", "as usual"."""
    return "as usual" if level is None else f"{level:g}" if isinstance(level, float) else str(level)


def contrasts(factors: dict[str, tuple[object, ...]]) -> list[Contrast]:
    """Return the pairs of conditions to compare: of each factor, its first level with the others,
    for each choice of the other factors.
    """
    pairs = []
    for place, (name, levels) in enumerate(factors.items()):
        others = [each for other, each in factors.items() if other != name]
        rest = {other: each for other, each in factors.items() if other != name}
        for chosen in itertools.product(*others):
            first = (*chosen[:place], levels[0], *chosen[place:])
            for level in levels[1:]:
                second = (*chosen[:place], level, *chosen[place:])
                pairs.append(Contrast(name, first, second, label(rest, chosen)))
    return pairs


def _grids(study: Study, rows: list[Row], measure: str) -> dict[Condition, np.ndarray]:
    """Return condition -> values [P, S] of a measure, NaN where there is none; none if all are."""
    seeds = {seed: place for place, seed in enumerate(study.seeds)}
    grids: dict[Condition, np.ndarray] = {}
    for row in rows:
        if row[measure] is not None:
            empty = np.full((len(study.sets), len(seeds)), np.nan)
            grid = grids.setdefault(condition_of(study, row), empty)
            grid[row["set"] - 1, seeds[row["seed"]]] = row[measure]
    return grids


def _compared(
    grid: dict[Condition, np.ndarray], contrast: Contrast, better: int
) -> Difference | None:
    if contrast.first not in grid or contrast.second not in grid:
        return None
    return difference(grid[contrast.first], grid[contrast.second], better)


def _difference(
    factors: dict[str, tuple[object, ...]],
    measure: str,
    contrast: Contrast,
    made: Difference,
    q: float | None,
) -> dict:
    place = list(factors).index(contrast.factor)
    first, second = contrast.first[place], contrast.second[place]
    gain = made.mean.mean * MEASURES[measure].better
    clear = q is not None and q < 0.05
    better = contrast.first if gain > 0 else contrast.second
    return {
        "measure": measure,
        "factor": contrast.factor,
        "first": level_name(contrast.factor, first),
        "second": level_name(contrast.factor, second),
        "within": contrast.within,
        "difference": _bounds(made.mean),
        "first_wins": _bounds(made.wins),
        "pairs": {"won": made.won, "tied": made.tied, "lost": made.lost},
        "p": made.p,
        "q": q,
        "better": level_name(contrast.factor, better[place]) if clear and gain else "",
    }


def _named(factors: dict[str, tuple[object, ...]], condition: Condition) -> dict[str, object]:
    return {name: _plain(level) for name, level in zip(factors, condition, strict=True)}


def _plain(level: object) -> object:
    return level if level is None or isinstance(level, int | float) else str(level)


def _bounds(interval: Interval | None) -> dict | None:
    """Return an interval as it is written; six digits say more than any study knows."""
    if interval is None:
        return None
    return {
        name: None if value is None else float(f"{value:.6g}")
        for name, value in interval._asdict().items()
    }


def to_json(numbers: dict) -> str:
    """Return a summary as text, of the same bytes for the same study."""
    return json.dumps(numbers, indent=1, ensure_ascii=False) + "\n"
