"""What a storybook asks the encoder about its pictures, and when; and what follows from answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from otgen.painters.opinion import Answer
from otgen.painters.storybook import attributes, trials
from otgen.painters.storybook.compositor import seamed, sided, spans
from otgen.painters.storybook.latent import HIDDEN, MIXTURES, SETS, State
from otgen.world.storybook.words import THINGS

if TYPE_CHECKING:
    from otgen.painters.storybook.painter import Storybook

_ATTRIBUTES = 1  # the step at which attributes are looked at
_MOST = 16  # things that are looked at there, of all prompts together; of each one at least
_OWN = 4  # things that a sprite most is, at least, in a trial


def _moments(painter: Storybook, state: State) -> list[int]:
    return [round(part * state.steps) for part in painter.trials]


def _tried(painter: Storybook, state: State) -> Tensor | None:
    """Return the things that sprites try on at this step, [L, K, C]; None: at no such step."""
    if state.count == _ATTRIBUTES:
        return state.nearest.unique().expand(*state.things.shape[:2], -1)
    if state.count not in _moments(painter, state):
        return None
    if state.nearest is None:
        return torch.arange(len(THINGS)).expand_as(state.things).to(state.things.device)
    likely = state.things.clone()
    likely[..., state.nearest] += 1e3
    fewer = max(painter.fewer, len(state.nearest.unique()) + _OWN)
    return likely.topk(min(fewer, len(THINGS)), -1).indices


@torch.no_grad()
def question(painter: Storybook, state: State) -> Tensor | None:
    """Show sprites' squares as things that they try on, or once in their attributes.

    All lanes' are alike at the start.
    """
    which = _tried(painter, state)
    if which is None:
        return None
    lanes = slice(0, 1 if state.count <= _ATTRIBUTES else None)
    which = which[lanes]
    _, grounds, *_ = painter.leaves(state)
    ground = painter.ground(state, grounds[lanes], *painter.working())
    behind = seamed(ground[:, 0], ground[:, 1], state.seam[lanes])
    drawings = painter.drawings.unflatten(0, (SETS, -1))[state.sets[:, None], which]
    if state.count == _ATTRIBUTES:
        places = torch.stack(painter.places(state, *painter.working())).to(drawings)
        return attributes.pictured(drawings[0, 0], behind[0], places, trials.SIDE)[None]
    loose = trials.LOOSE[_moments(painter, state).index(state.count) % len(trials.LOOSE)]
    boxes, pose = painter.boxes(state, loose)[lanes], state.pose[lanes]
    # Looked at in several ways, one after another, so that no one view decides.
    seen = trials.pictured(drawings, pose, state.mirrored, behind, boxes, loose).flatten(1, 2)
    shown = torch.stack(painter.places(state, trials.SIDE, trials.SIDE)).to(seen.device)
    return torch.cat([seen, shown.expand(len(seen), -1, -1, -1, -1)], 1)


def answered(painter: Storybook, state: State, answer: Answer) -> State:
    """Move mixtures as the answer says; late in a run hide what serves no better than nothing."""
    which, gone = _tried(painter, state), state.gates <= HIDDEN
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
    trial = trials.Trial(which, gone, side, wanted, painter.boxes(state), spans(state.seam))
    mixtures = trials.Mixtures(*state[:MIXTURES])
    heat = painter.heated(state)
    outcome = trials.learned(mixtures, trial, seen, answer, heat, painter.learning)
    gates = state.gates
    if state.count >= painter.decided * state.steps:
        gates = torch.where(outcome.poor, HIDDEN, gates)
    return state._replace(gates=gates, **outcome.mixtures._asdict(), **wanted._asdict())
