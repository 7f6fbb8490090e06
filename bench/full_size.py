"""``python -m bench.full_size [--small] [--only TITLE]``: under a full-size CLIP, by part.

Their weights are random: none are downloaded, and no picture of this is worth a look. It measures
speed and memory, and how far the GPU's reduced precision bends the loss. ``--small`` takes small
models, for a machine without a GPU. There, time is the process's CPU time, of all its threads.
"""

from __future__ import annotations

import argparse
import datetime
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from diffusers.utils import logging
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPConfig, CLIPModel

from bench.__main__ import machine
from otgen.guidance.clip import ClipEncoder
from otgen.guidance.cutouts import CutoutSpec, cut, sample
from otgen.guidance.loop import descend
from otgen.guidance.objective import Objective
from otgen.models import adm, biggan, precision
from otgen.models.autoencoder import VQAutoencoder
from otgen.models.layouts import F16_16384
from otgen.painters.base import ImageGenerator, Options
from otgen.painters.biggan import BigGAN
from otgen.painters.diffusion import Diffusion
from otgen.painters.fourier import fourier
from otgen.painters.full import TextDenoiser, pixel_diffusion
from otgen.painters.parametrised import Parametrised, sized
from otgen.painters.siren import siren
from otgen.painters.vqgan import VQGAN
from otgen.transport.bridge import couple_lanes
from otgen.transport.distances import DISTANCES

LANES = ("ot", "mean")
SMALL = {"side": 64, "any": 64, "lanes": 2, "cutouts": 8, "steps": 3, "curve": 5}
# "any": of painters of any size; pictures of 256 pixels guide them then.
FULL = {"side": 256, "any": 512, "lanes": 2, "cutouts": 64, "steps": 20, "curve": 20}
GIVEN = ("lanes", "cutouts", "steps", "curve")  # what the command line may change of these


def vqgan(small: bool, device: torch.device) -> VQGAN:
    """Build VQGAN f16-16384, or a narrow one, with random weights."""
    thin = {"ddconfig": F16_16384["ddconfig"] | {"ch": 32, "z_channels": 32}, "embed_dim": 32}
    config = F16_16384 | (thin | {"n_embed": 256} if small else {})
    side = (SMALL if small else FULL)["side"]
    return VQGAN(precision.placed(VQAutoencoder(**config), device), side, side, 0.1, absolute=True)


def diffusion(small: bool, device: torch.device) -> Diffusion:
    """Build the parts of Stable Diffusion 1.5, or narrow ones, with random weights."""
    widths = (32, 64, 64, 64) if small else (320, 640, 1280, 1280)
    told = 768
    with device:  # a CPU takes half a minute to draw so many random weights
        unet = UNet2DConditionModel(block_out_channels=widths, cross_attention_dim=told)
        vae = AutoencoderKL(
            block_out_channels=(32, 32, 32, 32) if small else (128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
        )
    kind = precision.dtype(device)
    unet, vae = (precision.placed(part.to(kind), device) for part in (unet, vae))
    tiny = precision.placed(AutoencoderTiny(), device)
    cells = 8 if small else 64
    return Diffusion(
        TextDenoiser(unet, None, None, torch.randn(1, 77, told, device=device)),
        lambda clean: (tiny.decode(clean).sample + 1) / 2,
        DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012),
        (4, cells, cells),
        moves=2,
        strength=0.1,
        eta=0.5,
        device=device,
        finish=lambda clean: (vae.decode(clean / 0.18215).sample + 1) / 2,
    )


def pixels(small: bool, device: torch.device) -> Diffusion:
    """Build OpenAI's diffusion of 256 x 256 pixels, or a narrow one, with random weights."""
    thin = {"sample_size": 64, "block_out_channels": [32, 32, 64, 64, 64, 64]}
    with device:
        unet = adm.build(adm.IMAGENET_256 | (thin if small else {}))
    return pixel_diffusion(
        precision.placed(unet.to(precision.dtype(device)), device),
        DDIMScheduler(beta_schedule="linear", beta_start=1e-4, beta_end=0.02),
        device,
    )


def gan(small: bool, device: torch.device) -> BigGAN:
    """Build BigGAN-deep of 512 x 512 pixels, or a narrow one of 128, with random weights."""
    config = biggan.config(128) | {"width": 16} if small else biggan.config(512)
    with device:
        network = biggan.DeepGenerator(**config)
    return BigGAN(precision.placed(network, device), rate=0.07)


