"""PyTorch <-> JAX by DLPack: couplings as one differentiable torch function."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import torch
from torch import Tensor

from otgen.transport.couplings import couple

_MOST = 64  # couplings that stay compiled, 7 MB for each shape; jax itself keeps thousands
_compiled: set[tuple] = set()


class Coupling(NamedTuple):
    """value [L], differentiable in the cost; plan [L, n, m] and error [L] are constants."""

    value: Tensor
    plan: Tensor
    error: Tensor


def to_jax(tensor: Tensor) -> jax.Array:
    """Pass a tensor to jax, without a copy on the CPU, or on a GPU that jax can use too."""
    if tensor.device.type != "cpu" and not (tensor.is_cuda and jax.default_backend() == "gpu"):
        tensor = tensor.cpu()  # 64 x m floats
    return jnp.from_dlpack(tensor.detach().contiguous())


def to_torch(array: jax.Array, device: torch.device) -> Tensor:
    """Pass an array to torch on ``device``, without a copy if it is there already."""
    return torch.from_dlpack(array).to(device)


def _make_room(names: tuple[str, ...], shape: torch.Size) -> None:
    """Forget all compiled couplings where one of a new shape would be one too many."""
    if (names, shape) not in _compiled and len(_compiled) >= _MOST:
        jax.clear_caches()
        _compiled.clear()
    _compiled.add((names, shape))


class _Couple(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cost: Tensor, b: Tensor, epsilon: Tensor, names: tuple[str, ...]):
        _make_room(names, cost.shape)
        coupled = couple(names, to_jax(cost), to_jax(b), to_jax(epsilon))
        value, plan, error = (to_torch(array, cost.device) for array in coupled)
        ctx.save_for_backward(plan)
        ctx.mark_non_differentiable(plan, error)
        return value, plan, error

    @staticmethod
    def backward(ctx, value_grad: Tensor, *_):
        (plan,) = ctx.saved_tensors
        return value_grad[:, None, None] * plan, None, None, None  # Danskin


def couple_lanes(cost: Tensor, b: Tensor, epsilon: Tensor, names: tuple[str, ...]) -> Coupling:
    """Apply to the cost [L, n, m] of every lane its coupling.

    Names are L keys of COUPLINGS; cost, b [m] and epsilon [L] are float32.
    """
    return Coupling(*_Couple.apply(cost, b, epsilon, names))
