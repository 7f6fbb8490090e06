"""Experiments: several runs derived from the settings of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import LANES, Settings

DIAL = ("ot@0.01", "ot@0.1", "ot@0.5", "ot@2", "mean")
"""From sharp to the mean, an infinite epsilon.

On costs of real runs a plan holds 97, 78, 44, 11 and 0 % of what it could say about who follows
whom (mutual information, as a part of the shares' entropy).
"""


class Step(NamedTuple):
    """A run of an experiment. prompts: the indices of the experiment's prompts that it has."""

    prompts: tuple[int, ...]
    settings: Settings

    @property
    def title(self) -> str:
        """Name the prompts by their numbers: "1 + 2"."""
        return " + ".join(str(prompt + 1) for prompt in self.prompts)


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


EXPERIMENTS: dict[str, Callable[[Settings], tuple[Step, ...]]] = {"ladder": ladder, "dial": dial}


def steps_of(kind: str, settings: Settings) -> tuple[Step, ...]:
    """Return an experiment's runs. Raises InputError if there is only one prompt."""
    if len(settings.prompts) < 2:
        raise InputError(
            f"A {kind} needs two prompts or more: with one, both losses are the same; add another."
        )
    return EXPERIMENTS[kind](settings)
