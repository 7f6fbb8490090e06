"""Train, ship and evaluate the models of the mini world."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch

from otgen.world import train_autoencoder, train_clip, train_diffusion
from otgen.world.pool import open_pool

# In order: diffusion needs the autoencoder. Steps as shipped.
STEPS = {"autoencoder": 3200, "clip": 5000, "judge": 4500, "diffusion": 5000}


def _train(name: str, steps: int, scenes: int, folder: Path, assets: Path) -> None:
    pool = open_pool(folder, scenes)
    if name == "autoencoder":
        train_autoencoder.train(pool, steps, folder, assets)
    elif name == "diffusion":
        train_diffusion.train(pool, steps, folder, assets)
    else:
        train_clip.train(name, pool, steps, folder, assets)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m otgen.world", description=__doc__)
    parser.add_argument("what", choices=["train", *STEPS], help="train all models, or one")
    parser.add_argument("--steps", type=int, help="updates, where one model is trained")
    parser.add_argument("--scenes", type=int, default=20_000, help="scenes rendered to train on")
    parser.add_argument("--folder", type=Path, default=Path("runs/world"), help="pool, checkpoints")
    parser.add_argument("--assets", type=Path, default=Path("assets"), help="where shipped models go")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    for name in STEPS if arguments.what == "train" else [arguments.what]:
        _train(name, arguments.steps or STEPS[name], arguments.scenes, arguments.folder, arguments.assets)


if __name__ == "__main__":
    main()
