"""Measure the shipped models: recognition and reconstruction (held-out renders), and painting."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from otgen.guidance.clip import ClipEncoder, load
from otgen.guidance.cutouts import CutoutSpec, cut, sample
from otgen.models import catalogue, precision
from otgen.models.autoencoder import load as load_autoencoder
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.run.comparison import compare
from otgen.run.judge import CUTOUTS, JUDGES, judge, recognised
from otgen.run.plan import plan
from otgen.training.mini.pool import Pool
from otgen.training.mini.train_clip import crops_of
from otgen.world.mini.captions import canonical
from otgen.world.mini.words import BACKGROUNDS, OBJECTS, canonical_names

log = logging.getLogger(__name__)

ENOUGH = 5  # of the judge's cutouts that make a prompt "found"
PAIRS = (
    ("a cat", "a castle"),
    ("a sunflower", "snowy mountains"),
    ("a mushroom", "a starry night"),
    ("a fish", "a sailboat"),
    ("a house", "a tree"),
    ("a butterfly", "a strawberry"),
    ("a car", "a city"),
    ("a pizza", "the ocean"),
    ("a castle", "a sunset"),
    ("a cat", "a sunflower"),
    ("a sailboat", "a mushroom"),
    ("a forest", "a desert"),
)


@torch.no_grad()
def recognition(encoder: ClipEncoder, pool: Pool) -> dict[str, float]:
    """Return top-1 accuracies on one guidance-like crop of each scene.

    objects: among the objects, on crops that show exactly one and no part of another. places,
    styles: among their own kind, on all crops.
    """
    names = encoder.texts([caption.text for caption in canonical()])
    objects, places = len(OBJECTS), len(BACKGROUNDS)
    right: dict[str, list[Tensor]] = {"objects": [], "places": [], "styles": []}
    for first in range(0, len(pool.pictures), 100):
        rows = np.arange(first, min(first + 100, len(pool.pictures)))
        crops, shown = crops_of(pool, rows, CutoutSpec(), seed=0, step=first)
        similarity = (encoder.crops(crops) @ names.T).cpu()
        single = (shown == 1).sum(1).eq(1) & (shown == -1).sum(1).eq(0)
        best = similarity[:, :objects].argmax(1)
        right["objects"].append((best == shown.argmax(1))[single])
        labels = torch.from_numpy(pool.labels[rows])
        right["places"].append(similarity[:, objects : objects + places].argmax(1) == labels[:, 0])
        right["styles"].append(similarity[:, objects + places :].argmax(1) == labels[:, 1])
    return {kind: float(torch.cat(answers).float().mean()) for kind, answers in right.items()}


@torch.no_grad()
def reconstruction(pool: Pool, device: torch.device) -> dict[str, float]:
    """Return the mean PSNR (dB) of vqgan-mini, with its codes and without quantisation."""
    model = load_autoencoder(catalogue.asset("vqgan-mini"), device)
    errors = []
    for first in range(0, len(pool.pictures), 50):
        picture = torch.from_numpy(pool.pictures[first : first + 50]).to(device)
        picture = picture.permute(0, 3, 1, 2).float() / 255
        latent = model.encode(picture)
        painted = [model.decode(z).clamp(0, 1) for z in (model.quantise(latent).latent, latent)]
        errors.append(torch.stack([(p - picture).square().mean((1, 2, 3)) for p in painted]))
    coded, continuous = (-10 * torch.cat(errors, 1).log10()).mean(1).tolist()
    return {"coded": coded, "continuous": continuous}


def _paint(
    prompts: tuple[str, ...], generator: str, lanes: tuple[str, ...], seed: int, steps: int
) -> Tensor:
    """Return the finished pictures [L, 3, h, w]."""
    settings = Settings(
        tuple(Prompt(text) for text in prompts), generator, lanes, seed=seed, steps=steps
    )
    pictures = torch.from_numpy(compare(plan(settings)).pictures)
    return pictures.permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def _named(encoder: ClipEncoder, picture: Tensor, prompt: str) -> bool:
    """Say whether the judge, seeing the whole picture, names the prompt first among its kind."""
    named = canonical_names()
    kind = next(
        table for table in (OBJECTS, BACKGROUNDS) if prompt in [named[thing] for thing in table]
    )
    rivals = [named[thing] for thing in kind]
    whole = CutoutSpec(smallest=1, largest=1, flip=0, rotation=0, perspective=0, jitter=0, noise=0)
    views = sample(1, encoder.side, *picture.shape[-2:], whole, 0, 0)
    similarity = encoder.crops(cut(picture[None], views)[0]) @ encoder.texts(rivals).T
    return rivals[int(similarity.argmax())] == prompt


def _sheet(rows: list[list[Tensor]], file: Path) -> None:
    """Save pictures [3, h, w] as one contact sheet."""
    strips = [torch.cat(row, 2) for row in rows]
    sheet = (torch.cat(strips, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(file)


def singles(generator: str, steps: int, seeds: range, sheets: Path) -> dict[str, int]:
    """Paint each object and place alone, under OT; return how many seeds' are named right."""
    encoder, named, rows = judge("judge-mini"), {}, []
    for thing in (*OBJECTS, *BACKGROUNDS):
        prompt = canonical_names()[thing]
        painted = [_paint((prompt,), generator, ("ot",), seed, steps)[0] for seed in seeds]
        named[prompt] = sum(_named(encoder, picture, prompt) for picture in painted)
        log.info("%s %s: named right %d of %d", generator, prompt, named[prompt], len(seeds))
        rows.append(painted)
    halves = [left + right for left, right in zip(rows[::2], rows[1::2], strict=True)]
    _sheet(halves, sheets / f"{generator}-singles.png")
    return named


