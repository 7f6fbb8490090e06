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


def weights_of(record: Record, moment: int = -1) -> np.ndarray | None:
    """Return the cutouts' weights [n] at a moment; None if they count alike."""
    return record.weights[moment] if record.weights.size else None


def effective(weights: np.ndarray) -> float:
    """Return how many cutouts of equal weight tell as much as these, weights [n] of sum 1.

    Kish, "Survey Sampling" (1965): of what has nothing to do with where they were drawn.
    """
    return float(1 / np.square(weights, dtype=np.float64).sum())


def correlations(cost: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return Pearson's r [m, m] of the columns of a cost [n, m]; 0 where one is constant.

    weights: [n], of the rows, None if all count alike.
    """
    centred = cost - np.average(cost, 0, weights)
    if weights is not None:
        centred = centred * np.sqrt(weights)[:, None]
    length = np.linalg.norm(centred, axis=0)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12)
    return unit.T @ unit


def correlation(cost: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the mean correlation of two prompts' costs, below 0 if cutouts specialise.

    For m prompts the mean is at least -1 / (m - 1). weights: [n], of the cutouts.
    """
    m = cost.shape[-1]
    between = correlations(cost, weights)[np.triu_indices(m, 1)]
    return float(between.mean()) if m > 1 else 0.0


def resultant(vectors: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the mean resultant length of vectors [n, m]: 1 when all point the same way.

    Mardia and Jupp, "Directional Statistics" (2000), section 9.2. Vectors are normalised to unit
    length. Those of length 0 are left out; if no other is left, the result is 0. weights: [n].
    """
    length = np.linalg.norm(vectors, axis=-1)
    there = length > 0
    if not there.any():
        return 0.0
    own = None if weights is None else weights[there]
    return float(np.linalg.norm(np.average(vectors[there] / length[there, None], 0, own)))


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
    cost, weights = record.cost[moment, lane], weights_of(record, moment)
    counted = record.counts[record.moments[moment], lane]
    return Numbers(
        counts=counted.tolist(),
        balance=balance(counted),
        mass=record.plan[moment, lane].sum(0).tolist(),
        asked=record.shares.tolist(),
        correlation=correlation(cost, weights),
        resultant=resultant(record.tangents[moment, lane], weights),
        coverage=coverage(record.similarity[moment, lane]).tolist(),
        starved=starved(counted, record.shares),
        diversity=float(record.diversity[moment, lane]),
    )


def avoided(record: Record, lane: int, moment: int = -1) -> list[int]:
    """Count the cutouts of a lane that are nearer to each negative prompt than to all else: [k]."""
    near, weights = record.avoided[moment, lane] > 0, weights_of(record, moment)
    if weights is not None:
        return np.rint(len(weights) * weights @ near).astype(int).tolist()
    return near.sum(0).tolist()


def placed(record: Record, lane: int, moment: int = -1) -> list[float | None]:
    """Return how far the cutouts that are nearest to each prompt lie in its place: [m], 0 to 1.

    None for a prompt that belongs anywhere, or that no cutout is nearest to.
    """
    corners, weights = record.corners[moment], weights_of(record, moment)  # [n, 4, 2], [n]
    low, high = corners.min(1).clip(0, 1), corners.max(1).clip(0, 1)
    means: list[float | None] = []
    for place, near in zip(record.places, groups(record.cost[moment, lane]), strict=True):
        left, top, right, bottom = box(place)
        shared = np.minimum(high, (right, bottom)) - np.maximum(low, (left, top))
        inside = shared.clip(0).prod(-1) / (high - low).prod(-1).clip(1e-9)  # [n]
        own = None if weights is None else weights[near]
        means.append(float(np.average(inside[near], weights=own)) if place and len(near) else None)
    return means


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

    def weighed(measure, values: np.ndarray) -> np.ndarray:
        weights = [weights_of(record, moment) for moment in range(len(values))]
        rows = zip(values, weights, strict=True)
        return np.array([[measure(lane, own) for lane in lanes] for lanes, own in rows])

    return Curves(
        loss=record.losses,
        balance=each(balance, record.counts),
        steps=record.moments,
        correlation=weighed(correlation, record.cost),
        resultant=weighed(resultant, record.tangents),
        diversity=record.diversity,
        least=each(lambda similarity: coverage(similarity).min(), record.similarity),
    )
