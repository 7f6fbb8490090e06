"""Train the storybook's networks: ``python -m otgen.training all``, or one of them."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch

from otgen.guidance.clip import load
from otgen.painters.storybook import decoder
from otgen.run.judge import JUDGES
from otgen.training.loop import device
from otgen.training.storybook import encoders, evaluate, materials, sprites, texts
from otgen.training.storybook.drawings import Drawings, load_drawings

STEPS = {"sprites": 6500, "clip": 21_000, "texts": 3000, "judge": 4000}  # in order


def _encoder(name: str, drawings: Drawings, steps: int, folder: Path, assets: Path) -> None:
    made, codes, _ = decoder.load(assets / "storybook-sprites")
    rows = decoder.seen_instead(drawings.held_out)
    bank = materials.bank(
        drawings.sprites[rows],
        drawings.things,
        materials.place_bank(folder, 0),
        codes[rows],
        made,
        "cpu" if name == "texts" else device(),
    )
    if name == "texts":
        texts.train(bank, steps, folder, assets / "storybook-clip")
        return
    shipped = assets / ("storybook-judge" if name == "judge" else "storybook-clip")
    encoders.train(name, bank, steps, folder, shipped)


def _evaluate(drawings: Drawings, folder: Path, assets: Path) -> None:
    made, codes, _ = decoder.load(assets / "storybook-sprites")
    backdrops = materials.place_bank(folder, materials.HELD_OUT)
    bank = materials.bank(drawings.sprites, drawings.things, backdrops, codes, made)
    for name in ("storybook-clip", "storybook-judge"):
        if (assets / name).exists():
            least = JUDGES[name].least if name in JUDGES else 0.0
            evaluate.report(name, load(assets / name), bank, drawings.held_out, least)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m otgen.training", description=__doc__)
    parser.add_argument("what", choices=["all", *STEPS, "evaluate"])
    parser.add_argument("--steps", type=int, help="updates")
    parser.add_argument("--folder", type=Path, default=Path("runs/storybook"), help="checkpoints")
    parser.add_argument("--assets", type=Path, default=Path("assets"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(asked.threads)
    drawings = load_drawings(asked.folder / "icons")
    if asked.what == "evaluate":
        _evaluate(drawings, asked.folder, asked.assets)
    for what in STEPS if asked.what == "all" else [asked.what]:
        steps = asked.steps or STEPS.get(what)
        if what == "sprites":
            sprites.train(drawings, steps, asked.folder, asked.assets / "storybook-sprites")
        elif what in STEPS:
            _encoder(what, drawings, steps, asked.folder, asked.assets)


if __name__ == "__main__":
    main()
