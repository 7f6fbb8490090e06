"""What a study measures of each run and lane: the columns of ``runs.parquet``, documented."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from otgen.recipe.settings import Settings
from otgen.results.result import Saved
from otgen.results.spread import FOUND, finds_all
from otgen.world.storybook.words import canonical_prompts

_SURE, _PLACE = 0.75, 0.5  # weight of a thing that is there; part of the ground of a place


class Measure(NamedTuple):
    """A number of a run and lane. better: 1 where more is better, -1 where less is.

    kind: how it is written: "part" as a percentage, else a number of ``kind`` digits.
    """

    title: str
    about: str
    better: int
    kind: str


MEASURES: dict[str, Measure] = {
    "found_all": Measure(
        "All prompts found",
        f"Whether the judge finds every prompt in at least {FOUND} of its 64 cutouts. The judge is "
        "a second CLIP that never guides a picture.",
        1,
        "part",
    ),
    "least_found": Measure(
        "The least found prompt's cutouts",
        "The judge's cutouts of the prompt that it finds least, of 64.",
        1,
        "1",
    ),
    "present_all": Measure(
        "All prompts painted",
        "Whether the storybook's own description of its picture holds every prompt: a thing of "
        f"weight {_SURE} or more, or a place that covers half of the ground.",
        1,
        "part",
    ),
    "share_error": Measure(
        "Share of cutouts against share asked",
        "The part of the cutouts that are nearest to another prompt than the shares ask for (total "
        "variation: 0 where every prompt has its share, 1 at most). By the CLIP that guides.",
        -1,
        "3",
    ),
    "balance": Measure(
        "Balance",
        "The entropy of the cutouts by nearest prompt, 1 where all prompts have as many, 0 where "
        "one has all; of prompts that ask for equal shares. By the CLIP that guides.",
        1,
        "3",
    ),
    "correlation": Measure(
        "Cost correlation",
        "The correlation over cutouts of the costs of two prompts, below 0 where cutouts "
        "specialise. By the CLIP that guides.",
        -1,
        "3",
    ),
    "resultant": Measure(
        "Tangent resultant",
        "How alike the prompts pull at all cutouts (the paper's Eq. 7): 1 where all are pulled the "
        "same way, lower where they fan out.",
        -1,
        "3",
    ),
    "diversity": Measure(
        "Diversity",
        "The mean cosine distance of two cutouts of the picture, by the CLIP that guides.",
        1,
        "3",
    ),
    "least_covered": Measure(
        "The least covered prompt's similarity",
        "The prompt that is covered least: the mean similarity (cosine) of its five nearest "
        "cutouts. By the CLIP that guides.",
        1,
        "3",
    ),
}
"""The numbers that lanes are compared by; the first that a painter has is the primary one."""

LISTS = {
    "counts": ("int64", "Cutouts nearest to each prompt, by the CLIP that guides."),
    "asked": ("double", "The share asked for each prompt; they sum to 1."),
    "mass": ("double", "The mass of the plan at each prompt, at the last step."),
    "coverage": ("double", "The mean similarity of each prompt's five nearest cutouts."),
    "found": ("int64", "The judge's cutouts of each prompt, of 64; none without a judge."),
}
"""The numbers that there are one a prompt of: type, and what they are."""


def measured(settings: Settings, numbers: dict) -> dict[str, object]:
    """Return the measures and lists of a lane from its numbers in a result; None for what it lacks.

    Args:
        numbers: as in ``Result.numbers``, of one lane.
    """
    counts_of_judge = numbers.get("judge", {}).get("found")
    lists = {name: numbers.get(name) for name in LISTS} | {"found": counts_of_judge}
    counts, asked = numbers["counts"], numbers["asked"]
    total = max(sum(counts), 1)
    every, here = finds_all(numbers), _present(settings, numbers)
    return lists | {
        "found_all": None if every is None else float(every),
        "least_found": None if counts_of_judge is None else float(min(counts_of_judge)),
        "present_all": None if here is None else float(here),
        "share_error": sum(abs(n / total - b) for n, b in zip(counts, asked, strict=True)) / 2,
        "least_covered": min(numbers["coverage"]),
        "balance": numbers["balance"] if max(asked) - min(asked) < 1e-6 else None,
        **{name: numbers[name] for name in ("correlation", "resultant", "diversity")},
    }


def _present(settings: Settings, numbers: dict) -> bool | None:
    """Tell whether a storybook's description of its picture holds all prompts.

    None where there is no description, or a prompt is more than a name of its world.
    """
    named = {said: name for name, said in canonical_prompts().items()}
    texts = [prompt.text for prompt in settings.prompts]
    if "sprites" not in numbers or not all(text in named for text in texts):
        return None
    things = {one["thing"] for one in numbers["sprites"] if one["weight"] >= _SURE}
    ground = sum(numbers["places"].values())
    places = {name for name, area in numbers["places"].items() if area >= _PLACE * ground}
    return all(named[text] in things | places for text in texts)


class Column(NamedTuple):
    """A column of ``runs.parquet`` beside the measures: Arrow's type, what it is, its value."""

    type: str
    about: str
    of: Callable[[Saved], object]


OF_RESULTS: dict[str, Column] = {
    "steps_done": Column("int64", "Updates of the picture that were made.", lambda it: it.steps),
    "seconds": Column("double", "Painting of all lanes of the run.", lambda it: it.seconds),
    "device": Column("string", "What painted it.", lambda it: str(it.device.get("name", ""))),
    "notes": Column("string", "Sentences of the run.", lambda it: " ".join(it.notes)),
}
"""What a result says of its run."""
