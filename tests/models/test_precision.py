"""Which precision networks run in; what it does to gradients is in test_full_size.py."""

from __future__ import annotations

import pytest
import torch

from otgen.models import precision

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
