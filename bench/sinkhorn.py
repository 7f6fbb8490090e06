"""Sinkhorn: OTT-JAX through the bridge, as a step calls it, against POT's log-domain solver."""

from __future__ import annotations

from functools import partial

import jax
import ot as pot
import torch
from torch import Tensor

from bench.measure import interleave, milliseconds, ratio, table
from bench.workload import DEFAULT, objective, pictures, texts
from otgen.transport import sinkhorn
from otgen.transport.bridge import couple_lanes, to_jax, to_torch
from otgen.transport.coupled import Coupled
from otgen.transport.units import spread

ROUNDS, N = 15, DEFAULT.cutouts
GENERATOR = "diffusion-mini"  # its encoder gives the costs
TIGHT = 1e-5  # near what float32 can tell


@partial(jax.jit, static_argnames="threshold")
def _solve(cost: jax.Array, b: jax.Array, epsilon: jax.Array, threshold: float) -> Coupled:
    return sinkhorn.ot(cost, b, epsilon, threshold)


def _tight(cost: Tensor, b: Tensor, epsilon: Tensor) -> Tensor:
    """Return the plan [n, m] at the tight threshold, over the same bridge."""
    return to_torch(_solve(to_jax(cost), to_jax(b), to_jax(epsilon), TIGHT).plan, cost.device)


def _contest(m: int, threshold: float) -> list[object]:
    """Solve one problem of m prompts on both sides; return a row of the table."""
    look = objective(GENERATOR, ("ot",), texts(m))
    with torch.no_grad():
        cost = look(pictures(1, 128, 128), 0).cost  # [1, n, m]
    on_cpu, b, a = cost[0].cpu(), look.b.cpu(), torch.full((N,), 1 / N)
    epsilon = DEFAULT.epsilon * float(spread(to_jax(on_cpu)))
    # POT watches the L2 norm of an error and otgen its L1 norm, at most sqrt(m) times as large.
    options = {"stopThr": threshold / m**0.5, "numItermax": sinkhorn.ITERATIONS, "warn": False}

    def bridge() -> Tensor:
        if threshold == TIGHT:
            return _tight(cost[0], look.b, look.epsilon[0])
        return couple_lanes(cost, look.b, look.epsilon, look.couplings).plan[0]

    def on_torch() -> Tensor:
        return pot.bregman.sinkhorn_log(a, b, on_cpu, epsilon, **options)

    arrays = (a.numpy(), b.numpy(), on_cpu.numpy())

    def on_numpy():
        return pot.bregman.sinkhorn_log(*arrays, epsilon, **options)

    def as_it_comes():
        return pot.bregman.sinkhorn_log(*arrays, epsilon, warn=False)  # stopThr 1e-9

    apart = (bridge().cpu() - on_torch()).abs().max() * N
    times = interleave(
        {"bridge": bridge, "torch": on_torch, "numpy": on_numpy, "default": as_it_comes}, ROUNDS
    )
    return [
        f"{threshold:g}",
        m,
        ratio(times["torch"], times["bridge"]),
        ratio(times["numpy"], times["bridge"]),
        ratio(times["default"], times["bridge"]),
        milliseconds(times["bridge"]),
        f"{apart:.1e}",
    ]


def run() -> str:
    """Solve to the loop's threshold and to a tight one, for m = 2, 4, 8, 16 prompts and 64 cutouts.

    The cost is what the encoder makes of cutouts of a picture. Both sides get the same absolute
    epsilon and float32; both backends of POT are measured.
    """
    rows = [
        _contest(m, threshold) for threshold in (sinkhorn.THRESHOLD, TIGHT) for m in (2, 4, 8, 16)
    ]
    head = [
        "threshold",
        "m",
        "POT on torch / otgen (>= 20)",
        "POT on numpy / otgen (>= 20)",
        "POT at its defaults / otgen",
        "otgen",
        "apart",
    ]
    note = (
        "POT's defaults are numpy and a threshold of 1e-9, which otgen does not aim at. "
        "Threshold: L1 distance of the marginals. The first one is that of the loop. Apart: "
        "the largest difference of any entry of the two plans, as a part of a cutout's mass."
    )
    return f"## Sinkhorn, {N} cutouts\n\n" + table(head, rows) + "\n\n" + note
