"""Train the storybook's CLIP, and its judge, on random states of the painter.

Both learn what each crop shows as numbers in [0, 1]: a sprite that is half cat and half castle is
half a cat to the CLIP, so that its gradient leads from mixtures to things, and neither to the
judge. The CLIP is then hardened: half of its crops are changed as much for the worse as a small
change can (Madry et al. 2018, https://arxiv.org/abs/1706.06083), and some pictures are first moved
as guidance would move them, so that it knows the pictures that fool it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPConfig, CLIPModel

from otgen.cutouts import CutoutSpec, crop_each, finish, sample
from otgen.embeddings import normalise
from otgen.storybook import captions
from otgen.storybook.compositor import placed
from otgen.storybook.words import PLACES, STYLES, THINGS
from otgen.training import scenes
from otgen.training.scenes import Bank, Truth
from otgen.world.training import autocast, device, fit

SIDE = 48  # pixels of an encoder's input
SCENES, CROPS = 10, 6  # pictures of an update, crops of each
CAPTIONS = 32  # crops of an update that get a caption of their own
BCE_SCALE, BCE_BIAS = 16.0, -7.0  # a name is true of a crop at sigmoid(16 cos + bias)
SHARP = 24.0  # a thing among all, where a crop shows one alone
RIVALS = 12  # things beside the one that a crop should lead to
LEAD = 4.0  # part in the loss of where crops lead
RADIUS = 1.0  # of a change of a crop in [0, 1], Euclidean; 0.012 a number, 3 of 255 levels
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
    "clip": Plan(192, 21, soft=True),
    "harden": Plan(192, 22, soft=True, hard=0.3),
    "judge": Plan(160, 23, soft=False),
}


def config(width: int) -> CLIPConfig:
    """Return the shape of an encoder whose vision tower has this width."""
    tokenizer = captions.tokenizer()
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": captions.LENGTH,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "hidden_act": "gelu",
    }
    vision = {
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_hidden_layers": 4,
        "num_attention_heads": width // 32,
        "image_size": SIDE,
        "patch_size": 8,
        "hidden_act": "gelu",
    }
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=128)


def caption_of(truth: Truth, row: int, tints: Tensor, rng: np.random.Generator):
    """Say something true of crop ``row``; ``tints`` [K]: each sprite's colour, -1 for its own."""
    seen = truth.sprites[row] * truth.weights[row].amax(-1)  # [K]
    there = torch.nonzero(seen > 0.7).flatten().tolist()
    rng.shuffle(there)
    things: dict[int, int] = {}  # thing -> colour; the first sprite of a thing names its colour
    for sprite in there[: int(rng.integers(1, 3))]:
        thing, tint = int(truth.weights[row, sprite].argmax()), int(tints[sprite])
        things.setdefault(thing, tint if rng.random() < 0.8 else -1)
    places, styles = truth.names[row, len(THINGS) :].split([len(PLACES), len(STYLES)])
    place = int(places.argmax())
    if float(places[place]) < 0.7 or (things and rng.random() < 0.6):
        place = -1
    style = int(styles.argmax())
    said = float(styles[style]) > 0.7 and rng.random() < (0.7 if style else 0.1)
    if not things and place < 0 and not said:
        said = True
    return captions.compose(
        tuple(things), tuple(things.values()), place, style if said else -1, rng
    )


def truth_of(texts: list[captions.Caption], truth: Truth, tints: Tensor) -> Tensor:
    """Return [N, T]: how true each caption is of each crop, 0 to 1; ``tints``: [N, K]."""
    names = truth.names
    true = torch.ones(len(names), len(texts))
    seen = truth.sprites[..., None] * truth.weights  # [N, K, THINGS]
    for column, text in enumerate(texts):
        parts = []
        for thing, colour in zip(text.things, text.colours, strict=True):
            if colour < 0:
                parts.append(names[:, thing])
            else:
                parts.append((seen[:, :, thing] * (tints == colour)).amax(1))
        if text.place >= 0:
            parts.append(names[:, len(THINGS) + text.place])
        if text.style >= 0:
            parts.append(names[:, len(THINGS) + len(PLACES) + text.style])
        for part in parts:
            true[:, column] = torch.minimum(true[:, column], part)
    return true


