"""Cutouts: one batched operation for all crops, against a Python loop over them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from bench.measure import interleave, milliseconds, ratio, table
from bench.workload import pictures
from otgen.guidance import cutouts
from otgen.guidance.cutouts import CutoutSpec

LANES, N, SIDE, SIZE, ROUNDS = 2, 64, 48, 128, 15


def _boxes() -> tuple[Tensor, Tensor, Tensor]:
    """Return left, top and side [N] of boxes at whole pixels, for a loop can slice no others."""
    draw = torch.Generator().manual_seed(0)
    side = torch.randint(int(0.4 * SIZE), SIZE + 1, (N,), generator=draw)
    left, top = ((torch.rand(N, generator=draw) * (SIZE - side + 1)).long() for _ in range(2))
    return left, top, side


def _views(left: Tensor, top: Tensor, side: Tensor) -> cutouts.Views:
    """Return views of boxes [N], neither turned nor recoloured."""
    plain = CutoutSpec(flip=0, rotation=0, perspective=0, jitter=0, noise=0)
    boxes = torch.stack([left, top, left + side, top + side], -1) / SIZE
    return cutouts.moved(cutouts.sample(N, SIDE, SIZE, SIZE, plain, 0, 0), boxes)


def run() -> str:
    """Compare all that otgen does to crops with loops that crop and resize them, and no more."""
    left, top, side = _boxes()
    picture = pictures(LANES, SIZE, SIZE).cpu().requires_grad_()
    slices = [
        (slice(t, t + s), slice(x, x + s))
        for x, t, s in zip(left.tolist(), top.tolist(), side.tolist(), strict=True)
    ]
    square = (SIDE, SIDE)

    def pooled(crop: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(crop, SIDE)

    def interpolated(crop: Tensor) -> Tensor:
        return F.interpolate(crop, square, mode="bilinear", antialias=True)

    def loop(resize: Callable[[Tensor], Tensor]) -> Tensor:
        return torch.stack([resize(picture[..., r, c]) for r, c in slices], 1)  # [L, N, 3, s, s]

    def everything() -> Tensor:
        return cutouts.cut(picture, cutouts.sample(N, SIDE, SIZE, SIZE, CutoutSpec(), 0, 0))

    calls = {
        "adaptive_avg_pool2d": lambda: loop(pooled),
        "interpolate(antialias)": lambda: loop(interpolated),
        "otgen": everything,
    }
    weight = torch.randn(LANES, N, 3, SIDE, SIDE)
    backward = {
        f"{name}, backward": lambda call=call: torch.autograd.grad((call() * weight).sum(), picture)
        for name, call in calls.items()
    }
    times = interleave(calls | backward, ROUNDS)
    *loops, ours = calls
    same = cutouts.cut(picture, _views(left, top, side))
    rows = [
        [
            name,
            ratio(times[name], times[ours]),
            ratio(times[f"{name}, backward"], times[f"{ours}, backward"]),
            milliseconds(times[f"{ours}, backward"]),
            f"{(calls[name]() - same).abs().mean().item():.1e}",
        ]
        for name in loops
    ]
    head = [
        "Python loop: crop and",
        "loop / otgen, forward",
        "and backward",
        "otgen",
        "crops differ by",
    ]
    note = (
        f"{LANES} lanes of {N} crops of {SIZE} x {SIZE} pixels to {SIDE} x {SIDE}, on the CPU. "
        "otgen draws boxes, turns and recolours crops and adds noise besides. The loop cuts both "
        "lanes at once. The last column is the mean difference of the same crops, plain; colours "
        "are in [0, 1]."
    )
    return "## Cutouts\n\n" + table(head, rows) + "\n\n" + note
