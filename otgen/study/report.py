"""A study's report: one self-contained page without scripts, that anyone can read."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from otgen.study.measures import MEASURES
from otgen.study.recipe import Study
from otgen.study.summary import Condition, condition_of, factors_of, label, level_name
from otgen.study.table import Row
from otgen.study.wording import bounds, change, facts, headlines, number, verdict, wins

SHOWN = 4  # runs at either end
_MOST_FAILURES = 50


def report(
    study: Study, numbers: dict, rows: list[Row], source: str, picture: Callable[[Row], str]
) -> str:
    """Return the report as HTML. All text is escaped, and nothing in it is run.

    Args:
        numbers: the summary. source: the text of the study's file. picture: a row's, as an address.
    """
    failed = list({row["run"]: row for row in rows if row["state"] != "done"}.values())
    pairs = _pairs(study, rows)
    first, several = study.lanes[0], len(study.lanes) > 1
    worst = [pair for pair in pairs if not several or pair.score < 0][:SHOWN]
    best = [pair for pair in pairs[::-1] if not several or pair.score > 0]
    best = [pair for pair in best or pairs if pair not in worst]
    behind = sum(pair.score < 0 for pair in pairs)
    return _template().render(
        it=numbers,
        facts=facts(numbers),
        headlines=headlines(numbers),
        failures=failed[:_MOST_FAILURES],
        more_failures=max(0, len(failed) - _MOST_FAILURES),
        misses=_misses(study, rows),
        worst=[_shown(study, pair, picture) for pair in worst],
        worst_title=f"Where {first} is furthest behind the others" if several else "The worst runs",
        behind=f"{first} is behind the mean of the others in {behind} of {len(pairs)} runs, by "
        f"“{MEASURES[_ranked_by(rows)].title}”." if several and pairs else "",
        best=[_shown(study, pair, picture) for pair in best[:SHOWN]],
        best_title=f"Where {first} is furthest ahead of the others"
        if several and pairs and pairs[-1].score > 0 else "The best runs",
        across=len(study.lanes),
        differences=_differences(numbers),
        conditions=_conditions(numbers),
        prompts=_prompts(study, rows),
        cited=study.cited,
        source=source,
    )  # fmt: skip


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


def _misses(study: Study, rows: list[Row]) -> str:
    """Say in how many pictures of each condition the judge misses a prompt; "" without a judge."""
    judged: dict[Condition, list[float]] = {}
    for row in rows:
        if row["found_all"] is not None:
            judged.setdefault(condition_of(study, row), []).append(row["found_all"])
    factors = factors_of(study)
    said = [
        f"{label(factors, condition)}: {sum(not one for one in each)} of {len(each)}"
        for condition, each in judged.items()
    ]
    return f"Pictures in which the judge misses a prompt: {'; '.join(said)}." if said else ""


class _Pair(NamedTuple):
    """The runs of a set and seed, by lane. score: how far the first lane is ahead of the others."""

    score: float
    rows: dict[object, Row]


def _ranked_by(rows: list[Row]) -> str:
    """Return the measure that tells runs apart: the judge's, where there is one."""
    return "least_found" if any(row["least_found"] is not None for row in rows) else "share_error"


def _pairs(study: Study, rows: list[Row]) -> list[_Pair]:
    """Return the runs of the first value of each setting, the first lane's worst ones first."""
    name = _ranked_by(rows)
    usual = tuple(levels[0] for levels in study.varied.values())
    runs: dict[tuple[int, int], dict[object, Row]] = {}
    for row in rows:
        if row[name] is not None and condition_of(study, row)[1:] == usual:
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
    within = [level_name(name, levels[0]) for name, levels in study.varied.items()]
    lanes = [lane for lane in study.lanes if lane in pair.rows]
    return {
        "prompts": one["prompts"],
        "about": ", ".join([f"seed {one['seed']}", *within]),
        "lanes": [
            {"lane": lane, "picture": picture(row), "said": _below(row)}
            for lane, row in ((lane, pair.rows[lane]) for lane in lanes)
        ],
    }


