"""A study's report: one self-contained page without scripts, that anyone can read."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from otgen.study.measures import MEASURES, Measure
from otgen.study.recipe import Study
from otgen.study.summary import condition_of, factors_of, label, level_name
from otgen.study.table import Row

SHOWN = 4  # runs at either end
_MOST_FAILURES = 50


class _Pair(NamedTuple):
    """The runs of a set and seed, by lane. score: how far the first lane is ahead of the others."""

    score: float
    rows: dict[object, Row]


def report(
    study: Study, found: dict, rows: list[Row], source: str, picture: Callable[[Row], str]
) -> str:
    """Return the report as HTML. All text is escaped, and nothing in it is run.

    Args:
        found: the summary. source: the text of the study's file. picture: a row's, as an address.
    """
    failed = list({row["run"]: row for row in rows if row["state"] != "done"}.values())
    pairs = _pairs(study, found, rows)
    few = min(SHOWN, len(pairs) // 2)
    first, others = study.lanes[0], len(study.lanes) > 1
    return _template().render(
        it=found,
        facts=_facts(found),
        headlines=_headlines(found),
        failures=failed[:_MOST_FAILURES],
        more_failures=max(0, len(failed) - _MOST_FAILURES),
        misses=_misses(study, rows),
        worst=[_shown(study, pair, picture) for pair in pairs[:few]],
        worst_title=f"Where {first} is furthest behind the others" if others else "The worst runs",
        best=[_shown(study, pair, picture) for pair in pairs[::-1][: min(SHOWN, len(pairs) - few)]],
        best_title=f"Where {first} is furthest ahead of the others" if others else "The best runs",
        differences=_differences(found),
        conditions=_conditions(found),
        prompts=_prompts(study, found, rows),
        cited=study.cited,
        source=source,
    )


@cache
def _template():
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("report.html")


def number(measure: Measure, value: float | None, signed: bool = False) -> str:
    """Write a number of a measure: "83 %", "+12.5", "0.412"."""
    if value is None:
        return "–"
    sign = "+" if signed else ""
    if measure.kind == "part":
        text = f"{100 * value:{sign}.0f}"
        return f"{text} points" if signed else f"{text} %"
    return f"{value:{sign}.{measure.kind}f}"


def bounds(measure: Measure, one: dict, signed: bool = False) -> str:
    """Write an interval: "(26 to 40)"; "" where there is none."""
    if one["low"] is None:
        return ""
    low, high = (number(measure, one[side], signed) for side in ("low", "high"))
    unit = " points" if signed else " %"
    if measure.kind == "part":
        low, high = low.removesuffix(unit), high.removesuffix(unit)
    return f"({low} to {high})"


def _facts(found: dict) -> str:
    runs = found["runs"]
    states = ", ".join(f"{n} {state}" for state, n in runs.items() if state != "asked")
    parts = [_count(found["sets"], "set of prompts", "sets of prompts")]
    parts += [_count(found["seeds"], "seed", "seeds")]
    parts += [
        f"{name}: {', '.join(level_name(name, level) for level in levels)}"
        for name, levels in found["factors"].items()
    ]
    return f"{' · '.join(parts)} · {_count(runs['asked'], 'run', 'runs')}: {states}."


def _count(many: int, one: str, more: str) -> str:
    return f"{many} {one if many == 1 else more}"


def _headlines(found: dict) -> list[str]:
    """Say what the primary measure found, a sentence a comparison."""
    if not found["measures"]:
        return []
    name = next(iter(found["measures"]))
    measure = MEASURES[name]
    means = {row["label"]: row.get(name) for row in found["conditions"]}
    said = [
        f"{label}: {number(measure, one['mean'])} {bounds(measure, one)}"
        for label, one in means.items()
        if one
    ]
    return [f"{measure.title}: {'; '.join(said)}."] if len(said) <= 8 else []


def _misses(study: Study, rows: list[Row]) -> list[str]:
    """Say in how many pictures the judge misses a prompt, a sentence a condition."""
    factors, found = factors_of(study), []
    judged: dict = {}
    for row in rows:
        if row["found_all"] is not None:
            judged.setdefault(condition_of(study, row), []).append(row["found_all"])
    for condition, each in judged.items():
        missed = sum(not one for one in each)
        found.append(f"{label(factors, condition)}: {missed} of {len(each)}")
    return [f"Pictures in which the judge misses a prompt: {'; '.join(found)}."] if found else []


def _ranked_by(found: dict) -> str | None:
    """Return the first measure that is more than yes or no: runs differ in it."""
    return next((name for name in found["measures"] if MEASURES[name].kind != "part"), None)


def _pairs(study: Study, found: dict, rows: list[Row]) -> list[_Pair]:
    """Return the runs of the first value of each setting, the first lane's worst ones first."""
    name = _ranked_by(found)
    usual = tuple(levels[0] for levels in study.varied.values())
    runs: dict[tuple, dict[object, Row]] = {}
    for row in rows:
        if name and row[name] is not None and condition_of(study, row)[1:] == usual:
            runs.setdefault((row["set"], row["seed"]), {})[row["lane"]] = row
    pairs = []
    for by_lane in runs.values():
        values = {lane: row[name] * MEASURES[name].better for lane, row in by_lane.items()}
        if study.lanes[0] in values:
            ahead = values.pop(study.lanes[0])
            others = float(np.mean(list(values.values()))) if values else 0.0
            pairs.append(_Pair(ahead - others, by_lane))
    return sorted(pairs, key=lambda pair: pair.score)


