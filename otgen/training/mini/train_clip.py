"""Train clip-mini and judge-mini: CLIPModel on crops of the mini world, as cutouts show them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPModel

from otgen.guidance.clip import normalise
from otgen.guidance.cutouts import CutoutSpec, cut_each, sample
from otgen.training.clips import SIDE, config, hardest
from otgen.training.loop import autocast, device, fit
from otgen.training.mini.pool import Pool
from otgen.training.tokenizer import word_tokenizer
from otgen.world.mini import captions
from otgen.world.mini.words import BACKGROUNDS, OBJECTS, SIZE, STYLES

BATCH = 96
VISIBLE, HIDDEN = 0.6, 0.12  # part of an object inside the crop: above it is there, below it is not
SMALLEST = 0.035  # part of the crop that an object must fill to count
HEAD_WEIGHT = 0.3
WIDTHS = {"clip": 192, "judge": 160}
SEEDS = {"clip": 1, "judge": 2, "harden": 3}


def visibility(objects: Tensor, boxes: Tensor) -> Tensor:
    """Say which objects a crop shows.

    Args:
        objects: [B, 3, 5], rows of ``Pool.objects``. boxes: [B, 4], the crop, in pixels.

    Returns:
        [B, len(OBJECTS)]: 1 shown, 0 not shown, -1 neither (partly visible or tiny).
    """
    left, top, right, bottom = objects[..., 1:].unbind(-1)
    x0, y0, x1, y1 = boxes[:, None].unbind(-1)
    shared = (right.minimum(x1) - left.maximum(x0)).clamp(min=0) * (
        bottom.minimum(y1) - top.maximum(y0)
    ).clamp(min=0)
    part = shared / ((right - left) * (bottom - top)).clamp(min=1)
    share = shared / ((x1 - x0) * (y1 - y0))
    state = torch.full_like(part, -1)
    # A quarter of something that fills the crop still names it.
    state[((part > VISIBLE) & (share > SMALLEST)) | (share > 0.45)] = 1
    state[part < HIDDEN] = 0
    shown = torch.zeros(len(objects), len(OBJECTS))
    for slot in range(objects.shape[1]):
        there = objects[:, slot, 0] >= 0
        shown[there, objects[there, slot, 0].long()] = state[there, slot]
    return shown


def crops_of(pool: Pool, rows: np.ndarray, spec: CutoutSpec, seed: int, step: int):
    """Return one crop of each scene and what it shows.

    Crops are [B, 3, s, s] in [0, 1]; what they show is [B, objects], as in ``visibility``.
    """
    on = device()
    pictures = torch.from_numpy(pool.pictures[rows]).to(on).permute(0, 3, 1, 2).float() / 255
    views = sample(len(rows), SIDE, SIZE, SIZE, spec, seed, step, on)
    crops = cut_each(pictures, views)
    shown = visibility(torch.from_numpy(pool.objects[rows]), views.boxes * SIZE)
    return crops, shown


def truth_of(texts: list[captions.Caption], shown: Tensor, labels: Tensor) -> Tensor:
    """Return [B, T]: 1 where the caption is true of the crop, 0 where not, -1 where unknown."""
    needs = torch.zeros(len(texts), len(OBJECTS))
    for row, text in enumerate(texts):
        needs[row, list(text.objects)] = 1
    places = torch.tensor([text.background for text in texts])
    manners = torch.tensor([text.style for text in texts])
    missing = ((shown == 0).float() @ needs.T) > 0
    unsure = ((shown == -1).float() @ needs.T) > 0
    wrong = ((places >= 0) & (places != labels[:, :1])) | (
        (manners >= 0) & (manners != labels[:, 1:])
    )
    truth = torch.ones(len(shown), len(texts))
    truth[unsure] = -1
    truth[missing | wrong] = 0
    return truth


def caption_of(shown: Tensor, label: Tensor, rng: np.random.Generator) -> captions.Caption:
    """Say something true of one crop."""
    there = torch.nonzero(shown == 1).flatten().tolist()
    rng.shuffle(there)
    objects = tuple(there[: int(rng.integers(1, 3))])
    background = int(label[0]) if rng.random() < 0.4 or not objects else -1
    style = int(label[1])
    said = style if rng.random() < (0.6 if style else 0.15) else -1
    return captions.compose(objects, background, said, rng)


def _contrast(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the mean over rows of -log softmax at the true columns, leaving out unknown ones."""
    scores = F.log_softmax(logits.masked_fill(truth == -1, -1e4), -1)
    positive = (truth == 1).float()
    return -((scores * positive).sum(-1) / positive.sum(-1).clamp(min=1)).mean()