def _contrast(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the mean of -log softmax at what is true; what is uncertain does not compete."""
    positive = truth > 0.65
    unsure = (truth > 0.12) & ~positive
    scores = F.log_softmax(logits.masked_fill(unsure, -1e4), -1)
    some = positive.any(-1)
    gain = (scores * positive).sum(-1) / positive.sum(-1).clamp(min=1)
    return -gain[some].mean()


def _length(change: Tensor) -> Tensor:
    return change.flatten(1).norm(dim=1)[:, None, None, None]


def hardest(crops: Tensor, loss_of, steps: int) -> Tensor:
    """Return crops [N, 3, s, s], each changed by at most RADIUS, so that the loss is large."""
    change = torch.zeros_like(crops)
    for _ in range(steps):
        change.requires_grad_()
        (grad,) = torch.autograd.grad(loss_of(crops + change), change)
        change = change.detach() + RADIUS * grad / _length(grad).clamp(min=1e-12)
        change = change * (RADIUS / _length(change).clamp(min=1e-12)).clamp(max=1)
        change = (crops + change).clamp(0, 1) - crops
    return (crops + change).detach()


class Encoder(nn.Module):
    """A CLIP in training, with the bias of its yes-or-no answers.

    table: [names, d], a vector of each name. Crops learn to tell them long before a text tower
    could, and the texts then learn to lie where these do.
    """

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        clip.set_attn_implementation("eager")  # for 37 tokens on a CPU a third faster than sdpa
        self.clip, self.bias = clip, nn.Parameter(torch.tensor(BCE_BIAS))
        names, d = len(THINGS) + len(PLACES) + len(STYLES), clip.config.projection_dim
        self.table = nn.Parameter(F.normalize(torch.randn(names, d), dim=-1))
        self.tokenizer = captions.tokenizer()

    def crops(self, crops: Tensor) -> Tensor:
        """Embed crops [N, 3, s, s]: unit vectors [N, d]."""
        with autocast(crops.device):
            pooled = self.clip.vision_model(pixel_values=normalise(crops)).pooler_output
            return F.normalize(self.clip.visual_projection(pooled).float(), dim=-1)

    def texts(self, texts: list[str]) -> Tensor:
        """Embed texts: unit vectors [T, d]."""
        tokens = self.tokenizer(texts, padding=True, return_tensors="pt").to(self.bias.device)
        with autocast(self.bias.device):
            features = self.clip.get_text_features(**tokens).pooler_output.float()
        return F.normalize(features, dim=-1)

    def against_names(self, u: Tensor, v: Tensor, true: Tensor) -> Tensor:
        """Return the loss of crops u against the names' texts v: each alone, and among all."""
        cosine = u @ v.T
        alone = F.binary_cross_entropy_with_logits(
            BCE_SCALE * cosine + self.bias, true, reduction="none"
        )
        share = true / true.sum(1, keepdim=True).clamp(min=1e-3)
        scale = self.clip.logit_scale.exp().clamp(max=60)
        among = -(share * F.log_softmax(scale * cosine, -1)).sum(1) * true.sum(1).clamp(max=1)
        return alone.sum(1).mean() + among.mean()


def _steered(
    encoder: Encoder, bank: Bank, crops: Tensor, v: Tensor, step: int, draw: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return how badly crops lead a sprite's mixture to what is asked for, and call it by name.

    What is true of a crop is known as a function of the mixture's weights, and so is its
    derivative: more of a thing makes its name truer, more of another does not. Trained on the
    derivative as on the value (Czarnecki et al. 2017, https://arxiv.org/abs/1706.04859), the
    encoder leads a sprite from any mixture to the one thing among a hundred.

    A sprite is laid over each crop [N, 3, s, s]. Its mixture is of an aim, of rivals, and of the
    mean of all things; every second update it has first gone some steps along the gradient.
    """
    n = len(crops)
    sets = torch.randint(len(bank.sprites) // len(THINGS), (n,), generator=draw)
    aims = torch.randint(len(THINGS), (n,), generator=draw)
    others = torch.randint(len(THINGS) - 1, (n, RIVALS), generator=draw)
    which = torch.cat([aims[:, None], others + (others >= aims[:, None])], 1)  # [N, 1 + RIVALS]
    table = F.normalize(encoder.table[: len(THINGS)], dim=-1)
    near = (table @ table.T).detach().fill_diagonal_(-9)
    hard = near.topk(2 * RIVALS, -1).indices[aims]  # what is taken for the aim most easily
    pick = torch.rand(n, 2 * RIVALS, generator=draw).argsort(1)[:, : RIVALS // 3]
    which[:, 1 : 1 + RIVALS // 3] = hard.gather(1, pick)
    uniform = torch.rand(n, 5, generator=draw)
    # Small and large ones in turn: each from drawings that need no filter to be placed.
    low, high = (0.7, 1.2) if step % 2 else (0.4, 0.7)
    size = math.log(low) + (math.log(high) - math.log(low)) * uniform[:, 0]
    pose = torch.zeros(n, 1, 6)
    pose[:, 0, :2] = (torch.rand(n, 2, generator=draw) - 0.5) * (1.4 - size.exp() / 2)[:, None]
    pose[:, 0, 2], pose[:, 0, 3] = size, 0.6 * uniform[:, 1] - 0.3
    pose[:, 0, 4] = 0.5 * uniform[:, 2] - 0.25
    drawings = bank.sprites if step % 2 else F.avg_pool2d(bank.sprites, 2)
    drawings = drawings.unflatten(0, (-1, len(THINGS)))
    sprites = torch.cat([drawings.mean(1)[sets][:, None], drawings[sets[:, None], which]], 1)
    count = sprites.shape[1]
    mirrored = (uniform[:, 3] - 0.5).sign()[:, None].expand(-1, count)
    layers = placed(sprites, pose.expand(-1, count, -1), mirrored, SIDE, SIDE)
    layers = layers * (0.7 + 0.3 * torch.rand(n, 1, 1, 1, 1, generator=draw))
    shown = layers[:, :, :3] + (1 - layers[:, :, 3:]) * crops[:, None]  # linear in the sprite
    heat = 10 ** (1.6 * torch.rand(n, 1, generator=draw) - 1.4)
    logits = 0.5 * torch.randn(n, count, generator=draw) / heat
    # Most of what it could become is not to be seen in it: the aim less often than not.
    absent = torch.rand(n, count, generator=draw) < 0.5
    absent[:, 0], absent[:, 1] = False, absent[:, 1] | (uniform[:, 3] % 0.1 < 0.06)
    logits = logits - 30.0 * absent
    # Early in a run a sprite is hardly more than the mean of all things; later it has none of it.
    logits[:, 0] += torch.where(uniform[:, 4] < 0.4, -30.0, 12 * (uniform[:, 4] - 0.4))
    aimed = v[aims]
    # A flat mixture without the noise that cutouts have would teach what no run ever sees.
    noise = 0.025 * torch.randn(crops.shape, generator=draw)

    def gains(part: Tensor, learn: bool) -> tuple[Tensor, Tensor]:
        """Return u [N, d] of a mixture, and what more of each thing adds to the aim's cosine."""
        seen = (torch.einsum("nl,nlchw->nchw", part, shown) + noise).requires_grad_()
        u = encoder.crops(seen)
        (grad,) = torch.autograd.grad((u * aimed).sum(), seen, create_graph=learn)
        each = torch.einsum("nchw,nlchw->nl", grad, shown)
        return u, each - (part * each).sum(1, keepdim=True)

    for _ in range(step % 4 // 2 * (1 + step % 3)):
        _, gain = gains(logits.softmax(1), learn=False)
        logits = logits + 1.2 * gain / (gain.square().mean(1, keepdim=True).sqrt() + 1e-9)
    part = logits.softmax(1)
    u, gain = gains(part, learn=True)
    led = F.cross_entropy(BCE_SCALE * gain[:, 1:], torch.zeros(n, dtype=torch.long))
    true = torch.zeros(n, len(THINGS)).scatter_add_(1, which, part[:, 1:])
    called = -(true * F.log_softmax(SHARP * u @ table.T, -1)).sum(1).mean()
    return led, called


def train(
    name: str,
    bank: Bank,
    steps: int,
    folder: Path,
    shipped: Path,
    start: Path | None = None,
    rate: float = 1e-3,
) -> None:
    """Train ``clip``, ``harden`` or ``judge`` and ship it to ``shipped``.

    start: a shipped CLIP whose picture tower it begins with, all of it where its words are these.
    """
    plan, on = PLANS[name], device()
    torch.manual_seed(plan.seed)  # initial weights only: the main thread of a training process
    clip = CLIPModel(config(plan.width))
    if start is not None:
        known = CLIPModel.from_pretrained(start, dtype=torch.float32)
        if known.config.text_config.vocab_size == clip.config.text_config.vocab_size:
            clip = known
        else:
            clip.vision_model.load_state_dict(known.vision_model.state_dict())
            clip.visual_projection.load_state_dict(known.visual_projection.state_dict())
    encoder = Encoder(clip).to(on)
    if start is not None:
        with torch.no_grad():
            encoder.table.copy_(encoder.texts(captions.names()))
    crisp = bank.decoder is not None

    def loss_of(step: int, draw: torch.Generator) -> dict[str, Tensor]:
        rng = np.random.default_rng(plan.seed * 1_000_003 + step)
        v = encoder.texts(captions.names(rng if step % 2 else None))
        easy = 0.3 if start else max(0.3, 1.2 - 1.6 * step / steps)
        state = scenes.random_state(bank, SCENES, draw, crisp, min(1.0, easy))
        who = torch.arange(SCENES).repeat_interleave(CROPS)
        spec = _SPEC if step % 2 else CutoutSpec()
        with torch.no_grad():
            scene = scenes.render(bank, state)
            views = sample(len(who), SIDE, scenes.SIDE, scenes.SIDE, spec, plan.seed, step, on)
            crops = finish(crop_each(scene.image[who], views), views)[0]
            truth = scenes.truth(bank, state, scene, views.boxes, who)
        if not plan.soft:
            sure = ((truth.weights - 0.6) / 0.25).clamp(0, 1)
            things = (truth.sprites[..., None] * sure).amax(1)
            truth = truth._replace(
                names=torch.cat([things, truth.names[:, len(THINGS) :]], 1), weights=sure
            )
        colours = state.tints.argmax(-1)[who] - 1
        some = torch.randperm(len(who), generator=draw)[:CAPTIONS]
        said = [caption_of(truth, row, colours[row], rng) for row in some.tolist()]
        true = truth_of(said, truth, colours)
        w = encoder.texts([caption.text for caption in said])
        if plan.hard:
            changed = slice(0, int(plan.hard * len(who)))
            order = torch.randperm(len(who), generator=draw)[changed]
            fixed = v.detach()
            crops[order] = hardest(
                crops[order],
                lambda seen: encoder.against_names(encoder.crops(seen), fixed, truth.names[order]),
                1 if step < steps * 0.7 else 2,
            )
        u = encoder.crops(crops)
        named = encoder.against_names(u, v, truth.names)
        table = F.normalize(encoder.table, dim=-1)
        apart = encoder.against_names(u, table, truth.names)
        things = truth.names[:, : len(THINGS)]
        one = (things.amax(1) > 0.8) & (things.gt(0.1).sum(1) == 1)
        sure = SHARP * (u @ table[: len(THINGS)].T)[one]
        apart = apart + 2 * F.cross_entropy(sure, things.argmax(1)[one])
        told = 1 - (v * table.detach()).sum(-1)  # how far texts are from their names' vectors
        scale = encoder.clip.logit_scale.exp().clamp(max=60)
        logits = scale * u @ w.T  # [N, CAPTIONS]
        contrast = (_contrast(logits, true) + _contrast(logits.T, true.T)) / 2
        with torch.no_grad():
            right = ((u @ v.T)[:, : len(THINGS)].argmax(1) == things.argmax(1))[one].float().mean()
        led = called = named.new_zeros(())
        if plan.soft:
            led, called = _steered(encoder, bank, crops, v.detach(), step, draw)
        loss = named + contrast + apart + 4 * told.mean() + LEAD * led + called
        return {"loss": loss, "named": named, "contrast": contrast, "apart": apart,
                "told": told.mean(), "led": led, "called": called, "things": right}  # fmt: skip

    fit(f"storybook-{name}", encoder, loss_of, steps, rate, folder, plan.seed, muon=4 * rate)
    clip.half().save_pretrained(shipped)
    encoder.tokenizer.save_pretrained(shipped)
