"""What a coupling returns."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp


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


def weights(cost: jax.Array, a: jax.Array | None) -> jax.Array:
    """Return the cutouts' weights [n]: a, or all alike."""
    return jnp.full(len(cost), 1 / len(cost)) if a is None else a