def of_any_size(build: Callable[[torch.device], Parametrised]) -> Callable:
    """Return what builds a painter without weights, as ``vqgan`` builds its own."""

    def built(small: bool, device: torch.device) -> Parametrised:
        side = (SMALL if small else FULL)["any"]
        return sized(build(device), Options(side, side))

    return built


def objective(small: bool, device: torch.device, spec: CutoutSpec | None = None) -> Objective:
    """Build the loss over a random CLIP ViT-B/32, or a narrow one, and two random prompts."""
    thin = {
        "hidden_size": 64,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    config = CLIPConfig(
        text_config={"num_hidden_layers": 1},  # not used: prompts are random unit vectors here
        vision_config=thin if small else {},  # transformers' default is ViT-B/32
    )
    model = precision.placed(CLIPModel(config), device)
    v = F.normalize(torch.randn(2, config.projection_dim), dim=-1).to(device)
    size = SMALL if small else FULL
    lanes = LANES[: size["lanes"]]
    return Objective(
        ClipEncoder(model, None),
        v,
        torch.full((2,), 0.5, device=device),
        lanes,
        torch.full((len(lanes),), 0.1, device=device),
        "great-circle",
        size["cutouts"],
        spec or CutoutSpec(),
        seed=1,
    )


def clock(device: torch.device) -> float:
    """Return seconds: of a CPU those that this process took, whatever else the machine does."""
    return time.process_time() if device.type == "cpu" else time.perf_counter()


def wait(device: torch.device) -> None:
    """Wait until the device has done what it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def ms(work: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Return the median time of some work, ms, after one round that does not count."""
    taken = []
    for _ in range(rounds + 1):
        wait(device)
        began = clock(device)
        work()
        wait(device)
        taken.append(1000 * (clock(device) - began))
    return statistics.median(taken[1:])


def peak(device: torch.device) -> str:
    """Return the peak memory: of the GPU since ``precision.reset``, else of the whole process."""
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 1e9:.2f} GB on the GPU"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB, the whole process"


@contextmanager
def networks_in(kind: torch.dtype) -> Iterator[None]:
    """Run networks in this precision for a while."""
    usual, precision.dtype = precision.dtype, lambda device: kind
    try:
        yield
    finally:
        precision.dtype = usual


def step_ms(generator: ImageGenerator, loss: Objective, steps: int, device: torch.device) -> float:
    """Return the median time of a step, ms, without the first (compiles) and last (no gradient)."""
    taken, began = [], clock(device)
    for _ in descend(generator, loss, len(loss.couplings), 1, steps + 1):
        wait(device)
        now = clock(device)
        taken.append(1000 * (now - began))
        began = now
    return statistics.median(taken[1:-1])


def parts_ms(
    generator: ImageGenerator, loss: Objective, rounds: int, device: torch.device
) -> dict[str, float]:
    """Return the time of each part of a step, forward and backward, ms."""
    lanes = len(loss.couplings)
    state = generator.init(lanes, 1, 100)
    drawing = generator.draw(state)
    picture = drawing.image.detach().requires_grad_()
    spec, side = loss.spec, loss.encoder.side
    views = sample(loss.cutouts, side, *picture.shape[-2:], spec, 1, 0, device)
    crops = cut(picture, views).detach().flatten(0, 1).requires_grad_()
    u = loss.encoder.crops(crops).detach().unflatten(0, (lanes, -1)).requires_grad_()
    grads = tuple(torch.zeros_like(leaf) for leaf in drawing.leaves)

    def back(value: Tensor, leaf: Tensor) -> None:
        torch.autograd.grad(value.sum(), leaf)

    def draw() -> None:
        drawn = generator.draw(state)
        torch.autograd.grad(drawn.image.sum(), drawn.leaves)

    def match() -> None:
        cost = DISTANCES[loss.distance](u, loss.v)
        back(couple_lanes(cost, loss.b, loss.epsilon, loss.couplings).value, u)

    return {
        "decoder": ms(draw, device, rounds),
        "cutouts": ms(lambda: back(cut(picture, views), picture), device, rounds),
        "encoder": ms(lambda: back(loss.encoder.crops(crops), crops), device, rounds),
        "Sinkhorn and bridge": ms(match, device, rounds),
        "update": ms(lambda: generator.step(state, drawing, grads), device, rounds),
    }