def pairs(generator: str, steps: int, seeds: range, sheets: Path) -> dict[str, list]:
    """Paint PAIRS under both lanes; return per pair and seed the judge's counts [lane][prompt]."""
    encoder, counted, rows = judge("judge-mini"), {}, []
    for pair in PAIRS:
        painted = [_paint(pair, generator, ("ot", "mean"), seed, steps) for seed in seeds]
        counts = [
            recognised(encoder, JUDGES["judge-mini"], pictures, list(pair)).tolist()
            for pictures in painted
        ]
        counted[" + ".join(pair)] = counts
        log.info("%s %s: judge's counts [seed][lane][prompt] %s", generator, pair, counts)
        rows.append([picture for pictures in painted for picture in pictures])
        _sheet(rows, sheets / f"{generator}-pairs.png")
    return counted


def finds_both(counted: dict[str, list]) -> dict[str, float]:
    """Return per lane the part of runs in which each prompt has at least ENOUGH cutouts."""
    runs = np.array(
        [counts for seeds in counted.values() for counts in seeds]
    )  # [run, lane, prompt]
    ot, mean = (runs >= ENOUGH).all(-1).mean(0).tolist()
    return {"ot": ot, "mean": mean}


def evaluate(pool: Pool, generators: dict[str, int], seeds: range, sheets: Path) -> dict:
    """Measure everything.

    ``generators`` are names -> steps. Contact sheets go to the folder ``sheets``.
    """
    device = precision.device()
    report: dict = {"scenes": len(pool.pictures), "cutouts": CUTOUTS}
    for name in ("clip-mini", "judge-mini"):
        report[name] = recognition(load(catalogue.asset(name), device), pool)
        log.info("%s %s", name, report[name])
    report["vqgan-mini"] = reconstruction(pool, device)
    log.info("vqgan-mini %s", report["vqgan-mini"])
    for generator, steps in generators.items():
        named, counted = (
            singles(generator, steps, seeds, sheets),
            pairs(generator, steps, seeds, sheets),
        )
        report[f"{generator} paints"] = {
            "named": named,
            "both found": finds_both(counted),
            "judge's counts": counted,
        }
    sheets.mkdir(parents=True, exist_ok=True)
    (sheets / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report
