"""Cutouts: one batched operation for all crops, against a Python loop over them."""

from __future__ import annotations

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


def _pooling(start: Tensor, length: Tensor) -> Tensor:
    """Return matrices [N, SIDE, SIZE] that do to a row of pixels what adaptive_avg_pool2d does."""
    cell, pixel = torch.arange(SIDE)[None, :, None], torch.arange(SIZE)[None, None, :]
    start, length = start[:, None, None], length[:, None, None]
    low = start + cell * length // SIDE
    high = start + -(-(cell + 1) * length // SIDE)
    inside = ((pixel >= low) & (pixel < high)).float()
    return inside / inside.sum(-1, keepdim=True)


def _views(rows: Tensor, columns: Tensor) -> cutouts.Views:
    """Return views of which only the two interpolation matrices are used (by ``cutouts.crop``)."""
    nothing = torch.empty(0)
    return cutouts.Views(nothing, nothing, rows, columns, nothing, nothing, nothing)


def run() -> str:
    """Compare at equal output (``crop`` against both loops), then all that otgen does to them."""
    left, top, side = _boxes()
    picture = pictures(LANES, SIZE, SIZE).cpu().requires_grad_()
    slices = [
        (slice(t, t + s), slice(x, x + s))
        for x, t, s in zip(left.tolist(), top.tolist(), side.tolist(), strict=True)
    ]

    def loop_pool() -> Tensor:
        crops = [
            F.adaptive_avg_pool2d(picture[..., rows, columns], SIDE) for rows, columns in slices
        ]
        return torch.stack(crops, 1)  # [L, N, 3, s, s]

    def loop_interpolate() -> Tensor:
        crops = [
            F.interpolate(
                picture[..., rows, columns], (SIDE, SIDE), mode="bilinear", antialias=True
            )
            for rows, columns in slices
        ]
        return torch.stack(crops, 1)

    def batched_pool() -> Tensor:
        return cutouts.crop(picture, _views(_pooling(top, side), _pooling(left, side)))

    def batched_interpolate() -> Tensor:
        rows, columns = (
            cutouts.interpolation(start.float(), side.float(), SIZE, SIDE) for start in (top, left)
        )
        return cutouts.crop(picture, _views(rows, columns))

    def everything() -> Tensor:
        return cutouts.cut(picture, cutouts.sample(N, SIDE, SIZE, SIZE, CutoutSpec(), 0, 0))

    calls = {
        "pool": (loop_pool, batched_pool),
        "interpolate": (loop_interpolate, batched_interpolate),
        "all": (everything,),
    }
    contenders = {}
    weight = torch.randn(LANES, N, 3, SIDE, SIDE)
    for label, pair in calls.items():
        for call in pair:
            key = f"{label} {'loop' if call.__name__.startswith('loop') else 'batched'}"
            contenders[key] = call
            contenders[f"{key}, backward"] = lambda call=call: torch.autograd.grad(
                (call() * weight).sum(), picture
            )
    times = interleave(contenders, ROUNDS)
    rim = slice(3, -3)  # the loop's filter stops at the crop's edge, ours looks past it
    differences = {
        "pool": (loop_pool() - batched_pool()).abs().max(),
        "interpolate": (loop_interpolate() - batched_interpolate())[..., rim, rim].abs().max(),
    }
    rows = []
    for label, name in (("pool", "adaptive_avg_pool2d"), ("interpolate", "interpolate(antialias)")):
        for ours, what in (
            (label, "the same crops"),
            ("all", "plus warp, colour, noise and drawing them"),
        ):
            rows.append(
                [
                    f"crop + {name}",
                    what,
                    ratio(times[f"{label} loop"], times[f"{ours} batched"]),
                    ratio(times[f"{label} loop, backward"], times[f"{ours} batched, backward"]),
                    milliseconds(times[f"{ours} batched, backward"]),
                    f"{differences[label]:.1e}" if ours == label else "-",
                ]
            )
    head = [
        "Python loop",
        "otgen makes",
        "loop / otgen, forward (>= 5)",
        "and backward (>= 5)",
        "otgen",
        "differ by",
    ]
    note = (
        f"{LANES} lanes of {N} crops of {SIZE} x {SIZE} pixels to {SIDE} x {SIDE}, on the CPU. "
        "The loop cuts both lanes at once. Colours are in [0, 1]; beside interpolate, 3 pixels at "
        "the rim of a crop are not compared: there the loop's filter stops at the crop's edge and "
        "ours reads on."
    )
    return "## Cutouts\n\n" + table(head, rows) + "\n\n" + note
