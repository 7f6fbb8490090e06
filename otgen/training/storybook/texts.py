"""Teach a CLIP that already sees the storybook's world to read whole phrases.

Its eyes stay as they are, so crops are embedded once, and what names mean stays too: a thing, a
place or a style said alone keeps the vector that the CLIP had for it. New is where a phrase of
several lies, "a red car" or "a watercolour of a castle": near the crops that show all of it, and
far from those that show a part.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPModel

from otgen.guidance.clip import ClipEncoder, load
from otgen.guidance.cutouts import CutoutSpec, cut_each, sample
from otgen.training.clips import SIDE, config
from otgen.training.loop import fit
from otgen.training.storybook import encoders, materials, scenes, states
from otgen.training.storybook.encoder import Encoder
from otgen.training.storybook.materials import Bank
from otgen.training.storybook.scenes import Truth
from otgen.training.tokenizer import word_tokenizer
from otgen.world.storybook import captions
from otgen.world.storybook.words import COLOURS

SEED = 24
PICTURES, SCENES = 15_000, 12  # that are drawn: in all, together
CROPS, SAID = 2048, 192  # of an update: crops, and captions of some of them
_TINTED = 0.6  # part of the sprites that have a tint: there are eight for each thing
_NEAR = 8.0  # weight of how far names are from the vectors that they had
_SCALE = 24.0  # of cosines


def _crops(bank: Bank, clip: ClipEncoder, step: int) -> tuple[Tensor, Truth, Tensor]:
    """Draw pictures and embed crops of them: u [N, d], what each shows, tints [N, K]."""
    draw = torch.Generator().manual_seed(SEED * 1_000_003 + step)
    state = states.random_state(bank, SCENES, draw, crisp=True, easy=0.5)
    shape = state.gates.shape
    tint = torch.randint(1, 1 + len(COLOURS), shape, generator=draw)
    tint = torch.where(torch.rand(shape, generator=draw) < _TINTED, tint, 0)
    state = state._replace(tints=F.one_hot(tint, 1 + len(COLOURS)).float())
    who = torch.arange(SCENES).repeat_interleave(encoders.CROPS)
    scene = scenes.render(bank, state)
    views = sample(len(who), SIDE, materials.SIDE, materials.SIDE, CutoutSpec(), SEED, step)
    views = encoders.at_sprites(views, state, draw)
    seen = cut_each(scene.image[who], views)
    return clip.crops(seen), scenes.truth(bank, state, scene, views.boxes, who), tint[who] - 1


@torch.no_grad()
def _pool(bank: Bank, clip: ClipEncoder) -> tuple[Tensor, Truth, Tensor]:
    """Embed crops of PICTURES pictures."""
    crops = [_crops(bank, clip, step) for step in range(PICTURES // SCENES)]
    u, truths, tints = zip(*crops, strict=True)
    return torch.cat(u), Truth(*map(torch.cat, zip(*truths, strict=True))), torch.cat(tints)


def train(bank: Bank, steps: int, folder: Path, shipped: Path) -> None:
    """Train the text tower of the CLIP in ``shipped``, from nothing, and ship it there again."""
    clip = load(shipped)
    u, truth, tints = _pool(bank, clip)
    had = clip.texts(captions.names())
    torch.manual_seed(SEED)  # initial weights only
    width = clip.model.config.vision_config.hidden_size
    tokenizer = word_tokenizer(captions.words(), captions.LENGTH)
    made = CLIPModel(config(tokenizer, captions.LENGTH, width))
    for part in ("vision_model", "visual_projection"):
        getattr(made, part).load_state_dict(getattr(clip.model, part).state_dict())
    made.logit_scale.data.copy_(clip.model.logit_scale)
    encoder = Encoder(made).requires_grad_(False)
    for part in (made.text_model, made.text_projection):
        part.requires_grad_(True)

    def loss_of(step: int, draw: torch.Generator) -> dict[str, Tensor]:
        rng = np.random.default_rng(SEED * 1_000_003 + step)
        some = torch.randperm(len(u), generator=draw)[:CROPS]
        seen = encoders.facts(Truth(*(part[some] for part in truth)), tints[some])
        said = [encoders.caption_of(seen, row, rng) for row in range(SAID)]
        true = encoders.truth_of(said, seen)
        logits = _SCALE * u[some] @ encoder.texts([caption.text for caption in said]).T
        phrases = encoders.contrast_of(logits, true) + encoders.contrast_of(logits.T, true.T)
        names = encoder.texts(captions.names(rng if step % 2 else None))
        moved = 1 - (names * had).sum(-1).mean()
        return {"loss": phrases / 2 + _NEAR * moved, "phrases": phrases / 2, "moved": moved}

    fit("storybook-texts", encoder, loss_of, steps, 2e-3, folder, SEED, muon=4e-3)
    made.half().save_pretrained(shipped)
    encoder.tokenizer.save_pretrained(shipped)
