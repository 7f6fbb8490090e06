"""One training loop for the four shipped models: seeded, resumable, logging."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, distributed, nn

log = logging.getLogger(__name__)

WARMUP = 100  # steps of linear warm-up, then a cosine to zero
CHECKPOINT_EVERY = 100  # steps


def device() -> torch.device:
    """Return the GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(on: torch.device):
    """Return a bf16 autocast context: 1.4 to 1.7 times faster on a CPU that has AVX512-BF16."""
    return torch.autocast(on.type, torch.bfloat16)


def fit(
    name: str,
    model: nn.Module,
    loss_of: Callable[[int, torch.Generator], dict[str, Tensor]],
    steps: int,
    rate: float,
    folder: Path,
    seed: int,
    average: nn.Module | None = None,
    decay: float = 0.999,
    muon: float = 0.0,
) -> None:
    """Train ``model`` with AdamW for ``steps`` updates, going on from ``folder/name.pt`` if there.

    Under torchrun each worker draws data of its own, and their gradients are averaged.

    Args:
        loss_of: (step, generator) -> named losses; ``"loss"`` is minimised, all are logged. The
            generator is a function of (seed, step) alone, so an interrupted training repeats what
            it would have drawn.
        rate: the learning rate at its height.
        average: a copy of ``model`` that follows it as an exponential moving average.
        muon: the learning rate at its height of the matrices in a transformer's layers, which Muon
            trains (https://kellerjordan.github.io/posts/muon); 0: AdamW trains them as the rest.
            The storybook's CLIP learns its things in half as many updates.
    """
    file = folder / f"{name}.pt"
    folder.mkdir(parents=True, exist_ok=True)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    inner = [name for name, p in trained.items() if muon and p.ndim == 2 and ".layers." in name]
    others = [p for name, p in trained.items() if name not in inner]
    groups = [
        {"params": [p for p in others if p.ndim > 1], "weight_decay": 0.01},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizers = {"optimizer": (torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98)), rate)}
    if inner:
        matrices = [trained[name] for name in inner]
        made = torch.optim.Muon(matrices, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
        optimizers["muon"] = (made, muon)
    worker, workers = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if workers > 1:
        distributed.init_process_group("gloo")
    first, spent = 0, 0.0
    if file.exists():
        state = torch.load(file, weights_only=True)
        model.load_state_dict(state["model"])
        for key, (optimizer, _) in optimizers.items():
            optimizer.load_state_dict(state[key])
        if average is not None:
            average.load_state_dict(state["average"])
        first, spent = state["step"], state["seconds"]
        log.info("%s: going on from step %d", name, first)
    began = time.monotonic() - spent
    sums: dict[str, Tensor] = {}  # read only when logged: a GPU need not wait
    for step in range(first, steps):
        progress = max(step - WARMUP, 0) / max(steps - WARMUP, 1)
        height = min(1, (step + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * progress))
        for optimizer, most in optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = most * height
        batch = step * workers + worker
        losses = loss_of(batch, torch.Generator().manual_seed(seed * 1_000_003 + batch))
        model.zero_grad(set_to_none=True)
        losses["loss"].backward()
        if workers > 1:
            _average(trained.values(), workers)
        nn.utils.clip_grad_norm_(trained.values(), 1.0)
        for optimizer, _ in optimizers.values():
            optimizer.step()
        if average is not None:
            with torch.no_grad():
                weight = 1 - min(decay, (step + 1) / (step + 10))
                for kept, new in zip(average.parameters(), model.parameters(), strict=True):
                    kept.lerp_(new, weight)
                for kept, new in zip(average.buffers(), model.buffers(), strict=True):
                    kept.copy_(new)
        for key, value in losses.items():
            sums[key] = sums.get(key, 0.0) + value.detach()
        if (step + 1) % 50 == 0 or step + 1 == steps:
            since = (step + 1) % 50 or 50
            means = " ".join(f"{key} {float(value) / since:.4f}" for key, value in sums.items())
            log.info("%s %d/%d %s %.0f s", name, step + 1, steps, means, time.monotonic() - began)
            sums = {}
        if worker == 0 and ((step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps):
            state = {
                "model": model.state_dict(),
                **{key: made.state_dict() for key, (made, _) in optimizers.items()},
                "step": step + 1,
                "seconds": time.monotonic() - began,
            }
            if average is not None:
                state["average"] = average.state_dict()
            torch.save(state, file.with_suffix(".tmp"))
            file.with_suffix(".tmp").rename(file)


def _average(trained: Iterable[Tensor], workers: int) -> None:
    """Give every worker the mean of all workers' gradients: one message, not one a parameter."""
    trained = list(trained)
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
    flat = torch.cat([grad.flatten() for grad in grads]) / workers
    distributed.all_reduce(flat)
    for p, grad in zip(trained, flat.split([p.numel() for p in trained]), strict=True):
        p.grad = grad.view_as(p)


def ship(model: nn.Module, config: dict, folder: Path) -> None:
    """Write ``config.json`` and ``model.safetensors`` (fp16) into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    tensors = {
        key: value.detach().half().contiguous().cpu() for key, value in model.state_dict().items()
    }
    save_file(tensors, folder / "model.safetensors")