def train(
    name: str, pool: Pool, steps: int, folder: Path, assets: Path, rate: float = 1e-3
) -> None:
    """Train ``clip`` or ``judge`` and ship it to ``assets/<name>-mini``."""
    torch.manual_seed(SEEDS[name])  # initial weights only: the main thread of a training process
    clip = CLIPModel(
        config(word_tokenizer(captions.words(), captions.LENGTH), captions.LENGTH, WIDTHS[name])
    )
    _train(name, clip, pool, steps, folder, assets / f"{name}-mini", rate)


def harden(pool: Pool, steps: int, folder: Path, assets: Path, rate: float = 5e-4) -> None:
    """Train the shipped clip-mini on, half of each batch made as hard as a small change can.

    The gradient of a CLIP that small changes do not fool draws shapes instead of textures: what
    guides a painter is this gradient (Ganz and Elad, 2023, https://arxiv.org/abs/2306.16805).
    """
    torch.manual_seed(SEEDS["harden"])  # the head's weights: it is not shipped
    clip = CLIPModel.from_pretrained(assets / "clip-mini", dtype=torch.float32)
    _train("harden", clip, pool, steps, folder, assets / "clip-mini", rate, hard=True)


def _train(
    name: str,
    clip: CLIPModel,
    pool: Pool,
    steps: int,
    folder: Path,
    shipped: Path,
    rate: float,
    hard: bool = False,
) -> None:
    on, seed = device(), SEEDS[name]
    clip.set_attn_implementation("eager")  # for 37 tokens on a CPU a third faster than sdpa
    labels_count = len(OBJECTS) + len(BACKGROUNDS) + len(STYLES)
    head = nn.Linear(clip.config.vision_config.hidden_size, labels_count)
    model = nn.ModuleDict({"clip": clip, "head": head}).to(on)
    tokenizer, names = word_tokenizer(captions.words(), captions.LENGTH), captions.canonical()
    spec = CutoutSpec(
        smallest=0.25, largest=1.0, rotation=10, perspective=0.08, jitter=0.12, noise=0.04
    )

    def look(crops: Tensor) -> tuple[Tensor, Tensor]:
        """Return unit embeddings [B, d], and what the head says, [B, labels]."""
        with autocast(on):
            pooled = clip.vision_model(pixel_values=normalise(crops)).pooler_output
            u = clip.visual_projection(pooled).float()
            return F.normalize(u, dim=-1), head(pooled).float()

    def loss_of(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        rng = np.random.default_rng(seed * 1_000_003 + step)
        rows = np.sort(rng.integers(0, len(pool.pictures), BATCH))
        crops, shown = crops_of(pool, rows, spec, seed, step)
        labels = torch.from_numpy(pool.labels[rows])
        texts = [caption_of(*row, rng) for row in zip(shown, labels, strict=True)] + names
        truth = truth_of(texts, shown, labels).to(on)
        tokens = tokenizer([text.text for text in texts], padding=True, return_tensors="pt").to(on)
        with autocast(on):
            v = F.normalize(clip.get_text_features(**tokens).pooler_output.float(), dim=-1)
        scale = clip.logit_scale.exp().clamp(max=60)
        if hard:
            fixed, some = (scale * v).detach(), slice(0, BATCH, 2)
            crops[some] = hardest(
                crops[some], lambda seen: _contrast(look(seen)[0] @ fixed.T, truth[some])
            )
        u, guess = look(crops)
        logits = scale * u @ v.T
        contrast = (_contrast(logits, truth) + _contrast(logits.T[:BATCH], truth.T[:BATCH])) / 2
        multi = truth[:, BATCH:]
        known = (multi >= 0).float()
        binary = F.binary_cross_entropy_with_logits(guess, multi.clamp(min=0), known)
        best = logits[:, BATCH : BATCH + len(OBJECTS)].argmax(-1)
        right = multi[torch.arange(BATCH), best][(multi[:, : len(OBJECTS)] == 1).any(-1)] == 1
        loss = contrast + HEAD_WEIGHT * binary
        return {"loss": loss, "binary": binary, "objects": right.float().mean()}

    fit(name, model, loss_of, steps, rate, folder, seed)
    clip.half().save_pretrained(shipped)
    tokenizer.save_pretrained(shipped)
