"""Couplings: from a cost between cutouts and prompts to a loss and a plan.

Both couplings share one contract. Given C [n, m], the prompts' shares b [m] and epsilon, they
return a value and a plan P [n, m] that sums to 1, such that d value / d C = P. For the mean this is
obvious. For optimal transport it is Danskin's theorem (in the paper, after Eq. 4), so the solver is
never differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from otgen.transport.later import later

# Of what OTT imports, these alone take a second of a CPU at each start of a painter: scipy's
# statistics and optimisers, and plots.
with later("ott.tools", "ott.experimental", "jaxopt", "matplotlib.pyplot"):
    from ott.geometry import geometry
    from ott.solvers import linear

# L1 distance between the plan's marginals and those asked for at which Sinkhorn stops.
THRESHOLD = 5e-4
ITERATIONS = 2000  # at most
_FLAT = 1e-4  # a cost whose centred deviation is below this has nothing to match


class Coupled(NamedTuple):
    """The result of a coupling.

    value: [L]. plan: [L, n, m], sums to 1 per lane. error: [L], L1 distance of the plan's
    marginals from the required ones (0 for the mean).
    """

    value: jax.Array
    plan: jax.Array
    error: jax.Array


def _centred(cost: jax.Array) -> jax.Array:
    """Subtract the means of rows and columns from a cost [n, m].

    Adding a constant to a row or a column does not change the plan.
    """
    return cost - cost.mean(0, keepdims=True) - cost.mean(1, keepdims=True) + cost.mean()


def spread(cost: jax.Array) -> jax.Array:
    """Return the standard deviation of the part of a cost [n, m] that affects the plan.

    Epsilon is measured in this unit, so it means the same for every distance and encoder.
    """
    return jnp.maximum(jnp.sqrt(jnp.mean(_centred(cost) ** 2)), _FLAT)


def ot(cost: jax.Array, b: jax.Array, epsilon: jax.Array, threshold: float = THRESHOLD) -> Coupled:
    """Solve entropic optimal transport (the paper's Eq. 5) by Sinkhorn's algorithm.

    Args:
        cost: [n, m]. b: [m], sums to 1. epsilon: > 0, in units of ``spread(cost)``.

    The value is ``<C, P> + epsilon KL(P | a b^T)``. The paper's entropy differs from this one by a
    number that does not depend on C. This form becomes the mean as epsilon grows.
    """
    n = len(cost)
    a = jnp.full(n, 1 / n)
    unit = spread(cost)
    out = linear.solve(
        # Of the centred cost, so that exponents stay small. OTT's own relative epsilon has no
        # floor: with one prompt the centred cost is 0, and so would epsilon be.
        geometry.Geometry(cost_matrix=_centred(cost), epsilon=epsilon * unit),
        a=a,
        b=b,
        threshold=threshold,
        max_iterations=ITERATIONS,
    )
    plan = out.matrix
    error = jnp.abs(plan.sum(0) - b).sum() + jnp.abs(plan.sum(1) - a).sum()
    # What was taken out costs every plan the same: the mean, as a is uniform.
    return Coupled(out.reg_ot_cost + cost.mean(0) @ b, plan, error)


def mean(cost: jax.Array, b: jax.Array, epsilon: jax.Array) -> Coupled:
    """Average the distances, prompts weighted by b (the paper's Eq. 1).

    The plan is a b^T. Epsilon is not used.
    """
    plan = jnp.broadcast_to(b / len(cost), cost.shape)
    return Coupled((cost * plan).sum(), plan, jnp.zeros(()))


COUPLINGS: dict[str, Callable[[jax.Array, jax.Array, jax.Array], Coupled]] = {
    "ot": ot,
    "mean": mean,
}


@partial(jax.jit, static_argnames="names")
def couple(names: tuple[str, ...], cost: jax.Array, b: jax.Array, epsilon: jax.Array) -> Coupled:
    """Apply to every lane its own coupling, in one compiled call.

    Args:
        names: L keys of COUPLINGS. cost: [L, n, m]. b: [m]. epsilon: [L].
    """
    parts, order = [], []
    for name in dict.fromkeys(names):
        rows = [lane for lane, other in enumerate(names) if other == name]
        parts.append(
            jax.vmap(COUPLINGS[name], (0, None, 0))(
                cost[jnp.array(rows)], b, epsilon[jnp.array(rows)]
            )
        )
        order += rows
    back = jnp.argsort(jnp.array(order))
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves)[back], *parts)
