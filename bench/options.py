"""What an option of a run costs: loss and gradient of a step with it, against those without."""

from __future__ import annotations

from dataclasses import replace

import torch
from PIL import Image

from bench.measure import interleave, milliseconds, ratio, table
from bench.workload import DEFAULT, PAIR, pictures
from otgen.guidance import sampling
from otgen.models import precision
from otgen.models.catalogue import asset
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.results import uploads
from otgen.run.assembly import objective_of
from otgen.run.plan import plan
from otgen.run.pool import encoder_of

ROUNDS, SIDE = 15, 128


def _options() -> dict[str, dict]:
    """Return what each option changes of the default settings."""
    one, other = map(Prompt, PAIR)
    fox = Image.open(asset("examples") / "4-owl-forest-fox" / "mean.png")
    return {
        "a third prompt": {"prompts": (one, other, Prompt("a tree"))},
        "a picture as the third": {"prompts": (one, other, uploads.prompt(fox))},
        "a negative prompt": {"negative": (Prompt("a dog"),)},
        "places of both prompts": {
            "prompts": (Prompt(PAIR[0], 1, "left"), Prompt(PAIR[1], 1, "right"))
        },
        "stratified sampling": {"sampling": "stratified"},
        "adaptive sampling": {"sampling": "adaptive"},
        "a third lane, nearest": {"lanes": (*DEFAULT.lanes, "nearest")},
    }


def run() -> str:
    """Measure all of a step but the painter's drawing and update, which no option changes."""
    device = precision.device()

    def step(settings: Settings):
        planned = plan(settings)
        objective = objective_of(planned, encoder_of(planned.encoder), device, None)
        picture = pictures(len(settings.lanes), SIDE, SIDE).requires_grad_()
        need = sampling.first(settings.sampling, settings.cutouts)
        return lambda: torch.autograd.grad(objective(picture, 0, need).value.sum(), picture)

    options = _options()
    calls = {"without": step(DEFAULT)}
    calls |= {name: step(replace(DEFAULT, **changes)) for name, changes in options.items()}
    times = interleave(calls, ROUNDS)
    rows = [
        [name, ratio(times[name], times["without"]), milliseconds(times[name])] for name in options
    ]
    note = (
        f"{len(DEFAULT.lanes)} lanes of {DEFAULT.cutouts} cutouts of {SIDE} x {SIDE} pixels, the "
        f"default painter's CLIP; without an option {milliseconds(times['without'])}."
    )
    return "## Options\n\n" + table(["with", "with / without", "with"], rows) + "\n\n" + note
