"""What a run is made of, by its plan: the painter, its first state, and the loss of the lanes."""

from __future__ import annotations

import numpy as np
import torch

from otgen.guidance.anchor import Anchor
from otgen.guidance.avoidance import avoided
from otgen.guidance.clip import ClipEncoder
from otgen.guidance.cutouts import CutoutSpec
from otgen.guidance.exemplars import embedded, level
from otgen.guidance.objective import Objective
from otgen.guidance.placement import placement
from otgen.painters.base import ImageGenerator, Options, State, thawed
from otgen.painters.builders import BUILDERS
from otgen.recipe.lanes import lane_of
from otgen.recipe.prompts import picture_of, shares
from otgen.recipe.rules import origin
from otgen.results import parents, uploads
from otgen.run.plan import Plan
from otgen.run.pool import generator_of


def adapted(plan: Plan, start: torch.Tensor | None) -> ImageGenerator:
    """Return the generator adapted to the plan; start: the picture that it starts from, if any."""
    settings = plan.settings
    text = ", ".join(plan.words) if settings.conditioning == "prompts" else ""
    options = Options(
        height=plan.height,
        width=plan.width,
        guidance=settings.guidance,
        text=text,
        start=start,
        sprites=settings.sprites,
        truncation=settings.truncation,
        imagenet_class=settings.imagenet_class,
        strength=settings.strength,
    )
    return BUILDERS[settings.generator].adapt(generator_of(settings.generator), options)


def start_of(plan: Plan) -> torch.Tensor | None:
    """Return the picture [1, 3, h, w] that a run starts from, if there is one."""
    if not plan.settings.start:
        return None
    picture = uploads.read(plan.settings.start, plan.height, plan.width)
    return torch.from_numpy(picture).permute(2, 0, 1)[None]


def begun(
    plan: Plan, generator: ImageGenerator, start: torch.Tensor | None
) -> tuple[State, torch.Tensor | None]:
    """Return the state that a run starts with, and the pictures that it may be held to.

    The latter are those that it started from, [1 or L, 3, h, w]: ``start``, or its parent's.
    """
    settings = plan.settings
    lanes, seed, steps = len(settings.lanes), settings.seed, settings.steps
    if not settings.parent:
        return generator.init(lanes, seed, steps), start
    where = origin(settings.parent)
    theirs = parents.settings_of(where)
    try:
        like = generator.init(len(theirs.lanes), seed, steps)
        state = thawed(like, parents.state_of(where))
        lanes = parents.lanes(theirs, settings)
        started = generator.draw(state).image.detach()[lanes] if settings.anchor else None
        return generator.onward(state, lanes, seed, steps), started
    except (AttributeError, ValueError):
        raise parents.unfit(where) from None


def objective_of(
    plan: Plan, encoder: ClipEncoder, device: torch.device, started: torch.Tensor | None
) -> Objective:
    """Return the loss of a plan's lanes; started: what pictures may be held to (``Anchor``)."""
    settings = plan.settings
    lanes = [lane_of(name, settings.epsilon) for name in settings.lanes]
    v, negative = embedded(encoder, _shown(plan.texts)), settings.negative
    away = [prompt.weight for prompt in negative]
    couplings = tuple(coupling for coupling, _ in lanes)
    pictures = [bool(picture_of(text)) for text in (*plan.texts, *plan.negative)]
    return Objective(
        encoder=encoder,
        v=v,
        b=torch.tensor(shares(settings.prompts), device=device),
        couplings=couplings,
        epsilon=torch.tensor([epsilon for _, epsilon in lanes], device=device),
        distance=settings.distance,
        cutouts=settings.cutouts,
        spec=CutoutSpec(),
        seed=settings.seed,
        avoided=avoided(encoder, v, embedded(encoder, _shown(plan.negative)), away, pictures)
        if negative
        else None,
        placement=placement(plan.places, couplings, device),
        level=level(encoder, v, pictures[: len(v)], settings.distance),
        anchor=Anchor(started.to(device), settings.anchor) if settings.anchor else None,
        adaptive=settings.sampling == "adaptive",
    )


def _shown(texts: tuple[str, ...]) -> list[str | np.ndarray]:
    """Return prompts, with each uploaded picture in place of its text. Raises InputError."""
    return [uploads.whole(name) if (name := picture_of(text)) else text for text in texts]
