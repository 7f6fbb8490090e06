"""Which precision networks run in; what it does to gradients is in test_full_size.py."""

from __future__ import annotations

import pytest
import torch

from otgen.models import precision
from otgen.recipe.prompts import InputError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("able", "expected"),
    [
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({"avx2": True}, torch.float32),
    ],
)
def test_a_cpu_computes_in_bfloat16_only_where_it_is_built_in(monkeypatch, able, expected):
    monkeypatch.delenv("OTGEN_PRECISION")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    precision._cpu_has_bf16.cache_clear()
    assert precision.dtype(CPU) is expected
    assert precision.record(CPU)["precision"] == str(expected).removeprefix("torch.")
    precision._cpu_has_bf16.cache_clear()


def test_float32_can_be_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    precision._cpu_has_bf16.cache_clear()
    monkeypatch.setenv("OTGEN_PRECISION", "float32")
    assert precision.dtype(CPU) is torch.float32
    precision._cpu_has_bf16.cache_clear()


@pytest.fixture
def gpu(monkeypatch):
    """A GPU that torch sees and was not built for: its kernels fail as CUDA fails."""
    ones = torch.ones

    def fail(*shape, device=None):
        if device == "cuda":
            raise RuntimeError(
                "CUDA error: no kernel image is available for execution on the device"
            )
        return ones(*shape, device=device)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla K80")
    monkeypatch.setattr(torch, "ones", fail)
    precision._cuda_computes.cache_clear()
    yield
    precision._cuda_computes.cache_clear()


def test_a_gpu_without_kernels_is_left_and_named(gpu):
    assert precision.device() == CPU
    assert "was not built for this GPU (Tesla K80)" in precision.unused_gpu()


def test_a_gpu_that_fails_otherwise_is_not_hidden(gpu, monkeypatch):
    def fail(*shape, device=None):
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(torch, "ones", fail)
    with pytest.raises(RuntimeError, match="device-side assert"):
        precision.device()


def test_on_zerogpu_the_gpu_is_not_tried_outside_a_call(gpu, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert precision.device() == torch.device("cuda")


def test_an_apple_gpu_is_used_if_it_is_named(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert precision.device() == CPU
    assert "OTGEN_DEVICE=mps" in precision.unused_gpu()
    monkeypatch.setenv("OTGEN_DEVICE", "mps")
    assert precision.device() == torch.device("mps")
    assert precision.dtype(precision.device()) is torch.float32
    assert precision.record(precision.device())["name"] == "Apple GPU"
    assert precision.unused_gpu() == ""


@pytest.mark.parametrize("named", ["mps", "tpu"])
def test_a_device_that_is_not_here_is_refused(monkeypatch, named):
    monkeypatch.setenv("OTGEN_DEVICE", named)
    with pytest.raises(InputError, match=f"OTGEN_DEVICE is .*{named}.* use cpu, or leave it unset"):
        precision.device()


def test_float32_holds_for_a_while(monkeypatch):
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)
    monkeypatch.delenv("OTGEN_PRECISION")
    with precision.in_float32():
        assert precision.dtype(CPU) is torch.float32
    assert precision.dtype(CPU) is torch.bfloat16
