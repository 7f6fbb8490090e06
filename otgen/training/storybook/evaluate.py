"""How well the storybook's encoders name what they see: ``python -m otgen.training evaluate``.

All scenes are of held-out seeds: sprites of one thing each, placed as the painter places them, a
fifth of them tinted, a third of the pictures in a style; seen through cutouts as in guidance.
Drawings that were never trained on are reported apart.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.guidance.clip import ClipEncoder
from otgen.guidance.cutouts import CutoutSpec, cut_each, sample
from otgen.painters.storybook.compositor import SIZE, TURN, placed, squares
from otgen.painters.storybook.decoder import decoded
from otgen.painters.storybook.description import means
from otgen.painters.storybook.latent import start
from otgen.training.storybook import materials, scenes, states
from otgen.training.storybook.materials import Bank
from otgen.world.storybook.words import (
    COLOURS,
    PLACES,
    STYLES,
    THINGS,
    canonical_prompts,
    phrase_of,
)

log = logging.getLogger(__name__)

_SCENES, _CROPS = 50, 8  # of a batch
_BATCHES = 5
CHIMERAS = 200
_BARE = 0.4  # part of a crop from which on it shows a place


def _finished(state: states.State, rows: Tensor, draw: torch.Generator) -> states.State:
    """Return states as in finished pictures: each sprite a drawing of ``rows``, no blends."""
    n, k, count = state.sprites.shape
    seeds = torch.randint(2**31, (n,), generator=draw).tolist()
    begun = [start(1, k, seed, 1, torch.device("cpu")).pose[0] for seed in seeds]
    pose = torch.stack(begun)
    pose[..., SIZE] += 0.5 * torch.rand(n, k, generator=draw) - 0.25
    pose[..., TURN] = 0.6 * torch.rand(n, k, generator=draw) - 0.3
    shown = rows[torch.randint(len(rows), (n, k), generator=draw)]
    return state._replace(
        sprites=1e4 * F.one_hot(shown, count).float(),
        places=1e4 * F.one_hot(state.places.argmax(-1), len(PLACES)).float(),
        styles=F.one_hot(state.styles.argmax(-1), len(STYLES)).float(),
        pose=pose,
        gates=(state.gates > 0).float(),
        residual=torch.zeros_like(state.residual),
        crisp=1.0,
    )


@torch.no_grad()
def accuracy(encoder: ClipEncoder, bank: Bank, rows: Tensor) -> dict[str, float]:
    """Return the share of crops that are named right, top-1: things, places, styles and colours.

    rows: of the bank's drawings, those that are shown.

    A crop counts for the one thing that it shows well, and for a place that it shows. A tinted
    thing's colour is told among "a red house", "a blue house" and the others; a thing in a filter
    has none.
    """
    v = encoder.texts(list(canonical_prompts().values()))
    coloured = encoder.texts(
        [f"{phrase_of(colour)} {thing}" for thing in THINGS for colour in COLOURS]
    ).unflatten(0, (len(THINGS), -1))
    parts = (len(THINGS), len(PLACES), len(STYLES))
    right: dict[str, list[Tensor]] = {"things": [], "places": [], "styles": [], "colours": []}
    for batch in range(_BATCHES):
        draw = torch.Generator().manual_seed(materials.HELD_OUT + batch)
        state = _finished(states.random_state(bank, _SCENES, draw, crisp=True), rows, draw)
        scene = scenes.render(bank, state)
        who = torch.arange(_SCENES).repeat_interleave(_CROPS)
        views = sample(
            len(who),
            encoder.side,
            materials.SIDE,
            materials.SIDE,
            CutoutSpec(),
            materials.HELD_OUT,
            batch,
        )
        crops = cut_each(scene.image[who], views)
        truth = scenes.truth(bank, state, scene, views.boxes, who)
        u = encoder.crops(crops)
        said = (u @ v.T).split(parts, -1)
        true = truth.names.split(parts, -1)
        one = (true[0].amax(1) > 0.8) & (true[0].gt(0.1).sum(1) == 1)
        bare = means(scene.grounds[who], views.boxes).amax(1) > _BARE
        counted = {"things": one, "places": bare, "styles": true[2].amax(1) > 0.9}
        for (kind, some), guess, of in zip(counted.items(), said, true, strict=True):
            # Two places may be true.
            named = of.gather(1, guess.argmax(1, keepdim=True))[:, 0] > 0.5
            right[kind].append(named[some])
        seen = (truth.sprites[..., None] * truth.weights).amax(-1).argmax(1)  # sprites
        tint = state.tints[who, seen].argmax(-1) - 1
        some = one & (tint >= 0) & (true[2].argmax(1) == 0)
        nearest = torch.einsum("nd,ncd->nc", u, coloured[true[0].argmax(1)]).argmax(1)
        right["colours"].append((nearest == tint)[some])
    return {kind: float(torch.cat(each).float().mean()) for kind, each in right.items()}


@torch.no_grad()
def between(encoder: ClipEncoder, bank: Bank, share: float) -> Tensor:
    """Return the largest cosine of CHIMERAS sprites to a thing's name, each on a place.

    share: of a second thing's code in each sprite, 0 to 0.5.
    """
    v = encoder.texts(list(canonical_prompts().values())[: len(THINGS)])
    draw = torch.Generator().manual_seed(materials.HELD_OUT)
    sets = len(bank.sprites) // len(THINGS)
    first, second = torch.randint(len(THINGS), (2, CHIMERAS), generator=draw)
    base = torch.randint(sets, (CHIMERAS,), generator=draw) * len(THINGS)
    codes = (1 - share) * bank.codes[base + first] + share * bank.codes[base + second]
    sprites = decoded(bank.decoder, codes, materials.GRID)[:, None]
    pose = torch.zeros(CHIMERAS, 1, 6)
    pose[..., 2] = -0.1
    layers = placed(sprites, pose, torch.ones(CHIMERAS, 1), materials.SIDE, materials.SIDE)[:, 0]
    which = torch.randint(len(PLACES), (CHIMERAS,), generator=draw)
    seen = layers[:, :3] + (1 - layers[:, 3:]) * bank.places[which, 0]
    whole = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(CHIMERAS, 1, -1)
    return (encoder.crops(squares(seen, whole, encoder.side)) @ v.T).amax(1)


def report(name: str, encoder: ClipEncoder, bank: Bank, held_out: Tensor, least: float) -> None:
    """Log all figures of an encoder.

    held_out: [C], drawings that it was not trained on. least: the cosine from which on it finds a
    thing.
    """
    for what, rows in (("trained on", ~held_out), ("held out", held_out)):
        parts = accuracy(encoder, bank, torch.nonzero(rows).flatten())
        what = f"{int(rows.sum())} drawings {what}"
        log.info("%s, %s: %s", name, what, " ".join(f"{k} {x:.3f}" for k, x in parts.items()))
    for share in (0.0, 0.25, 0.5):
        cosines = between(encoder, bank, share)
        log.info(
            "%s, %d sprites with %.0f %% of another thing: finds a thing in %.3f; cosine %s",
            name,
            CHIMERAS,
            100 * share,
            float((cosines >= least).float().mean()),
            [round(float(x), 2) for x in cosines.quantile(torch.tensor([0.1, 0.5, 0.9]))],
        )
