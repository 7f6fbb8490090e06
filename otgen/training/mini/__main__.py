"""Train, ship and evaluate the models of the mini world."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch

from otgen.painters.catalogue import card
from otgen.training.mini import train_autoencoder, train_clip, train_diffusion
from otgen.training.mini.evaluate import evaluate
from otgen.training.mini.pool import HELD_OUT, open_pool

# In order: diffusion and the decoder's finish need the autoencoder. Steps as shipped.
STEPS = {
    "autoencoder": 3200,
    "clip": 5000,
    "harden": 1500,
    "judge": 3500,
    "diffusion": 11400,
    "finish": 1100,
}


def _train(name: str, steps: int, scenes: int, folder: Path, assets: Path) -> None:
    pool = open_pool(folder, scenes)
    if name == "autoencoder":
        train_autoencoder.train(pool, steps, folder, assets)
    elif name == "harden":
        train_clip.harden(pool, steps, folder, assets)
    elif name == "finish":
        train_autoencoder.finish(pool, steps, folder, assets)
    elif name == "diffusion":
        train_diffusion.train(pool, steps, folder, assets)
    else:
        train_clip.train(name, pool, steps, folder, assets)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m otgen.training.mini", description=__doc__)
    parser.add_argument(
        "what", choices=["train", "evaluate", *STEPS], help="train all, measure all, or train one"
    )
    parser.add_argument("--steps", type=int, help="updates, where one model is trained")
    parser.add_argument("--scenes", type=int, default=20_000, help="scenes rendered to train on")
    parser.add_argument("--folder", type=Path, default=Path("runs/world"), help="pool, checkpoints")
    parser.add_argument(
        "--assets", type=Path, default=Path("assets"), help="where shipped models go"
    )
    parser.add_argument(
        "--generators",
        nargs="*",
        default=["diffusion-mini", "vqgan-mini"],
        help="painters to evaluate",
    )
    parser.add_argument("--seeds", type=int, default=3, help="pictures per prompt to evaluate")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    if arguments.what == "evaluate":
        held_out = open_pool(arguments.folder, 1000, HELD_OUT)
        steps = {name: arguments.steps or card(name).steps for name in arguments.generators}
        seeds = range(1, arguments.seeds + 1)
        evaluate(held_out, steps, seeds, arguments.folder / "sheets")
        return
    for name in STEPS if arguments.what == "train" else [arguments.what]:
        _train(
            name,
            arguments.steps or STEPS[name],
            arguments.scenes,
            arguments.folder,
            arguments.assets,
        )


if __name__ == "__main__":
    main()
