"""Notes: sentences about a run that a person should read beside its pictures."""

from __future__ import annotations

import numpy as np

from otgen.guidance.clip import ClipEncoder
from otgen.recipe.lanes import card_of
from otgen.recipe.prompts import picture_of
from otgen.run.plan import Plan
from otgen.transport.sinkhorn import THRESHOLD


def truncated_prompts(encoder: ClipEncoder, plan: Plan) -> list[str]:
    """Return a note for each prompt that CLIP truncates, and where."""
    return [
        f"{kind} {cut.prompt + 1} has {cut.tokens} tokens and {plan.encoder} reads "
        f"{cut.read}: it was read up to “…{cut.part[-30:]}”, and the rest had no effect."
        for kind, texts in (("Prompt", plan.texts), ("Negative prompt", plan.negative))
        for cut in encoder.truncated(["" if picture_of(text) else text for text in texts])
    ]


def idle_place(plan: Plan) -> list[str]:
    """Return a note if a place can do nothing in some lanes, as one prompt has all cutouts."""
    lanes = plan.settings.lanes
    idle = [lane for lane in lanes if card_of(lane).whole]
    if not plan.places or len(plan.texts) > 1 or not idle:
        return []
    under = "" if len(idle) == len(lanes) else f" under {' and '.join(idle)}"
    return [
        f"The place of a single prompt has no effect{under}: add a prompt for the rest of the "
        "picture, such as “a field”."
    ]


def unconverged(error: np.ndarray, lanes: tuple[str, ...]) -> list[str]:
    """Return a note for each lane in which Sinkhorn did not converge: error [steps + 1, L]."""
    notes = []
    for lane, name in enumerate(lanes):
        late = np.flatnonzero(error[:, lane] > 2 * THRESHOLD)
        if len(late):
            notes.append(
                f"Sinkhorn did not converge in lane {name} at {len(late)} of {len(error)} steps, "
                f"first at step {late[0]} (marginals off by up to {error[:, lane].max():.1e}): "
                "try a larger epsilon."
            )
    return notes