def _shown(study: Study, pair: _Pair, picture: Callable[[Row], str]) -> dict:
    one = next(iter(pair.rows.values()))
    name = "worst" if one["worst"] is not None else "share_error"
    within = [level_name(each, levels[0]) for each, levels in study.varied.items()]
    return {
        "prompts": one["prompts"],
        "seed": one["seed"],
        "within": "".join(f", {said}" for said in within),
        "said": f"{MEASURES[name].title[0].lower()}{MEASURES[name].title[1:]} below each picture",
        "lanes": [
            {
                "lane": lane,
                "picture": picture(pair.rows[lane]),
                "said": number(MEASURES[name], pair.rows[lane][name]),
            }
            for lane in study.lanes
            if lane in pair.rows
        ],
    }


def _differences(found: dict) -> list[dict]:
    groups = []
    for name in found["measures"]:
        measure = MEASURES[name]
        rows = [row for row in found["differences"] if row["measure"] == name]
        ends = [0.0]
        for row in rows:
            ends += [end for end in row["difference"].values() if end is not None]
        low, high = min(ends), max(ends)
        room = 0.06 * (high - low) or 1.0
        scale = (low - room, high + room)
        if rows:
            drawn = [_drawn(measure, row, scale) for row in rows]
            groups.append({**measure._asdict(), "rows": drawn})
    return groups


def _drawn(measure: Measure, row: dict, scale: tuple[float, float]) -> dict:
    """Return a row of differences as it is drawn: places in percent of the bar."""

    def at(value: float) -> float:
        return round(100 * (value - scale[0]) / (scale[1] - scale[0]), 2)

    one, wins, pairs = row["difference"], row["first_has_more"], row["pairs"]
    known = one["low"] is not None
    side = {"": "unclear", row["first"]: "first"}.get(row["better"], "second")
    text = f"{number(measure, one['mean'], signed=True)} {bounds(measure, one, signed=True)}"
    verdict = f"{row['better']} is better" if row["better"] else "not clear"
    q = "" if row["q"] is None else f", q {'< 0.001' if row['q'] < 0.001 else round(row['q'], 3)}"
    won = MEASURES["found_all"]  # a part of the pairs
    return {
        **{key: row[key] for key in ("first", "second", "within")},
        "side": side,
        "text": text,
        "zero": at(0.0),
        "mean": at(one["mean"]),
        "left": at(one["low"]) if known else None,
        "width": round(at(one["high"]) - at(one["low"]), 2) if known else None,
        "more": f"{verdict}{q}; {row['first']} has more in {number(won, wins['mean'])} "
        f"{bounds(won, wins)} of the pairs, ties as half ({pairs['first more']} more, "
        f"{pairs['equal']} equal, {pairs['second more']} less)",
    }


def _conditions(found: dict) -> dict:
    names = list(found["measures"])
    return {
        "columns": [MEASURES[name].title for name in names],
        "rows": [
            {
                "label": row["label"],
                "cells": [_cell(MEASURES[name], row.get(name)) for name in names],
            }
            for row in found["conditions"]
        ],
    }


def _cell(measure: Measure, one: dict | None) -> dict:
    if one is None:
        return {"mean": "–", "bounds": ""}
    return {"mean": number(measure, one["mean"]), "bounds": bounds(measure, one)}


def _prompts(study: Study, found: dict, rows: list[Row]) -> dict:
    """Return the table of sets, those first in which the first lane does worst."""
    factors, judged = factors_of(study), "worst" in found["measures"]
    by_set: dict[int, dict] = {}
    for row in rows:
        if row["state"] == "done":
            each = by_set.setdefault(row["set"], {})
            each.setdefault(condition_of(study, row), []).append(row)
    conditions = [condition for condition in _all_conditions(study) if _any(by_set, condition)]

    def order(place: int) -> float:
        done = next(iter(by_set[place].values()))
        key, better = ("worst", 1) if judged else ("share_error", -1)
        known = [row[key] for row in done if row[key] is not None]
        return better * float(np.mean(known)) if known else 0.0

    listed = []
    for place in sorted(by_set, key=order):
        cells = [_of_set(by_set[place].get(condition, [])) for condition in conditions]
        listed.append({"label": study.sets[place - 1], "source": "", "cells": cells})
        listed += [
            {
                "label": study.sets[place - 1],
                "source": one.source,
                "cells": [
                    {"first": "", "second": " / ".join(map(str, one.counts.get(lane, ())))}
                    for lane, *_ in conditions
                ],
            }
            for one in study.cited
            if one.set == place - 1 and one.counts
        ]
    judge = (
        "How many seeds' pictures hold all prompts, as the judge sees it, and below it" if judged
        else "Below each picture's state"
    )  # fmt: skip
    return {
        "about": f"{judge} the cutouts nearest to each prompt, mean over seeds. The sets in which "
        f"{label(factors, conditions[0]) if conditions else ''} does worst are first.",
        "columns": [label(factors, condition) for condition in conditions],
        "rows": listed,
    }


def _all_conditions(study: Study) -> list[tuple]:
    import itertools

    return list(itertools.product(*factors_of(study).values()))


def _any(by_set: dict[int, dict], condition: tuple) -> bool:
    return any(condition in each for each in by_set.values())


def _of_set(done: list[Row]) -> dict:
    """Return a cell: how many of the seeds' pictures hold all prompts, and the mean counts."""
    if not done:
        return {"first": "–", "second": ""}
    judged = [row["found_all"] for row in done if row["found_all"] is not None]
    first = f"{sum(map(int, judged))} of {len(judged)}" if judged else f"{len(done)} painted"
    counts = np.mean([row["counts"] for row in done], axis=0)
    return {"first": first, "second": " / ".join(f"{count:.0f}" for count in counts)}
