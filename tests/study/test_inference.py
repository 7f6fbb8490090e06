"""Intervals and tests against what is known of normal samples and small exact cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from otgen.study.inference import corrected, difference, interval


def _values(sets: int, seeds: int, between: float, within: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0, between, (sets, 1)) + rng.normal(0, within, (sets, seeds))


def test_interval_of_one_seed_is_as_wide_as_the_normal_one():
    values = _values(400, 1, 0, 1, 0)
    around = interval(values)
    half = 1.96 * values.std() / 20
    assert around.mean == pytest.approx(values.mean())
    assert around.high - around.mean == pytest.approx(half, rel=0.06)  # 4,999 resamples
    assert around.mean - around.low == pytest.approx(half, rel=0.06)


def test_interval_sees_that_seeds_of_a_set_belong_together():
    """Where sets differ alone, eight seeds a set tell no more than one."""
    values = np.repeat(_values(60, 1, 1, 0, 1), 8, axis=1)
    one, eight = interval(values[:, :1]), interval(values)
    assert eight.high - eight.low == pytest.approx(one.high - one.low, rel=0.05)


def test_interval_has_the_variance_of_both_levels():
    """The variance of a two-level bootstrap: between sets, and within them over sets x seeds."""
    values = _values(80, 4, 0.5, 1, 2)
    around = interval(values)
    variance = values.mean(1).var() / 80 + values.var(1).mean() / (80 * 4)
    assert around.high - around.low == pytest.approx(2 * 1.96 * variance**0.5, rel=0.06)


def test_missing_runs_are_left_out_and_sets_weigh_the_same():
    values = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, 4.0], [np.nan] * 3])
    around = interval(values)
    assert around.mean == pytest.approx(2.5)
    assert 1 <= around.low < around.high <= 5


def test_one_set_is_resampled_by_its_seeds_and_one_run_has_no_bounds():
    assert interval(np.array([[1.0, 2.0, 3.0, np.nan]])).low == 1.0
    assert interval(np.array([[1.0, np.nan]]))[1:] == (None, None)
    assert interval(np.full((2, 2), np.nan)) is None


def test_results_are_the_same_each_time():
    values = _values(12, 3, 1, 1, 3)
    assert interval(values) == interval(values)
    assert difference(values, -values) == difference(values, -values)


def test_difference_is_paired_and_counts_wins():
    base = _values(30, 4, 5, 5, 4)
    paired = difference(base + 0.1, base)
    assert paired.mean[:] == pytest.approx((0.1, 0.1, 0.1))  # as wide as the pairs differ: not
    assert (paired.won, paired.tied, paired.lost) == (120, 0, 0)
    assert paired.wins.mean == 1
    assert paired.p < 0.001
    less = difference(base + 0.1, base, better=-1)
    assert (less.won, less.lost, less.wins.mean) == (0, 120, 0)


def test_ties_are_half_a_win():
    paired = difference(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [1.0, 1.0]]))
    assert (paired.won, paired.tied, paired.lost) == (1, 2, 1)
    assert paired.wins.mean == 0.5


def test_p_of_few_sets_is_exact():
    """Of eight sets that all gain, 2 of 256 choices of signs are as extreme."""
    gains = np.arange(1.0, 9)[:, None]
    assert difference(gains, np.zeros((8, 1))).p == pytest.approx(2 / 256)


def test_p_of_many_sets_is_near_the_t_test():
    values = _values(200, 2, 0.3, 1, 5) + 0.1
    p = difference(values, np.zeros_like(values)).p
    assert p == pytest.approx(stats.ttest_1samp(values.mean(1), 0).pvalue, abs=0.015)


def test_p_is_corrected_for_how_many_there_are():
    assert corrected([0.01, None, 0.5, 0.04]) == pytest.approx([0.03, None, 0.5, 0.06])
    assert corrected([None]) == [None]
