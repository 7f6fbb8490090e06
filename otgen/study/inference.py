"""How sure a study is: intervals and tests of differences that are paired by prompt and seed.

Values come as [P, S], a row a set of prompts and a column a seed, NaN where a run is missing. Every
set weighs the same. Sets differ more than seeds do and a study is about prompts it has not seen, so
sets are what is resampled and tested; seeds are resampled within each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

RESAMPLES = 4999
_BATCH = 500  # resamples at once: [_BATCH, P, S] numbers in memory


class Interval(NamedTuple):
    """A mean with its 95 % interval; no bounds where there is only one value."""

    mean: float
    low: float | None
    high: float | None


class Difference(NamedTuple):
    """What one condition has more than another, over runs of the same prompts and seed.

    mean: with its interval. wins: the part of the pairs in which the first is better, ties half.
    won, tied, lost: pairs. p: of the two-sided test that there is no difference; None if there is
    one set and one seed.
    """

    mean: Interval
    wins: Interval
    won: int
    tied: int
    lost: int
    p: float | None


def interval(values: np.ndarray) -> Interval | None:
    """Return the mean of values [P, S] and its interval; None where all are missing.

    A percentile bootstrap (``scipy.stats.bootstrap``) in two levels: sets are drawn with
    replacement, then, of each that is drawn, its seeds. One set: its seeds alone.
    """
    values = values[~np.isnan(values).all(1)]
    if not len(values):
        return None
    if len(values) == 1:
        values = values[:, ~np.isnan(values[0])].T  # seeds are what there is
    count = (~np.isnan(values)).sum(1)
    # What is there first, so that a number below ``count`` is a seed that is there.
    order = np.argsort(np.isnan(values), axis=1, kind="stable")
    packed = np.nan_to_num(np.take_along_axis(values, order, 1))
    mean = float((packed.sum(1) / count).mean())
    if len(values) == 1:
        return Interval(mean, None, None)
    rng = np.random.default_rng(0)

    def resampled(sets: np.ndarray, axis: int = -1) -> np.ndarray:
        sets = sets.astype(int)
        many, most = count[sets], packed.shape[1]
        if most == 1:
            return packed[sets, 0].mean(axis)
        seeds = (rng.random((*sets.shape, most)) * many[..., None]).astype(int)
        sample = packed[sets[..., None], seeds]
        sample[np.arange(most) >= many[..., None]] = 0
        return (sample.sum(-1) / many).mean(axis)

    bootstrapped = stats.bootstrap(
        (np.arange(len(values)),),
        resampled,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    return Interval(mean, float(bootstrapped.low), float(bootstrapped.high))


def difference(first: np.ndarray, second: np.ndarray, better: int = 1) -> Difference | None:
    """Compare two conditions, each [P, S]; None where no pair is whole.

    Args:
        better: 1 where more is better, -1 where less is.
    """
    more = first - second
    mean = interval(more)
    if mean is None:
        return None
    near = np.isclose(more, 0, atol=1e-12)
    sign = np.where(np.isnan(more), np.nan, np.where(near, 0.5, (more * better > 0).astype(float)))
    won, tied, lost = (int((sign == side).sum()) for side in (1.0, 0.5, 0.0))
    return Difference(mean=mean, wins=interval(sign), won=won, tied=tied, lost=lost, p=_p(more))


def _p(more: np.ndarray) -> float | None:
    """Return the p-value of a test by random signs of the sets' mean differences, more [P, S].

    ``scipy.stats.permutation_test``, exact where there are few sets. One set: of its seeds.
    """
    there = more[~np.isnan(more).all(1)]
    units = np.nanmean(there, axis=1) if len(there) > 1 else there[~np.isnan(there)]
    if len(units) < 2:
        return None
    return float(
        stats.permutation_test(
            (units,),
            lambda x, axis: np.mean(x, axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=2 * RESAMPLES + 1,
            rng=np.random.default_rng(2),
        ).pvalue
    )


def corrected(p: list[float | None]) -> list[float | None]:
    """Return the p-values corrected for how many they are (Benjamini and Hochberg 1995).

    Of those below 0.05, one in twenty is expected to be false. None stays None.
    """
    known = [value for value in p if value is not None]
    if not known:
        return p
    rates = iter(stats.false_discovery_control(known).tolist())
    return [None if value is None else next(rates) for value in p]
