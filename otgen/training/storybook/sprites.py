"""Train the sprite decoder: every drawing has a code, decoder and codes are learned together.

There is no encoder (Bojanowski et al. 2018, "Optimizing the Latent Space of Generative Networks"):
the drawings are few, so each one's code is a parameter. Noise on the codes keeps neighbours alike,
and a penalty between codes keeps what lies between two drawings made of flat shapes as well.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from otgen.painters.storybook.decoder import DIM, SpriteDecoder, painted, save_drawings
from otgen.training.loop import autocast, device, fit
from otgen.training.storybook.drawings import HELD_OUT, SETS, Drawings
from otgen.world.storybook.words import THINGS

BATCH = 32
SEED = 11
NOISE = 0.08  # on a code, whose numbers have a spread of about 1
FASTER = 5.0  # a code is updated only when its drawing is drawn: it moves this many times as far
BETWEEN = 8  # codes between two drawings, of every fourth update


def _entropy(logits: Tensor) -> Tensor:
    """Return how undecided layers and opacity are, 0 where every pixel has one layer."""
    part = logits[:, :-1].softmax(1)
    alpha = logits[:, -1].sigmoid()
    return -(part * (part + 1e-6).log()).sum(1).mean() + (4 * alpha * (1 - alpha)).mean()


def _slopes(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture[..., 1:] - picture[..., :-1], picture[..., 1:, :] - picture[..., :-1, :]


def train(drawings: Drawings, steps: int, folder: Path, shipped: Path, rate: float = 2e-3) -> None:
    """Train decoder and codes, and ship them to ``shipped``."""
    on = device()
    torch.manual_seed(SEED)  # initial weights only: the main thread of a training process
    decoder = SpriteDecoder().to(memory_format=torch.channels_last)
    things = torch.randn(len(THINGS), DIM)
    # Drawings of one thing begin side by side.
    codes = nn.Embedding.from_pretrained(
        (things[drawings.things] + 0.5 * torch.randn(len(drawings.things), DIM)) / FASTER,
        freeze=False,
    )
    model = nn.ModuleDict({"decoder": decoder, "codes": codes})
    # Fine drawings are harder: each is drawn as often as it is still wrong.
    model.register_buffer("wrong", torch.ones(len(drawings.sprites)))
    model.to(on)
    sprites, wrong = drawings.sprites.to(on), model.wrong

    def loss_of(step: int, draw: torch.Generator) -> dict[str, Tensor]:
        rows = torch.multinomial(wrong.cpu(), BATCH, generator=draw)
        target = sprites[rows.to(on)]
        clean = FASTER * codes(rows.to(on))
        noise = NOISE * torch.randn(clean.shape, generator=draw).to(on)
        with autocast(on):
            logits, colours = decoder.maps(clean + noise)
        made = painted(logits, colours)
        ground = torch.rand(BATCH, 3, 1, 1, generator=draw).to(on)
        p, q = (x[:, :3] + ground * (1 - x[:, 3:]) for x in (made, target))
        gap = p - q
        each = gap.square().mean((1, 2, 3)).detach()
        wrong[rows] = 0.7 * wrong[rows] + 0.3 * (each.sqrt() / 0.05).clamp(0.3, 3)
        edges = sum((a - b).abs().mean() for a, b in zip(_slopes(p), _slopes(q), strict=True))
        opacity = F.binary_cross_entropy(made[:, 3].clamp(1e-4, 1 - 1e-4), target[:, 3].clamp(0, 1))
        loss = gap.abs().mean() + 3 * gap.square().mean() + 0.5 * edges + 0.08 * opacity
        if step % 4 == 0:
            others = (
                FASTER
                * codes.weight[torch.randint(len(sprites), (BETWEEN,), generator=draw).to(on)]
            )
            weight = torch.rand(BETWEEN, 1, generator=draw).to(on)
            between = weight * clean[:BETWEEN] + (1 - weight) * others
            with autocast(on):
                logits, _ = decoder.maps(between.detach())
            loss = loss + 0.06 * _entropy(logits)
        decibels = (-10 * each.log10()).mean()
        return {"loss": loss, "dB": decibels, "spread": FASTER * codes.weight.detach().std()}

    fit("sprites", model, loss_of, steps, rate, folder, SEED)
    decoder.eval()
    names = [f"{list(THINGS)[thing]}" for thing in drawings.things.tolist()]
    shipped.mkdir(parents=True, exist_ok=True)
    tensors = {**decoder.state_dict(), "codes": FASTER * codes.weight}
    save_file(
        {key: x.detach().half().contiguous().cpu() for key, x in tensors.items()},
        shipped / "model.safetensors",
    )
    save_drawings(shipped, decoder, FASTER * codes.weight.detach())
    config = {"widths": [128, 96, 64], "drawings": names, "sets": list(SETS)}
    config["held_out"] = [f"{thing} of {name}" for thing, name in sorted(HELD_OUT)]
    (shipped / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
