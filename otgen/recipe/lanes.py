"""Lanes by name: ``ot`` and ``mean``, and ``ot@0.01``, which has an epsilon of its own."""

from __future__ import annotations

from typing import NamedTuple

TITLES = {"ot": "Optimal transport", "mean": "Mean of distances"}


class Lane(NamedTuple):
    """A loss that a run descends: a key of COUPLINGS, and its epsilon."""

    coupling: str
    epsilon: float


def lane_of(name: str, epsilon: float) -> Lane:
    """Return the lane of a name in the settings, in a run of this epsilon."""
    coupling, _, own = name.partition("@")
    return Lane(coupling, float(own) if own else epsilon)


def title(name: str) -> str:
    """Return a lane's title; a name of no coupling is its own title."""
    coupling, _, own = name.partition("@")
    return f"OT, ε {own}" if own and coupling == "ot" else TITLES.get(name, name)


def slug(name: str) -> str:
    """Return the lane's name in the form used in files and addresses: ``ot-0.01``."""
    return name.replace("@", "-")
