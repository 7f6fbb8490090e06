"""Failures of torch that a person can do something about, in a sentence."""

from __future__ import annotations

from otgen.models.precision import NO_KERNEL
from otgen.recipe.prompts import InputError
from otgen.run.plan import Plan

# What torch says on a GPU, and on a CPU.
_NO_MEMORY = ("out of memory", "can't allocate memory")


def explained(failed: RuntimeError, plan: Plan) -> InputError | None:
    """Return a sentence for a person on an error that ended a run; None for a fault of otgen's."""
    said = str(failed)
    if NO_KERNEL in said:
        return InputError(
            "The installed torch was not built for this GPU: start otgen with OTGEN_DEVICE=cpu, or "
            "install a build of torch that supports the GPU."
        )
    if not any(words in said for words in _NO_MEMORY):
        return None
    return InputError(
        f"The memory is not enough for {plan.settings.cutouts} cutouts, "
        f"{len(plan.settings.lanes)} lanes and {plan.width} x {plan.height} pixels with "
        f"{plan.settings.generator} and {plan.encoder}: "
        "lower the cutouts, the picture's size or the number of lanes, or take a smaller encoder."
    )
