"""Numbers and sentences of a study's report."""

from __future__ import annotations

from otgen.study.measures import MEASURES, Measure
from otgen.study.summary import said


def number(measure: Measure, value: float | None, signed: bool = False) -> str:
    """Write a number of a measure: "83 %", "+12.5", "0.412"; "–" where there is none."""
    if value is None:
        return "–"
    digits = 0 if measure.kind == "part" else int(measure.kind)
    unit = "" if measure.kind != "part" else " points" if signed else " %"
    return f"{_signed(100 * value if unit else value, digits, signed)}{unit}"


def bounds(measure: Measure, one: dict, signed: bool = False) -> str:
    """Write an interval: "(26 to 40)"; "" where there is none."""
    if one["low"] is None:
        return ""
    low, high = (number(measure, one[side], signed) for side in ("low", "high"))
    return f"({low.removesuffix(' points').removesuffix(' %')} to {high})"


def _signed(value: float, digits: int, signed: bool) -> str:
    rounded = round(value, digits) + 0.0  # no minus before a zero
    sign = "+" if signed and rounded > 0 else ""
    return f"{rounded:{sign}.{digits}f}".replace("-", "−")


def facts(numbers: dict) -> str:
    """Say in a line what a summary is of."""
    runs = numbers["runs"]
    parts = [_count(numbers["sets"], "set of prompts", "sets of prompts")]
    parts += [_count(numbers["seeds"], "seed", "seeds")]
    for name, levels in numbers["factors"].items():
        several = name if len(levels) == 1 or name != "lane" else "lanes"
        parts.append(f"{several}: {', '.join(said(level) for level in levels)}")
    states = ", ".join(f"{many} {state}" for state, many in runs.items() if state != "asked")
    return f"{' · '.join(parts)} · {_count(runs['asked'], 'run', 'runs')}: {states}."


def _count(many: int, one: str, more: str) -> str:
    return f"{many} {one if many == 1 else more}"


def headlines(numbers: dict) -> list[str]:
    """Say what the primary measure found: a sentence of its means, and one a comparison.

    Settings that vary are at their first value.
    """
    if not numbers["measures"]:
        return []
    name = next(iter(numbers["measures"]))
    measure = MEASURES[name]
    usual = {each: levels[0] for each, levels in numbers["factors"].items() if each != "lane"}
    means = [
        f"{row['label']}: {number(measure, row[name]['mean'])} {bounds(measure, row[name])}"
        for row in numbers["conditions"]
        if row.get(name) and row["condition"].items() >= usual.items()
    ]
    compared = [row for row in numbers["differences"] if row["measure"] == name]
    return [
        f"{measure.title}. {'; '.join(means)}.",
        *(
            f"{row['first']} minus {row['second']}: {gain(row)}."
            for row in compared
            if all(row[key] == compared[0][key] for key in ("factor", "within"))
        ),
    ]


def change(row: dict) -> str:
    """Write a difference with its interval."""
    measure, one = MEASURES[row["measure"]], row["difference"]
    return f"{number(measure, one['mean'], True)} {bounds(measure, one, True)}".rstrip()


def gain(row: dict) -> str:
    """Write a difference with its interval and whether it is clear."""
    return f"{change(row)}, {verdict(row)}"


def verdict(row: dict) -> str:
    """Say which of two conditions is better, and how sure that is."""
    q = row["q"]
    sure = "" if q is None else f" (q {'< 0.001' if q < 0.001 else f'{q:.3f}'})"
    return f"{row['better']} is better{sure}" if row["better"] else f"not clear{sure}"


def wins(row: dict) -> str:
    """Say how often the first of two conditions is the better one."""
    one, pairs, part = row["first_wins"], row["pairs"], MEASURES["found_all"]
    rate = f"{number(part, one['mean'])} {bounds(part, one)}".rstrip()
    many = sum(pairs.values())
    return (
        f"{row['first']} wins {rate}: {pairs['won']} of {many} pairs, {pairs['tied']} tied, "
        f"{pairs['lost']} lost"
    )
