"""Experiments: several runs derived from the settings of one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from otgen.recipe.prompts import InputError, Prompt, shorten
from otgen.recipe.settings import LANES, Settings

DIAL = ("ot@0.01", "ot@0.1", "ot@0.5", "ot@2", "mean")
"""From sharp to the mean, an infinite epsilon.

On costs of real runs a plan holds 97, 78, 44, 11 and 0 % of what it could say about who follows
whom (mutual information, as a part of the shares' entropy).
"""


SEEDS, FEWEST_SEEDS, MOST_SEEDS = 4, 2, 16
_KIND = re.compile(r"(ladder|dial)|seeds-([1-9]\d?)", re.ASCII)


class Step(NamedTuple):
    """A run of an experiment. prompts: the indices of the experiment's prompts that it has.

    name: what tells it from the others, "seed 7"; its prompts by their numbers where that is "".
    """

    prompts: tuple[int, ...]
    settings: Settings
    name: str = ""

    @property
    def numbers(self) -> str:
        """Name the prompts by their numbers: "1 + 2"."""
        return " + ".join(str(prompt + 1) for prompt in self.prompts)

    @property
    def title(self) -> str:
        """Return what tells it from the experiment's other runs: "prompts 1 + 2"."""
        return self.name or f"prompt{'s' * (len(self.prompts) > 1)} {self.numbers}"


def ladder(settings: Settings) -> tuple[Step, ...]:
    """Return each prompt alone, then the first two, the first three, ... (the paper's Figure 5).

    With one prompt both losses are the same, because every plan sends all cutouts to it. So these
    runs have one lane.
    """
    many = len(settings.prompts)
    alone = [
        Step(
            (place,),
            replace(
                settings, prompts=(Prompt(prompt.text),), lanes=LANES[:1], epsilon=Settings.epsilon
            ),
        )
        for place, prompt in enumerate(settings.prompts)
    ]
    together = [
        Step(tuple(range(m)), replace(settings, prompts=settings.prompts[:m], lanes=LANES))
        for m in range(2, many + 1)
    ]
    return (*alone, *together)


def dial(settings: Settings) -> tuple[Step, ...]:
    """Return one run whose lanes go from sharp matching to the mean."""
    everything = tuple(range(len(settings.prompts)))
    return (Step(everything, replace(settings, lanes=DIAL, epsilon=Settings.epsilon)),)


def seeds(settings: Settings, many: int) -> tuple[Step, ...]:
    """Return the same run from ``many`` starts: its own seed and the next ones."""
    everything = tuple(range(len(settings.prompts)))
    return tuple(
        Step(everything, replace(settings, seed=seed), f"seed {seed}")
        for seed in ((settings.seed + place) % 2**32 for place in range(many))
    )


def of_seeds(many: object) -> str:
    """Return the kind of an experiment on so many seeds: "seeds-4". Raises InputError."""
    try:
        whole = int(many) if float(many) == int(many) else 0  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        whole = 0
    if not FEWEST_SEEDS <= whole <= MOST_SEEDS:
        raise InputError(
            f"The number of seeds is {shorten(many, 20)}. It can be {FEWEST_SEEDS} to "
            f"{MOST_SEEDS}: try {SEEDS}."
        )
    return f"seeds-{whole}"


def base(kind: str) -> str:
    """Return what sort of experiment it is: "ladder", "dial" or "seeds"; "" where it is none."""
    named = _KIND.fullmatch(kind)
    if named is None or (named[2] and not FEWEST_SEEDS <= int(named[2]) <= MOST_SEEDS):
        return ""
    return named[1] or "seeds"


def settings_of(kind: str, settings: Settings) -> Settings:
    """Return the settings by which an experiment is known: only one on seeds takes lanes."""
    return settings if base(kind) == "seeds" else replace(settings, lanes=LANES)


def steps_of(kind: str, settings: Settings) -> tuple[Step, ...]:
    """Return an experiment's runs. Raises InputError if there is only one prompt."""
    if len(settings.prompts) < 2:
        raise InputError(
            "An experiment needs two prompts or more: with one, optimal transport and the mean are "
            "the same; add another."
        )
    sort = base(kind)
    if sort == "seeds":
        return seeds(settings, int(kind.removeprefix("seeds-")))
    return {"ladder": ladder, "dial": dial}[sort](settings)
