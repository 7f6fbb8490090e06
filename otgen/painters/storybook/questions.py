"""What a storybook asks the encoder about its pictures, and when; and what follows from answers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from otgen.painters.opinion import Answer
from otgen.painters.storybook import attributes, trials
from otgen.painters.storybook.compositor import seamed, sided, spans
from otgen.painters.storybook.latent import HIDDEN, MIXTURES, SETS, State
from otgen.painters.storybook.renderer import Renderer
from otgen.world.storybook.words import THINGS

_ATTRIBUTES = 1  # the step at which attributes are looked at
_MOST = 16  # things that are looked at there, of all prompts together; of each one at least
_OWN = 4  # things that a sprite most is, at least, in a trial


@dataclass(frozen=True)
class Schedule:
    """When a run's trials are, and what follows from them.

    Args:
        moments: parts of a run at which sprites try things on, at the start all, then the ``fewer``
            that they most are. learning: how far logits go for a unit of cost. decided: part of a
            run after which a poor sprite (``trials``) is hidden for good.
    """

    moments: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.55, 0.7, 0.9)
    fewer: int = 16
    learning: float = 6.0
    decided: float = 0.65

    def steps(self, state: State) -> list[int]:
        """Return the steps of the run that have a trial."""
        return [round(part * state.steps) for part in self.moments]


def _tried(schedule: Schedule, state: State) -> Tensor | None:
    """Return the things that sprites try on at this step, [L, K, C]; None: at no such step."""
    if state.count == _ATTRIBUTES:
        return state.nearest.unique().expand(*state.things.shape[:2], -1)
    if state.count not in schedule.steps(state):
        return None
    if state.nearest is None:
        return torch.arange(len(THINGS)).expand_as(state.things).to(state.things.device)
    likely = state.things.clone()
    likely[..., state.nearest] += 1e3
    fewer = max(schedule.fewer, len(state.nearest.unique()) + _OWN)
    return likely.topk(min(fewer, len(THINGS)), -1).indices


@torch.no_grad()
def question(renderer: Renderer, schedule: Schedule, state: State) -> Tensor | None:
    """Show sprites' squares as things that they try on, or once in their attributes.

    All lanes' are alike at the start.
    """
    which = _tried(schedule, state)
    if which is None:
        return None
    lanes = slice(0, 1 if state.count <= _ATTRIBUTES else None)
    which = which[lanes]
    _, grounds, *_ = renderer.leaves(state)
    ground = renderer.ground(state, grounds[lanes], *renderer.working())
    behind = seamed(ground[:, 0], ground[:, 1], state.seam[lanes])
    drawings = renderer.drawings.unflatten(0, (SETS, -1))[state.sets[:, None], which]
    if state.count == _ATTRIBUTES:
        places = torch.stack(renderer.places(state, *renderer.working())).to(drawings)
        return attributes.pictured(drawings[0, 0], behind[0], places, trials.SIDE)[None]
    loose = trials.LOOSE[schedule.steps(state).index(state.count) % len(trials.LOOSE)]
    boxes, pose = renderer.boxes(state, loose)[lanes], state.pose[lanes]
    # Looked at in several ways, one after another, so that no one view decides.
    seen = trials.pictured(drawings, pose, state.mirrored, behind, boxes, loose).flatten(1, 2)
    shown = torch.stack(renderer.places(state, trials.SIDE, trials.SIDE)).to(seen.device)
    return torch.cat([seen, shown.expand(len(seen), -1, -1, -1, -1)], 1)


def answered(renderer: Renderer, schedule: Schedule, state: State, answer: Answer) -> State:
    """Move mixtures as the answer says; late in a run hide what serves no better than nothing."""
    which, gone = _tried(schedule, state), state.gates <= HIDDEN
    lanes, count, tried = which.shape
    prompts = len(answer.shares)
    if state.count == _ATTRIBUTES:
        looked = attributes.looked(answer.cost[0], which[0, 0])
        wanted = trials.first(
            looked.plain, which[0, 0], looked.places, looked.savings, trials.NEAREST
        )
        things = looked.plain.expand(lanes, count, -1, -1)
        nothing = torch.full_like(things[:, :, 0], torch.inf)
        there = looked.places.expand(lanes, -1, -1)
        # What is avoided is part of these costs, and no more is known of it here.
        seen = trials.Seen(nothing, things, -things, there, torch.zeros_like(there[..., 0]))
    else:
        seen = trials.seen(answer, lanes, count, tried)
        if state.nearest is None:
            most = max(trials.NEAREST, _MOST // prompts)
            bare = attributes.empty(prompts, answer.cost)
            wanted = trials.first(seen.cost.mean((0, 1)), which[0, 0], seen.places[0], bare, most)
        else:
            wanted = trials.First(state.backdrop, state.nearest, state.of_things, state.of_places)
    side = sided(state.pose, state.seam)
    trial = trials.Trial(which, gone, side, wanted, renderer.boxes(state), spans(state.seam))
    mixtures = trials.Mixtures(*state[:MIXTURES])
    heat = renderer.heated(state)
    outcome = trials.learned(mixtures, trial, seen, answer, heat, schedule.learning)
    gates = state.gates
    if state.count >= schedule.decided * state.steps:
        gates = torch.where(outcome.poor, HIDDEN, gates)
    return state._replace(gates=gates, **outcome.mixtures._asdict(), **wanted._asdict())
