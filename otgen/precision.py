"""The precision of frozen networks: bfloat16 on a GPU, float16 on one without it, float32 on a CPU.

Only the networks: cutouts, codebook, costs and updates stay in float32.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

_FP16_SCALE = 1024.0  # gradients of a mean over pixels are near float16's smallest numbers


def dtype(device: torch.device) -> torch.dtype:
    """Return the precision of networks on a device."""
    if device.type != "cuda":
        return torch.float32
    return (
        torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    )


def placed(model: nn.Module, device: torch.device) -> nn.Module:
    """Return a model frozen, on the device, in the layout that its convolutions read fastest."""
    model = model.requires_grad_(False).eval().to(device)
    return model.to(memory_format=torch.channels_last) if device.type == "cuda" else model


class _ScaleGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad: Tensor):
        return grad * ctx.factor, None


def run(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Run a network under autocast in the device's precision: float32 in and out, gradients too."""
    kind = dtype(x.device)
    if kind is torch.float32:
        return network(x).float()
    scale = _FP16_SCALE if kind is torch.float16 else 1.0
    with torch.autocast(x.device.type, kind):
        out = network(_ScaleGradient.apply(x, 1 / scale))
    return _ScaleGradient.apply(out.float(), scale)


def record(device: torch.device) -> dict[str, str | float]:
    """Return what a run ran on: device, precision, on a GPU the peak memory since ``reset``."""
    kind = str(dtype(device)).removeprefix("torch.")
    if device.type != "cuda":
        return {"name": "CPU", "precision": kind, "threads": torch.get_num_threads()}
    peak = torch.cuda.max_memory_allocated(device) / 1e9
    return {
        "name": torch.cuda.get_device_name(device),
        "precision": kind,
        "peak memory GB": round(peak, 3),
    }


def reset(device: torch.device) -> None:
    """Begin to measure the peak memory anew."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
