"""The precision of frozen networks: bfloat16 if the hardware supports it, on a GPU or a CPU.

Otherwise it is float16 on a GPU and float32 on a CPU. The environment variable
OTGEN_PRECISION=float32 sets float32 for all. Pictures then depend less on the machine, and take
longer.

This applies to networks only. Cutouts, codebook, costs and updates are always in float32.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn

_FP16_SCALE = 1024.0  # gradients of a mean over pixels are near float16's smallest numbers


@cache
def _cpu_has_bf16() -> bool:
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def device() -> torch.device:
    """Return the device that runs use: the GPU where torch sees one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def dtype(device: torch.device) -> torch.dtype:
    """Return the precision of networks on a device."""
    if os.environ.get("OTGEN_PRECISION") == "float32":
        return torch.float32
    if device.type != "cuda":
        return torch.bfloat16 if _cpu_has_bf16() else torch.float32
    return (
        torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    )


def placed(model: nn.Module, device: torch.device) -> nn.Module:
    """Return a model frozen, on the device, in the fastest memory layout for convolutions."""
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
    """Return device, precision and, on a GPU, the peak memory since ``reset``."""
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
    """Reset the measurement of peak memory."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
