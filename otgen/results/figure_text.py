"""Text alternatives of the figures of experiments, which state their counts."""

from __future__ import annotations

from collections.abc import Sequence

from otgen.recipe.experiments import Step, base
from otgen.recipe.lanes import title as lane_title
from otgen.recipe.prompts import shorten
from otgen.results.result import Saved


def describe(kind: str, steps: Sequence[Step], results: Sequence[Saved | None]) -> str:
    """Return the text alternative of an experiment's figure, with its counts."""
    prompts = ", ".join(
        f"{place} {shorten(prompt.text)}"
        for place, prompt in enumerate(steps[-1].settings.prompts, 1)
    )
    parts = []
    for step, saved in zip(steps, results, strict=True):
        for lane in step.settings.lanes:
            alone = len(step.prompts) == 1
            under = step.name.capitalize() or step.numbers
            under += " alone" if alone else f", {lane_title(lane)}"
            counts = " / ".join(map(str, saved.numbers[lane]["counts"])) if saved else "not painted"
            astray = f" (diverged after step {saved.steps})" if saved and saved.diverged else ""
            parts.append(f"{under}: {counts}{astray}")
    titles = {
        "ladder": "Ladder: each prompt alone, then one added at a time",
        "dial": "Dial: from sharp matching to the mean",
        "seeds": f"The same prompts from {len(steps)} starts",
    }
    return (
        f"{titles[base(kind)]}. Prompts: {prompts}. Cutouts by nearest prompt: {'; '.join(parts)}."
    )