def _below(row: Row) -> str:
    """Say below a picture what the judge finds in it, else what the CLIP that guides does."""
    counts, of = (row["found"], "judged") if row["found"] else (row["counts"], "cutouts")
    return f"{' / '.join(map(str, counts))} {of}"


def _differences(numbers: dict) -> list[dict]:
    groups = []
    for name in numbers["measures"]:
        rows = [row for row in numbers["differences"] if row["measure"] == name]
        ends = [
            0.0,
            *(end for row in rows for end in row["difference"].values() if end is not None),
        ]
        room = 0.06 * (max(ends) - min(ends)) or 1.0
        bars = [_bar(row, min(ends) - room, max(ends) + room) for row in rows]
        if bars:
            groups.append({**MEASURES[name]._asdict(), "rows": bars})
    return groups


def _bar(row: dict, least: float, most: float) -> dict:
    """Return a row of differences as it is drawn: places in percent of the bar."""

    def at(value: float) -> float:
        return round(100 * (value - least) / (most - least), 2)

    one = row["difference"]
    known = one["low"] is not None
    return {
        **{key: row[key] for key in ("first", "second", "within")},
        "side": {"": "unclear", row["first"]: "first"}.get(row["better"], "second"),
        "text": change(row),
        "zero": at(0.0),
        "mean": at(one["mean"]),
        "left": at(one["low"]) if known else None,
        "width": round(at(one["high"]) - at(one["low"]), 2) if known else None,
        "verdict": verdict(row),
        "wins": wins(row),
    }


def _conditions(numbers: dict) -> dict:
    names = list(numbers["measures"])
    return {
        "columns": [MEASURES[name].title for name in names],
        "rows": [
            {
                "label": row["label"],
                "cells": [_cell(name, row.get(name)) for name in names],
            }
            for row in numbers["conditions"]
        ],
    }


def _cell(name: str, one: dict | None) -> dict:
    if one is None:
        return {"mean": "–", "bounds": ""}
    measure = MEASURES[name]
    return {"mean": number(measure, one["mean"]), "bounds": bounds(measure, one)}


def _prompts(study: Study, rows: list[Row]) -> dict:
    """Return the table of sets, those first in which the first lane does worst."""
    factors, name = factors_of(study), _ranked_by(rows)
    conditions = list(itertools.product(*factors.values()))
    done: dict[tuple[int, Condition], list[Row]] = {}
    for row in rows:
        if row["state"] == "done":
            done.setdefault((row["set"], condition_of(study, row)), []).append(row)

    def order(place: int) -> float:
        known = [row[name] for row in done.get((place, conditions[0]), ()) if row[name] is not None]
        return MEASURES[name].better * float(np.mean(known)) if known else np.inf

    listed = []
    for place in sorted(range(1, len(study.sets) + 1), key=order):
        cells = [_of_set(done.get((place, condition), [])) for condition in conditions]
        listed.append({"label": study.sets[place - 1], "source": "", "cells": cells})
        for one in study.cited:
            if one.set == place - 1 and one.counts:
                said = [" / ".join(map(str, one.counts.get(lane, ()))) for lane, *_ in conditions]
                cells = [{"first": "", "second": each} for each in said]
                listed.append(
                    {"label": study.sets[place - 1], "source": one.source, "cells": cells}
                )
    above = (
        "How many seeds' pictures hold all prompts by the judge" if name == "least_found"
        else "How many seeds are painted"
    )  # fmt: skip
    return {
        "about": f"{above}; below it, the cutouts nearest to each prompt by the CLIP that guides, "
        f"mean over seeds. The sets in which {label(factors, conditions[0])} does worst are first.",
        "columns": [label(factors, condition) for condition in conditions],
        "rows": listed,
    }


def _of_set(done: list[Row]) -> dict:
    """Return a cell of the table of sets."""
    if not done:
        return {"first": "–", "second": ""}
    judged = [row["found_all"] for row in done if row["found_all"] is not None]
    first = f"{sum(map(int, judged))} of {len(judged)}" if judged else f"{len(done)}"
    counts = np.mean([row["counts"] for row in done], axis=0)
    return {"first": first, "second": " / ".join(f"{count:.0f}" for count in counts)}
