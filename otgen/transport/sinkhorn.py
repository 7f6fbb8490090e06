"""Couplings that Sinkhorn's algorithm solves; the only module that imports OTT."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from otgen.lazy import lazy
from otgen.transport.coupled import Coupled, weights
from otgen.transport.units import centred, deviation, spread

# Of what OTT imports, these alone take a second of a CPU at each start of a painter: scipy's
# statistics and optimisers, and plots.
with lazy("ott.tools", "ott.experimental", "jaxopt", "matplotlib.pyplot"):
    from ott.geometry import geometry
    from ott.solvers import linear
    from ott.solvers.linear import acceleration

# L1 distance between the plan's marginals and those asked for at which Sinkhorn stops.
THRESHOLD = 5e-4
ITERATIONS = 2000  # at most


def ot(
    cost: jax.Array,
    b: jax.Array,
    epsilon: jax.Array,
    a: jax.Array | None = None,
    threshold: float = THRESHOLD,
) -> Coupled:
    """Solve entropic optimal transport (the paper's Eq. 5) by Sinkhorn's algorithm.

    Args:
        cost: [n, m]. b: [m], sums to 1. epsilon: > 0, in units of ``spread(cost)``. a: [n], sums to
            1; by default all alike.

    The value is ``<C, P> + epsilon KL(P | a b^T)``. The paper's entropy differs from this one by a
    number that does not depend on C. This form becomes the mean as epsilon grows.
    """
    own = weights(cost, a)
    unit = spread(cost, a)
    out = linear.solve(
        # Of the centred cost, so that exponents stay small. OTT's own relative epsilon has no
        # floor: with one prompt the centred cost is 0, and so would epsilon be.
        geometry.Geometry(cost_matrix=centred(cost, a), epsilon=epsilon * unit),
        a=own,
        b=b,
        threshold=threshold,
        max_iterations=ITERATIONS,
    )
    plan = out.matrix
    error = jnp.abs(plan.sum(0) - b).sum() + jnp.abs(plan.sum(1) - own).sum()
    # What was taken out costs every plan the same: the mean.
    same = (cost.mean(0) if a is None else a @ cost) @ b
    return Coupled(out.reg_ot_cost + same, plan, error)


def unbalanced(
    cost: jax.Array,
    b: jax.Array,
    epsilon: jax.Array,
    a: jax.Array | None = None,
    *,
    tau: float,
    threshold: float = THRESHOLD,
) -> Coupled:
    """Solve optimal transport that pays for missing a prompt's share instead of keeping it.

    The value is the least ``<C, P> + epsilon KL(P | a b^T) + price KL(P^T 1 | b)`` of all plans
    whose rows have the sums a (Chizat et al. 2018). tau: between 0 and 1, as OTT has it: the price
    is epsilon tau / (1 - tau). Near 0 it is ``nearest``, near 1 ``ot``.
    """
    rows = cost.mean(1)  # which cost every plan the same, and less of which keeps exponents small
    own, unit = weights(cost, a), epsilon * spread(cost, a)
    solved = _relaxed(cost - rows[:, None], own, b, unit, 1.0, tau, threshold)
    return solved._replace(value=solved.value + own @ rows)


def background(
    cost: jax.Array,
    b: jax.Array,
    epsilon: jax.Array,
    a: jax.Array | None = None,
    *,
    tau: float,
    threshold: float = THRESHOLD,
) -> Coupled:
    """Solve optimal transport that may also leave cutouts out, as ``unbalanced`` does prompts.

    The plan sums to 1 or less. Costs count from the least one, which is a constant like epsilon:
    mass on a cutout that is further from every prompt costs more than it is worth to keep.
    """
    least, unit = cost.min(), epsilon * deviation(cost, a)
    solved = _relaxed(cost - least, weights(cost, a), b, unit, tau, tau, threshold)
    return solved._replace(value=solved.value + least)


def _relaxed(
    cost: jax.Array,
    a: jax.Array,
    b: jax.Array,
    unit: jax.Array,
    tau_a: float,
    tau_b: float,
    threshold: float,
) -> Coupled:
    """Solve transport whose marginals have prices, where their tau is below 1.

    unit: epsilon in units of the cost. The value is the dual one, whose derivative by the cost is
    the plan.
    """
    # OTT's entropy is not relative to a b^T, which is no constant where marginals are free.
    relative = cost - unit * (jnp.log(a)[:, None] + jnp.log(b))
    out = linear.solve(
        geometry.Geometry(cost_matrix=relative, epsilon=unit),
        a=a,
        b=b,
        tau_a=tau_a,
        tau_b=tau_b,
        threshold=threshold,
        max_iterations=ITERATIONS,
        recenter_potentials=True,
    )
    plan = out.matrix
    value, error = unit * (1 - plan.sum()), jnp.zeros(())
    for potential, own, tau, marginal in (
        (out.f, a, tau_a, plan.sum(1)),
        (out.g, b, tau_b, plan.sum(0)),
    ):
        if tau == 1:
            asked, value = own, value + own @ potential
        else:
            price = unit * tau / (1 - tau)
            asked = own * jnp.exp(-potential / price)
            value += price * (own - asked).sum()
        error += jnp.abs(marginal - asked).sum()
    return Coupled(value, plan, error)


def divergence(
    cost: jax.Array,
    b: jax.Array,
    epsilon: jax.Array,
    a: jax.Array | None = None,
    *,
    among: jax.Array,
    prompts: jax.Array,
    threshold: float = THRESHOLD,
) -> Coupled:
    """Return the Sinkhorn divergence: ``ot``, less half of what each side costs by itself.

    Cutouts are so also pushed apart, which undoes the bias of ``ot`` towards the middle of what
    they are matched with (Feydy et al. 2019; Séjourné et al. 2019).

    Args:
        among: [n, n], costs between cutouts; the value's derivative by them is ``Coupled.among``.
        prompts: [m, m], costs between prompts, which are constants.
    """
    unit, matched = epsilon * spread(cost, a), ot(cost, b, epsilon, a, threshold)
    cutouts, own, off = _alone(among, weights(cost, a), unit, threshold)
    texts, _, _ = _alone(prompts, b, unit, threshold)
    value = matched.value - (cutouts + texts) / 2
    return Coupled(value, matched.plan, jnp.maximum(matched.error, off), -own / 2)


def _alone(cost, a, unit, threshold) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Match weights a [n] with themselves; return the value, the plan [n, n] and its error."""
    out = linear.solve(
        geometry.Geometry(cost_matrix=cost, epsilon=unit),
        a=a,
        b=a,
        threshold=threshold,
        max_iterations=ITERATIONS,
        # A symmetric problem: both sides move at once, and halfway, in a few iterations.
        parallel_dual_updates=True,
        momentum=acceleration.Momentum(value=0.5),
    )
    plan = out.matrix
    error = jnp.abs(plan.sum(0) - a).sum() + jnp.abs(plan.sum(1) - a).sum()
    return out.reg_ot_cost, plan, error
