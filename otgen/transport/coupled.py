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


def centred(cost: jax.Array, a: jax.Array | None = None) -> jax.Array:
    """Subtract the means of rows and columns from a cost [n, m], rows weighing a [n].

    Adding a constant to a row or a column does not change a plan that has both marginals.
    """
    if a is not None:
        rows = cost - cost.mean(1, keepdims=True)
        return rows - a @ rows
    return cost - cost.mean(0, keepdims=True) - cost.mean(1, keepdims=True) + cost.mean()


def spread(cost: jax.Array, a: jax.Array | None = None) -> jax.Array:
    """Return the standard deviation of the part of a cost [n, m] that affects the plan.

    Epsilon is measured in this unit, so it means the same for every distance and encoder, and
    however the cutouts were drawn that a [n] weighs.
    """
    squares = centred(cost, a) ** 2
    mean = jnp.mean(squares) if a is None else a @ squares.mean(1)
    return jnp.maximum(jnp.sqrt(mean), FLAT)


def deviation(cost: jax.Array, a: jax.Array | None = None) -> jax.Array:
    """Return the standard deviation of a cost [n, m], rows weighing a [n].

    It is the unit where a plan also chooses among the cutouts, by what ``spread`` leaves out.
    """
    if a is None:
        return jnp.maximum(jnp.std(cost), FLAT)
    squares = (cost - a @ cost.mean(1)) ** 2
    return jnp.maximum(jnp.sqrt(a @ squares.mean(1)), FLAT)


def weights(cost: jax.Array, a: jax.Array | None) -> jax.Array:
    """Return the cutouts' weights [n]: a, or all alike."""
    return jnp.full(len(cost), 1 / len(cost)) if a is None else a
