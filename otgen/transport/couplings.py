"""Couplings: from a cost between cutouts and prompts to a loss and a plan.

All couplings share one contract. Given C [n, m], the prompts' shares b [m], epsilon and the
cutouts' weights a [n], they return a value and a plan P [n, m], such that d value / d C = P. Where
P is the best of some set this is Danskin's theorem (in the paper, after Eq. 4), so no solver is
ever differentiated. ``recipe.lanes`` says what each coupling is for and where it comes from.

Epsilon is in units of ``spread(cost)``, or of ``deviation(cost)`` in ``background`` and ``worst``,
which choose among the cutouts; like every number here that is taken from the cost, it counts as a
constant in that derivative. As epsilon grows, ``ot``, ``nearest``, ``worst`` and
``divergence`` become the mean; ``divergence`` does so up to what does not depend on the prompts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from otgen.transport.coupled import Coupled, weights
from otgen.transport.sinkhorn import background, divergence, ot, unbalanced
from otgen.transport.units import deviation, spread


def mean(cost: jax.Array, b: jax.Array, epsilon: jax.Array, a: jax.Array | None = None) -> Coupled:
    """Average the distances, prompts weighted by b (the paper's Eq. 1).

    The plan is a b^T. Epsilon is not used.
    """
    plan = jnp.broadcast_to(b / len(cost), cost.shape) if a is None else jnp.outer(a, b)
    return Coupled((cost * plan).sum(), plan, jnp.zeros(()))


def nearest(
    cost: jax.Array, b: jax.Array, epsilon: jax.Array, a: jax.Array | None = None
) -> Coupled:
    """Send each cutout to its nearest prompts, softly: optimal transport without the shares.

    The value is ``-epsilon sum_i a_i log sum_j b_j exp(-C_ij / epsilon)``, the least ``<C, P> +
    epsilon KL(P | a b^T)`` of all plans whose rows have the sums a. Columns are free.
    """
    own, unit = weights(cost, a), epsilon * spread(cost, a)
    logits = jnp.log(b) - cost / unit  # [n, m]
    plan = own[:, None] * jax.nn.softmax(logits, axis=1)
    return Coupled(-unit * (own @ logsumexp(logits, axis=1)), plan, jnp.zeros(()))


def worst(cost: jax.Array, b: jax.Array, epsilon: jax.Array, a: jax.Array | None = None) -> Coupled:
    """Let the prompt that is covered least pull, at the cutouts that are nearest to it.

    A prompt's cover is its soft least cost, ``s_j = -epsilon log sum_i a_i exp(-C_ij / epsilon)``,
    and the value is the soft largest one, ``epsilon log sum_j b_j exp(s_j / epsilon)``. So with a
    small epsilon the plan holds mass for one prompt and few cutouts; it always sums to 1.
    """
    unit = epsilon * deviation(cost, a)
    logits = jnp.log(weights(cost, a))[:, None] - cost / unit  # [n, m]
    cover = jnp.log(b) - logsumexp(logits, axis=0)  # [m]
    plan = jax.nn.softmax(logits, axis=0) * jax.nn.softmax(cover)
    return Coupled(unit * logsumexp(cover), plan, jnp.zeros(()))


COUPLINGS: dict[str, Callable[..., Coupled]] = {
    "ot": ot,
    "mean": mean,
    "nearest": nearest,
    "unbalanced": unbalanced,
    "background": background,
    "worst": worst,
    "divergence": divergence,
}

OWN = ("divergence",)
"""Couplings that also use the costs of cutouts among themselves."""


@partial(jax.jit, static_argnames="names")
def couple(
    names: tuple[str, ...],
    cost: jax.Array,
    b: jax.Array,
    epsilon: jax.Array,
    a: jax.Array | None = None,
    among: jax.Array | None = None,
    prompts: jax.Array | None = None,
) -> Coupled:
    """Apply to every lane its own coupling, in one compiled call.

    Args:
        names: L keys of COUPLINGS, with a tau where one is needed: "unbalanced@0.9". cost: [L, n,
            m]. b: [m]. epsilon: [L]. a: [n]. among: [L, n, n] and prompts: [m, m], the costs within
            each side, for couplings of OWN.
    """
    parts, order = [], []
    for name in dict.fromkeys(names):
        rows = [lane for lane, other in enumerate(names) if other == name]
        of, own = jnp.array(rows), name in OWN
        solve = jax.vmap(partial(_solved, name, b, a, prompts), (0, 0, 0 if own else None))
        solved = solve(cost[of], epsilon[of], among[of] if own else None)
        if among is not None and not own:
            solved = solved._replace(among=jnp.zeros_like(among[of]))
        parts.append(solved)
        order += rows
    back = jnp.argsort(jnp.array(order))
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves)[back], *parts)


def _solved(name, b, a, prompts, cost, epsilon, among) -> Coupled:
    """Apply the coupling of a name to one lane."""
    coupling, _, tau = name.partition("@")
    options = {"tau": float(tau)} if tau else {}
    if coupling in OWN:
        options |= {"among": among, "prompts": prompts}
    return COUPLINGS[coupling](cost, b, epsilon, a, **options)
