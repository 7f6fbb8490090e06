"""What a coupling returns, and the units of its epsilon."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

FLAT = 1e-4  # a cost whose deviation is below this has nothing to match


class Coupled(NamedTuple):
    """The result of a coupling.

    value: [L]. plan: [L, n, m]. error: [L], L1 distance of the plan's marginals from those that it
    has to have (0 where nothing is iterated). among: [L, n, n], the value's derivative by the costs
    between cutouts, or None where no coupling uses them.
    """

    value: jax.Array
    plan: jax.Array
    error: jax.Array
    among: jax.Array | None = None


def centred(cost: jax.Array) -> jax.Array:
    """Subtract the means of rows and columns from a cost [n, m].

    Adding a constant to a row or a column does not change a plan that has both marginals.
    """
    return cost - cost.mean(0, keepdims=True) - cost.mean(1, keepdims=True) + cost.mean()


def spread(cost: jax.Array) -> jax.Array:
    """Return the standard deviation of the part of a cost [n, m] that affects the plan.

    Epsilon is measured in this unit, so it means the same for every distance and encoder.
    """
    return jnp.maximum(jnp.sqrt(jnp.mean(centred(cost) ** 2)), FLAT)


def deviation(cost: jax.Array) -> jax.Array:
    """Return the standard deviation of a cost [n, m].

    It is the unit where a plan also chooses among the cutouts, by what ``spread`` leaves out.
    """
    return jnp.maximum(jnp.std(cost), FLAT)


def weights(cost: jax.Array, a: jax.Array | None) -> jax.Array:
    """Return the cutouts' weights [n]: a, or all alike."""
    return jnp.full(len(cost), 1 / len(cost)) if a is None else a
