"""Train the storybook's CLIP, and its judge, on random states of the painter.

Both learn what each crop shows as numbers in [0, 1]: a sprite that is half cat and half castle is
half a cat to the CLIP, so that its gradient leads from mixtures to things, and neither to the
judge. The CLIP is then hardened: part of its crops are changed as much for the worse as a small
change can (Madry et al. 2018, https://arxiv.org/abs/1706.06083).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPModel

from otgen.guidance.cutouts import CutoutSpec, Views, cut_each, moved, sample
from otgen.painters.storybook.compositor import SIZE
from otgen.training.clips import SIDE, config, hardest
from otgen.training.loop import device, fit
from otgen.training.storybook import materials, scenes, states
from otgen.training.storybook.encoder import SHARP, Encoder
from otgen.training.storybook.materials import Bank
from otgen.training.storybook.scenes import Truth
from otgen.training.tokenizer import word_tokenizer
from otgen.world.storybook import captions
from otgen.world.storybook.words import PLACES, THINGS

SCENES, CROPS = 12, 6  # pictures of an update, crops of each
SQUARES = 3  # of these crops, squares of the picture's sprites
CAPTIONS = 32  # crops of an update that get a caption of their own
EASILY = 0.4  # part of the updates before any crop is changed for the worse
ON_GPU = 4  # times as many: the update takes hardly longer there
_SPEC = CutoutSpec(
    smallest=0.25, largest=1.0, rotation=10, perspective=0.08, jitter=0.12, noise=0.04
)


class Plan(NamedTuple):
    """width: of the vision tower. seed: of weights and data. soft: half a thing is half true, else
    not at all. hard: part of the crops that are changed for the worse."""

    width: int
    seed: int
    soft: bool
    hard: float = 0.0


PLANS = {
    "clip": Plan(192, 21, soft=True, hard=0.3),
    "judge": Plan(160, 23, soft=False),
}


class Facts(NamedTuple):
    """What crops show, as arrays: ``scenes.Truth``'s, and tints [N, K], -1 for a sprite's own."""

    names: np.ndarray
    sprites: np.ndarray
    weights: np.ndarray
    tints: np.ndarray


def facts(truth: Truth, tints: Tensor) -> Facts:
    return Facts(*(part.cpu().numpy() for part in (*truth, tints)))


def caption_of(truth: Facts, row: int, rng: np.random.Generator) -> captions.Caption:
    """Say something true of crop ``row``."""
    seen = truth.sprites[row] * truth.weights[row].max(-1)  # [K]
    there = np.flatnonzero(seen > 0.7)
    rng.shuffle(there)
    things: dict[int, int] = {}  # thing -> colour; the first sprite of a thing names its colour
    for sprite in there[: int(rng.integers(1, 3))]:
        thing, tint = int(truth.weights[row, sprite].argmax()), int(truth.tints[row, sprite])
        things.setdefault(thing, tint if rng.random() < 0.8 else -1)
    _, places, styles = np.split(truth.names[row], [len(THINGS), len(THINGS) + len(PLACES)])
    place = int(places.argmax())
    if places[place] < 0.7 or (things and rng.random() < 0.6):
        place = -1
    style = int(styles.argmax())
    said = styles[style] > 0.7 and rng.random() < (0.7 if style else 0.1)
    if not things and place < 0 and not said:
        said = True
    return captions.compose(
        tuple(things), tuple(things.values()), place, style if said else -1, rng
    )


def truth_of(texts: list[captions.Caption], truth: Facts) -> Tensor:
    """Return [N, T]: how true each caption is of each crop, 0 to 1."""
    names = truth.names
    true = np.ones((len(names), len(texts)), np.float32)
    seen = truth.sprites[..., None] * truth.weights  # [N, K, THINGS]
    for column, text in enumerate(texts):
        parts = []
        for thing, colour in zip(text.things, text.colours, strict=True):
            if colour < 0:
                parts.append(names[:, thing])
            else:
                parts.append((seen[:, :, thing] * (truth.tints == colour)).max(1))
        if text.place >= 0:
            parts.append(names[:, len(THINGS) + text.place])
        if text.style >= 0:
            parts.append(names[:, len(THINGS) + len(PLACES) + text.style])
        for part in parts:
            true[:, column] = np.minimum(true[:, column], part)
    return torch.from_numpy(true)


def contrast_of(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the mean of -log softmax at what is true; what is uncertain does not compete."""
    positive = truth > 0.65
    unsure = (truth > 0.12) & ~positive
    scores = F.log_softmax(logits.masked_fill(unsure, -1e4), -1)
    some = positive.any(-1)
    gain = (scores * positive).sum(-1) / positive.sum(-1).clamp(min=1)
    return -gain[some].mean()