def bend(build: Callable, small: bool, device: torch.device, steps: int) -> float:
    """Return how far reduced precision bends the CPU's float32 loss curve, as a part of it."""
    quiet = CutoutSpec(noise=0)  # a device's noise is its own
    curves = []
    for where, kind in (
        (torch.device("cpu"), torch.float32),
        (device, torch.bfloat16 if device.type == "cpu" else precision.dtype(device)),
    ):
        torch.manual_seed(0)
        with networks_in(torch.float32):
            generator, loss = build(small, where), objective(small, where, quiet)
            torch.manual_seed(1)
            v = F.normalize(torch.randn(2, loss.v.shape[-1]), dim=-1).to(where)
        with networks_in(kind):
            seen = descend(generator, replace(loss, v=v), len(loss.couplings), 1, steps)
            curves.append(torch.stack([snapshot.loss.value.cpu() for snapshot in seen]))
    exact, reduced = curves
    return float(((reduced - exact).abs() / exact.abs()).max())


def report(
    title: str, build: Callable, small: bool, device: torch.device, reduced_only: bool
) -> None:
    """Measure one generator and print it as Markdown, line by line."""
    size = SMALL if small else FULL
    print(f"## {title}\n\n| networks in | ms a step, all lanes | peak memory |\n|---|---|---|")
    kinds = [torch.float32, torch.bfloat16 if device.type == "cpu" else precision.dtype(device)]
    rows = {}
    for kind in kinds[reduced_only:]:
        precision.reset(device)
        with networks_in(kind):
            torch.manual_seed(0)
            generator, loss = build(small, device), objective(small, device)
            taken = step_ms(generator, loss, size["steps"], device)
            rounds = min(size["steps"], 5)
            rows[str(kind).removeprefix("torch.")] = parts_ms(generator, loss, rounds, device)
        print(f"| {str(kind).removeprefix('torch.')} | {taken:.1f} | {peak(device)} |", flush=True)
        del generator, loss
    print("\n| part, ms | " + " | ".join(rows) + " |\n" + "|---" * (len(rows) + 1) + "|")
    for part in next(iter(rows.values())):
        print(f"| {part} | " + " | ".join(f"{row[part]:.2f}" for row in rows.values()) + " |")
    if size["curve"]:
        apart = 100 * bend(build, small, device, size["curve"])
        against = f"CPU float32 against {device.type} {kinds[1]}"
        print(f"\nLoss over {size['curve']} steps, {against}: at most ")
        print(f"{apart:.2f} % apart.")
    print(flush=True)


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.full_size", description=__doc__)
    parser.add_argument(
        "--small", action="store_true", help="small models, for a machine without a GPU"
    )
    parser.add_argument(
        "--reduced", action="store_true", help="in reduced precision alone: half the memory"
    )
    for name in GIVEN:
        parser.add_argument(
            f"--{name}", type=int, help=f"by default {FULL[name]}, small {SMALL[name]}"
        )
    parser.add_argument("--only", help="a part of the title of the painters to measure")
    asked = parser.parse_args()
    small = asked.small
    logging.set_verbosity_error()  # a note on casting that says nothing is to be kept
    device = precision.device()
    size = SMALL if small else FULL
    size |= {name: given for name in GIVEN if (given := getattr(asked, name)) is not None}
    print(
        f"# Full size{', small models' if small else ''}: random weights, "
        f"{datetime.date.today()}\n\n{machine()}\n"
    )
    print(
        f"{size['lanes']} lanes, {size['cutouts']} cutouts, {size['steps']} steps. No trained "
        "weights were used.\n",
        flush=True,
    )
    painters = {
        "VQGAN f16-16384": vqgan,
        "Stable Diffusion 1.5": diffusion,
        "OpenAI's diffusion of ImageNet": pixels,
        "BigGAN-deep 512": gan,
        "SIREN": of_any_size(siren),
        "Fourier": of_any_size(fourier),
    }
    for title, build in painters.items():
        if asked.only and asked.only not in title:
            continue
        report(title + (", narrow" if small else ""), build, small, device, asked.reduced)


if __name__ == "__main__":
    main()
