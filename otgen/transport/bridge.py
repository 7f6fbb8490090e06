"""PyTorch <-> JAX by DLPack: couplings as one differentiable torch function."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import torch
from torch import Tensor

from otgen.transport.compiled import keep_compiled
from otgen.transport.couplings import OWN, couple
from otgen.transport.direct import DIRECT, Prompts
from otgen.transport.distances import DISTANCES

_MOST = 64  # couplings that stay compiled, 7 MB for each shape; jax itself keeps thousands
_compiled: set[tuple] = set()
keep_compiled()


class Coupling(NamedTuple):
    """value [L], differentiable in the costs; plan [L, n, m] and error [L] are constants.

    among: [L, n, n], the value's derivative by the costs between cutouts, a constant too; [L, n, 0]
    where no coupling uses them.
    """

    value: Tensor
    plan: Tensor
    error: Tensor
    among: Tensor


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


def _solve(
    cost: Tensor,
    among: Tensor | None,
    b: Tensor,
    epsilon: Tensor,
    names: tuple[str, ...],
    a: Tensor | None,
    prompts: Prompts | None,
) -> list[Tensor]:
    """Return value, plan, error and, where ``among`` is given, the derivative by it."""
    if not set(names).isdisjoint(DIRECT):
        return _apart(cost, among, b, epsilon, names, a, prompts)
    _make_room((*names, a is None), cost.shape)
    within = None if among is None else to_jax(DISTANCES[prompts.distance](prompts.v, prompts.v))
    coupled = couple(
        names,
        to_jax(cost),
        to_jax(b),
        to_jax(epsilon),
        None if a is None else to_jax(a),
        None if among is None else to_jax(among),
        within,
    )
    return [to_torch(array, cost.device) for array in coupled if array is not None]


def _apart(
    cost: Tensor,
    among: Tensor | None,
    b: Tensor,
    epsilon: Tensor,
    names: tuple[str, ...],
    a: Tensor | None,
    prompts: Prompts | None,
) -> list[Tensor]:
    """Do as ``_solve`` where some couplings are not jax's: those one by one, the others at once."""
    value, plan, error = (
        cost.new_zeros(len(cost)),
        torch.zeros_like(cost),
        cost.new_zeros(len(cost)),
    )
    results = [value, plan, error] + ([] if among is None else [torch.zeros_like(among)])
    for lane, name in enumerate(names):
        if name in DIRECT:
            value[lane], plan[lane] = DIRECT[name](cost[lane], b, a, prompts)
    rest = [lane for lane, name in enumerate(names) if name not in DIRECT]
    if rest:
        own = None if among is None else among[rest]
        named = tuple(names[lane] for lane in rest)
        solved = _solve(cost[rest], own, b, epsilon[rest], named, a, prompts)
        for whole, part in zip(results, solved, strict=True):
            whole[rest] = part
    return results


class _Couple(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cost: Tensor, among: Tensor | None, *rest):
        value, plan, error, *own = _solve(cost, among, *rest)
        ctx.save_for_backward(plan, *own)
        own = own[0] if own else cost[..., :0]
        ctx.mark_non_differentiable(plan, error, own)
        return value, plan, error, own

    @staticmethod
    def backward(ctx, value_grad: Tensor, *_):
        grads = [value_grad[:, None, None] * slope for slope in ctx.saved_tensors]  # Danskin
        return (*grads, *[None] * (7 - len(grads)))


def couple_lanes(
    cost: Tensor,
    b: Tensor,
    epsilon: Tensor,
    names: tuple[str, ...],
    a: Tensor | None = None,
    among: Tensor | None = None,
    prompts: Prompts | None = None,
) -> Coupling:
    """Apply to the cost [L, n, m] of every lane its coupling.

    Names are L keys of COUPLINGS or DIRECT; cost, b [m] and epsilon [L] are float32. a: [n], the
    cutouts' weights, where they are not all alike. among: [L, n, n], the costs between cutouts, if
    a name is in OWN. prompts: what the couplings of OWN and DIRECT know of them.
    """
    return Coupling(*_Couple.apply(cost, among, b, epsilon, names, a, prompts))


def uses_among(names: tuple[str, ...]) -> bool:
    """Tell whether one of the couplings uses the costs between cutouts."""
    return not set(names).isdisjoint(OWN)
