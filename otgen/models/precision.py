"""The precision of frozen networks: bfloat16 if the hardware supports it, on a GPU or a CPU.

Otherwise it is float16 on a GPU and float32 on a CPU. The environment variable
OTGEN_PRECISION=float32 sets float32 for all. Pictures then depend less on the machine, and take
longer.

This applies to networks only. Cutouts, codebook, costs and updates are always in float32.

OTGEN_DEVICE names the device: cpu, cuda or mps. By default it is the GPU where torch can use one.
An Apple GPU (mps) has to be named, because otgen was never run on one; networks compute in float32
there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import torch
from torch import Tensor, nn

from otgen.recipe.prompts import InputError, shorten

NO_KERNEL = "no kernel image"  # what CUDA says of a GPU that torch was not built for
_DEVICES = ("cpu", "cuda", "mps")
_float32: ContextVar[bool] = ContextVar("float32", default=False)
_FP16_SCALE = 1024.0  # gradients of a mean over pixels are near float16's smallest numbers


@cache
def _cpu_has_bf16() -> bool:
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


@cache
def _cuda_computes() -> bool:
    """Tell whether torch has kernels for the GPU that it sees."""
    if not torch.cuda.is_available():
        return False
    if "SPACES_ZERO_GPU" in os.environ:  # the GPU is there only within a call
        return True
    try:
        torch.ones(2, device="cuda").sum().item()
    except RuntimeError as wrong:
        if NO_KERNEL not in str(wrong):
            raise
        return False
    return True


def device() -> torch.device:
    """Return the device that runs use. Raises InputError if OTGEN_DEVICE can't be had."""
    named = os.environ.get("OTGEN_DEVICE")
    if not named:
        return torch.device("cuda" if _cuda_computes() else "cpu")
    here = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not here.get(named):
        why = "torch finds no such device here" if named in _DEVICES else "there is no such device"
        raise InputError(
            f"OTGEN_DEVICE is {shorten(named)}, and {why}: use "
            f"{' or '.join(name for name in _DEVICES if here[name])}, or leave it unset."
        )
    return torch.device(named)


def unused_gpu() -> str:
    """Return a sentence that says why the GPU of this machine is not used, or ""."""
    if os.environ.get("OTGEN_DEVICE"):
        return ""
    if torch.cuda.is_available() and not _cuda_computes():
        return (
            f"The installed torch was not built for this GPU ({torch.cuda.get_device_name()}), so "
            "runs are painted on the CPU: install a build of torch that supports it."
        )
    if torch.backends.mps.is_available():
        return (
            "This Mac's GPU is not used, because otgen was never tried on one: start otgen with "
            "OTGEN_DEVICE=mps to try."
        )
    return ""


@contextmanager
def in_float32() -> Iterator[None]:
    """Let networks of this thread compute in float32 for a while."""
    token = _float32.set(True)
    try:
        yield
    finally:
        _float32.reset(token)


def dtype(device: torch.device) -> torch.dtype:
    """Return the precision of networks on a device."""
    if _float32.get() or os.environ.get("OTGEN_PRECISION") == "float32" or device.type == "mps":
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


def lowered(model: nn.Module, device: torch.device | str) -> None:
    """Keep a network's weights in bfloat16 where it computes in that: autocast casts no more.

    float16 holds a narrower range, so that weights for it stay in float32.
    """
    if dtype(torch.device(device)) is torch.bfloat16:
        model.to(torch.bfloat16)


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
        name = "CPU" if device.type == "cpu" else "Apple GPU"
        return {"name": name, "precision": kind, "threads": torch.get_num_threads()}
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