def at_sprites(views: Views, state: states.State, draw: torch.Generator) -> Views:
    """Move the first SQUARES of each picture's crops onto squares about its sprites.

    The painter shows its CLIP such squares, to ask what each sprite should be.
    """
    n = len(state.gates)
    # A sprite that shows, where there is one.
    which = (state.gates + 1e-3).multinomial(SQUARES, generator=draw)  # [n, SQUARES]
    pose = state.pose.gather(1, which[..., None].expand(-1, -1, state.pose.shape[-1])).flatten(0, 1)
    loose = 0.9 + 0.4 * torch.rand(len(pose), generator=draw)
    half = (loose * pose[:, SIZE].exp()).clamp(max=1) / 2
    off = 0.1 * half[:, None] * torch.randn(len(pose), 2, generator=draw)
    centre = (pose[:, :2] + 1) / 2 + off
    centre = torch.maximum(torch.minimum(centre, 1 - half[:, None]), half[:, None])
    boxes = views.boxes.clone().unflatten(0, (n, -1))
    boxes[:, :SQUARES] = torch.cat([centre - half[:, None], centre + half[:, None]], -1).unflatten(
        0, (n, -1)
    )
    return moved(views, boxes.flatten(0, 1))


def train(
    name: str,
    bank: Bank,
    steps: int,
    folder: Path,
    shipped: Path,
) -> None:
    """Train ``clip`` or ``judge`` and ship it to ``shipped``."""
    plan, on = PLANS[name], device()
    torch.manual_seed(plan.seed)  # initial weights only: the main thread of a training process
    clip = CLIPModel(
        config(word_tokenizer(captions.words(), captions.LENGTH), captions.LENGTH, plan.width)
    )
    encoder = Encoder(clip).to(on)
    crisp = bank.decoder is not None
    pictures, said_of, rate = SCENES, CAPTIONS, 1e-3
    if on.type != "cpu":
        pictures, said_of, rate = ON_GPU * SCENES, 2 * CAPTIONS, 1.5e-3
    workers = int(os.environ.get("WORLD_SIZE", 1))

    def loss_of(step: int, draw: torch.Generator) -> dict[str, Tensor]:
        rng = np.random.default_rng(plan.seed * 1_000_003 + step)
        v = encoder.texts(captions.names(rng if step % 2 else None))
        progress = step / (steps * workers)
        # Whole sprites first: an encoder learns nothing of things before it has seen such.
        easy = min(1.0, max(0.2, 1.2 - 2.4 * progress))
        state = states.random_state(bank, pictures, draw, crisp, easy, min(0.4, 1 - easy), 0.35)
        who = torch.arange(pictures).repeat_interleave(CROPS)
        spec = _SPEC if step % 2 else CutoutSpec()
        views = sample(len(who), SIDE, materials.SIDE, materials.SIDE, spec, plan.seed, step, on)
        views = at_sprites(views, state, draw)
        colours = state.tints.argmax(-1)[who] - 1
        state, who = state.to(on), who.to(on)
        with torch.no_grad():
            scene = scenes.render(bank, state)
            crops = cut_each(scene.image[who], views)
            truth = scenes.truth(bank, state, scene, views.boxes.to(on), who)
        if not plan.soft:
            sure = ((truth.weights - 0.6) / 0.25).clamp(0, 1)
            things = (truth.sprites[..., None] * sure).amax(1)
            truth = truth._replace(
                names=torch.cat([things, truth.names[:, len(THINGS) :]], 1), weights=sure
            )
        known = facts(truth, colours)
        some = torch.randperm(len(who), generator=draw)[:said_of]
        said = [caption_of(known, row, rng) for row in some.tolist()]
        true = truth_of(said, known).to(on)
        w = encoder.texts([caption.text for caption in said])
        if plan.hard and progress > EASILY:
            changed = slice(0, int(plan.hard * len(who)))
            order = torch.randperm(len(who), generator=draw)[changed]
            fixed = v.detach()
            crops[order] = hardest(
                crops[order],
                lambda seen: encoder.against_names(encoder.crops(seen), fixed, truth.names[order]),
                1 if progress < 0.8 else 2,
            )
        u = encoder.crops(crops)
        named = encoder.against_names(u, v, truth.names)
        table = F.normalize(encoder.table, dim=-1)
        apart = encoder.against_names(u, table, truth.names)
        things = truth.names[:, : len(THINGS)]
        one = (things.amax(1) > 0.8) & (things.gt(0.1).sum(1) == 1)
        sure = SHARP * (u @ table[: len(THINGS)].T)[one]
        sharp = F.cross_entropy(sure, things.argmax(1)[one], reduction="sum")
        apart = apart + 2 * sharp / one.sum().clamp(min=1)
        of_texts = 1 - (v * table.detach()).sum(-1)  # how far texts are from their names' vectors
        scale = encoder.clip.logit_scale.exp().clamp(max=60)
        logits = scale * u @ w.T  # [N, CAPTIONS]
        contrast = (contrast_of(logits, true) + contrast_of(logits.T, true.T)) / 2
        with torch.no_grad():
            right = ((u @ v.T)[:, : len(THINGS)].argmax(1) == things.argmax(1))[one].float().mean()
        loss = named + contrast + apart + 4 * of_texts.mean()
        return {"loss": loss, "named": named, "contrast": contrast, "apart": apart,
                "told": of_texts.mean(), "things": right}  # fmt: skip

    fit(f"storybook-{name}", encoder, loss_of, steps, rate, folder, plan.seed, muon=4 * rate)
    if int(os.environ.get("RANK", 0)):
        return
    clip.half().save_pretrained(shipped)
    encoder.tokenizer.save_pretrained(shipped)
