"""How far the numbers of runs that differ in their seed spread, for each lane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from otgen.results.result import Saved

FOUND = 5  # of the judge's cutouts, from which on it finds a prompt in a picture


class Measure(NamedTuple):
    """A number of a lane that people compare. said: what it is.

    of: of the lane's numbers, in [0, 1] or true or false; None where they have none.
    """

    title: str
    said: str
    of: Callable[[dict], float | bool | None]


def _least(numbers: dict) -> float:
    """Return the part of its share that the least prompt has, by its nearest cutouts."""
    total = sum(numbers["counts"])
    pairs = zip(numbers["counts"], numbers["asked"], strict=True)
    return min(1.0, min(count / (total * asked) for count, asked in pairs))


def found_all(numbers: dict) -> bool | None:
    """Tell whether the judge finds every prompt."""
    judge = numbers.get("judge")
    return min(judge["found"]) >= FOUND if judge else None


def _seen(numbers: dict) -> float | None:
    """Return the part of the judge's cutouts that show the prompt it finds least."""
    judge = numbers.get("judge")
    return min(judge["found"]) / judge["of"] if judge else None


MEASURES = (
    Measure("Balance", "how even the cutouts' groups are", lambda numbers: numbers["balance"]),
    Measure("Least prompt", "its cutouts, as a part of the share asked for", _least),
    Measure("All prompts found", f"by the judge, each in {FOUND} cutouts or more", found_all),
    Measure("Least found", "cutouts in which the judge finds the least prompt", _seen),
)


def measured(numbers: dict) -> list[str]:
    """Return a lane's balance, and the judge's cutouts of each prompt where there is a judge."""
    judge = numbers.get("judge")
    found = [f"Judge {' / '.join(map(str, judge['found']))} of {judge['of']}"] if judge else []
    return [f"Balance {100 * numbers['balance']:.0f} %", *found]


def over(found: Sequence[Saved | None], lane: str, measure: Measure) -> str:
    """Return a measure of a lane over the complete results among ``found``, as people read it.

    It is "84 ± 6 %", mean and standard deviation (of a sample); "3 of 4" for what is or is not; a
    dash where no result has it.
    """
    values = [
        value
        for saved in found
        if saved and saved.complete and (value := measure.of(saved.numbers[lane])) is not None
    ]
    if not values:
        return "–"
    if isinstance(values[0], bool):
        return f"{sum(values)} of {len(values)}"
    deviation = float(np.std(values, ddof=1)) if values[1:] else 0.0
    return f"{100 * np.mean(values):.0f} ± {100 * deviation:.0f} %"
