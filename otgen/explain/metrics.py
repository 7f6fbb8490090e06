"""Numbers that explain a run: numpy in, named results out."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from otgen.explain.evidence import Record
from otgen.recipe.places import box

CLOSEST = 6  # cutouts shown of each prompt (the paper's Figure 3)
BEST = 5  # cutouts that decide whether a prompt is to be seen in the picture
STARVED = 0.25  # a prompt with less than this part of the cutouts it asked for starves


def nearest(cost: np.ndarray) -> np.ndarray:
    """Return each cutout's nearest prompt, argmin_j C_ij: cost [..., n, m] -> [..., n].

    Of prompts that are equally near, it is the first.
    """
    return cost.argmin(-1)


def counts(cost: np.ndarray) -> np.ndarray:
    """Count the cutouts nearest to each prompt: cost [..., n, m] -> [..., m] (Figure 3)."""
    return (nearest(cost)[..., None] == np.arange(cost.shape[-1])).sum(-2)


def balance(counted: np.ndarray) -> float:
    """Return the normalised entropy of counts [m]: 1 when all are equal, 0 when one has all."""
    share = counted / counted.sum()
    entropy = -sum(p * math.log(p) for p in share if p > 0)
    return max(0.0, entropy) / math.log(len(counted)) if len(counted) > 1 else 1.0


def groups(cost: np.ndarray) -> tuple[np.ndarray, ...]:
    """Group the cutouts by their nearest prompt (the paper's Figure 3).

    Args:
        cost: [n, m].

    Returns:
        For each prompt the indices of its cutouts, closest first. A sheet shows the first CLOSEST.
    """
    near = nearest(cost)
    members = (np.flatnonzero(near == prompt) for prompt in range(cost.shape[-1]))
    return tuple(
        who[np.argsort(cost[who, prompt], kind="stable")] for prompt, who in enumerate(members)
    )


def correlations(cost: np.ndarray) -> np.ndarray:
    """Return Pearson's r [m, m] of the columns of a cost [n, m]; 0 where one is constant."""
    centred = cost - cost.mean(0)
    length = np.linalg.norm(centred, axis=0)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12)
    return unit.T @ unit


def correlation(cost: np.ndarray) -> float:
    """Return the mean correlation of two prompts' costs, below 0 if cutouts specialise.

    For m prompts the mean is at least -1 / (m - 1).
    """
    m = cost.shape[-1]
    between = correlations(cost)[np.triu_indices(m, 1)]
    return float(between.mean()) if m > 1 else 0.0


def resultant(vectors: np.ndarray) -> float:
    """Return the mean resultant length of vectors [n, m]: 1 when all point the same way.

    Mardia and Jupp, "Directional Statistics" (2000), section 9.2. Vectors are normalised to unit
    length. Those of length 0 are left out; if no other is left, the result is 0.
    """
    length = np.linalg.norm(vectors, axis=-1)
    directed = vectors[length > 0] / length[length > 0, None]
    return float(np.linalg.norm(directed.mean(0))) if len(directed) else 0.0


def coverage(similarity: np.ndarray) -> np.ndarray:
    """Return the mean of each prompt's BEST similarities: [n, m] -> [m]."""
    return np.sort(similarity, axis=0)[-BEST:].mean(0)


def starved(counted: np.ndarray, shares: np.ndarray) -> tuple[int, ...]:
    """Return the starved prompts, worst first: those below STARVED of their required cutouts.

    Args:
        counted: [m]. shares: [m], sum 1.
    """
    got = counted / counted.sum() / shares
    return tuple(int(prompt) for prompt in np.argsort(got, kind="stable") if got[prompt] < STARVED)


class Numbers(NamedTuple):
    """A lane at one moment. [m]: counts, mass and asked (it sums to 1), coverage (-1 to 1).

    mass sums to 1 too, but in lanes whose plans have free marginals: cutouts that are left out, or
    a pull that is harder than the mean's.

    balance in [0, 1], correlation in [-1, 1], resultant in [0, 1], diversity in [0, 2]: see the
    functions of this module and ``Record``. starved: indices of prompts, worst first.
    """

    counts: list[int]
    balance: float
    mass: list[float]
    asked: list[float]
    correlation: float
    resultant: float
    coverage: list[float]
    starved: tuple[int, ...]
    diversity: float


def numbers(record: Record, lane: int, moment: int = -1) -> Numbers:
    """Return the numbers of a lane at a moment (an index into ``record.moments``)."""
    cost = record.cost[moment, lane]
    counted = counts(cost)
    return Numbers(
        counts=counted.tolist(),
        balance=balance(counted),
        mass=record.plan[moment, lane].sum(0).tolist(),
        asked=record.shares.tolist(),
        correlation=correlation(cost),
        resultant=resultant(record.tangents[moment, lane]),
        coverage=coverage(record.similarity[moment, lane]).tolist(),
        starved=starved(counted, record.shares),
        diversity=float(record.diversity[moment, lane]),
    )


def avoided(record: Record, lane: int, moment: int = -1) -> list[int]:
    """Count the cutouts of a lane that are nearer to each negative prompt than to all else: [k]."""
    return (record.avoided[moment, lane] > 0).sum(0).tolist()


def placed(record: Record, lane: int, moment: int = -1) -> list[float | None]:
    """Return how far the cutouts that are nearest to each prompt lie in its place: [m], 0 to 1.

    None for a prompt that belongs anywhere, or that no cutout is nearest to.
    """
    corners = record.corners[moment]  # [n, 4, 2]
    low, high = corners.min(1).clip(0, 1), corners.max(1).clip(0, 1)
    found: list[float | None] = []
    for place, near in zip(record.places, groups(record.cost[moment, lane]), strict=True):
        left, top, right, bottom = box(place)
        shared = np.minimum(high, (right, bottom)) - np.maximum(low, (left, top))
        inside = shared.clip(0).prod(-1) / (high - low).prod(-1).clip(1e-9)  # [n]
        found.append(float(inside[near].mean()) if place and len(near) else None)
    return found


class Curves(NamedTuple):
    """How a run went.

    At every step, [T + 1, L]: loss, balance. At the moments, whose steps are ``steps`` [S], [S, L]:
    correlation, resultant, diversity, and least, the coverage of the prompt covered least.
    """

    loss: np.ndarray
    balance: np.ndarray
    steps: np.ndarray
    correlation: np.ndarray
    resultant: np.ndarray
    diversity: np.ndarray
    least: np.ndarray


def curves(record: Record) -> Curves:
    """Return the numbers of every lane over the steps."""

    def each(measure, values: np.ndarray) -> np.ndarray:
        return np.array([[measure(lane) for lane in lanes] for lanes in values])

    return Curves(
        loss=record.losses,
        balance=each(balance, record.counts),
        steps=record.moments,
        correlation=each(correlation, record.cost),
        resultant=each(resultant, record.tangents),
        diversity=record.diversity,
        least=each(lambda similarity: coverage(similarity).min(), record.similarity),
    )
