"""Plans and values against POT, linear programming and closed forms."""

from __future__ import annotations

import itertools
import warnings
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from otgen.recipe.lanes import COUPLINGS as CARDS
from otgen.transport.coupled import Coupled
from otgen.transport.couplings import COUPLINGS, couple, mean, nearest, worst
from otgen.transport.sinkhorn import THRESHOLD, ot, unbalanced
from otgen.transport.units import deviation, spread

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # POT looks for every array library that is installed
    import ot as pot

N = 64
TIGHT = 1e-6  # L1 distance of marginals: about what float32 can hold
_ot = jax.jit(ot, static_argnames="threshold")  # one compilation per shape


def _problem(m: int, n: int = N, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a cost as CLIP gives it, far from 0 and varying little, and uneven shares."""
    rng = np.random.default_rng(seed)
    cost = 1.2 + 0.05 * rng.standard_normal((n, m))
    b = rng.uniform(0.5, 2, m)
    return cost.astype(np.float32), (b / b.sum()).astype(np.float32)


def _spread(cost: np.ndarray) -> float:
    """Return the deviation of what rows and columns do not explain, in float64."""
    cost = cost.astype(np.float64)
    n, m = cost.shape
    return float(((np.eye(n) - 1 / n) @ cost @ (np.eye(m) - 1 / m)).std())


def _solved(cost: np.ndarray, b: np.ndarray, epsilon: float) -> tuple[float, np.ndarray]:
    """Return value and plan of POT's log-domain Sinkhorn in float64; ``epsilon`` is absolute."""
    cost, b = cost.astype(np.float64), b.astype(np.float64) / b.astype(np.float64).sum()
    a = np.full(len(cost), 1 / len(cost))
    plan = pot.bregman.sinkhorn_log(a, b, cost, reg=epsilon, stopThr=1e-13, numItermax=200_000)
    entropy = (plan * np.log(np.maximum(plan, 1e-300) / np.outer(a, b))).sum()
    return float((plan * cost).sum() + epsilon * entropy), plan


@pytest.mark.parametrize("m", [2, 3, 16])
@pytest.mark.parametrize("epsilon", [0.1, 1.0])
def test_plan_and_value_equal_pot(m, epsilon):
    cost, b = _problem(m)
    value, plan = _solved(cost, b, epsilon * _spread(cost))
    ours = _ot(jnp.asarray(cost), jnp.asarray(b), jnp.float32(epsilon), threshold=TIGHT)
    # 1e-4 of a row's mass: exponents up to about 60 in float32 leave 1e-5 of it.
    assert np.abs(np.asarray(ours.plan) - plan).max() < 1e-4 / N
    # Values near 1.2 in float32.
    assert float(ours.value) == pytest.approx(value, abs=1e-6)


def test_small_epsilon_approaches_the_linear_programme():
    cost, b = _problem(4)
    a, b64 = np.full(N, 1 / N), b.astype(np.float64) / b.astype(np.float64).sum()
    exact = pot.emd2(a, b64, cost.astype(np.float64))
    for epsilon in (0.1, 0.02):
        plan = np.asarray(
            _ot(jnp.asarray(cost), jnp.asarray(b), jnp.float32(epsilon)).plan, np.float64
        )
        # Theory: a plan of KL at most log m above the best; the loose marginals may gain THRESHOLD
        # of mass.
        slack = THRESHOLD * (cost.max() - cost.min())
        gap = (plan * cost).sum() / plan.sum() - exact
        assert -slack < gap < epsilon * _spread(cost) * np.log(4) + slack


def test_small_epsilon_gives_the_plan_of_the_linear_programme():
    # 16 cutouts in 4 equal groups, each clearly nearest to its own prompt, save one that must give
    # way.
    cost = np.full((16, 4), 1.0, np.float32)
    cost[np.arange(16), np.arange(16) % 4] = 0.0
    cost[3] = [0.2, 0.9, 0.95, 0.6]
    b = np.full(4, 0.25, np.float32)
    exact = pot.emd(np.full(16, 1 / 16), b.astype(np.float64), cost.astype(np.float64))
    plan = np.asarray(_ot(jnp.asarray(cost), jnp.asarray(b), jnp.float32(0.02)).plan)
    # The runner-up plan costs 0.2 more per unit of mass: exp(-0.2 / (0.02 * 0.43)) is below 1e-9.
    assert np.abs(plan - exact).max() < THRESHOLD


def test_spread_ignores_what_no_plan_reacts_to():
    cost, _ = _problem(5)
    shifted = (
        cost + np.random.default_rng(1).random((N, 1), np.float32) + np.arange(5, dtype=np.float32)
    )
    assert float(spread(jnp.asarray(cost))) == pytest.approx(_spread(cost), rel=1e-4)
    assert float(spread(jnp.asarray(shifted))) == pytest.approx(
        _spread(cost), rel=1e-3
    )  # float32 near 5


def test_plan_is_the_gradient_of_the_value_of_pot():
    cost, b = _problem(3, n=16)
    epsilon = 0.3 * _spread(cost)
    plan = np.asarray(
        _ot(jnp.asarray(cost), jnp.asarray(b), jnp.float32(0.3), threshold=TIGHT).plan
    )
    cost = cost.astype(np.float64)
    for i, j in [(0, 0), (3, 1), (7, 2), (15, 1)]:
        step = np.zeros_like(cost)
        step[i, j] = 1e-5
        slope = (_solved(cost + step, b, epsilon)[0] - _solved(cost - step, b, epsilon)[0]) / 2e-5
        assert plan[i, j] == pytest.approx(slope, abs=1e-4 / 16)  # of a row's mass, as above


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_epsilon_means_the_same_at_every_scale_of_the_cost(scale):
    cost, b = _problem(3)
    centred = cost - cost.mean()  # scaled numbers keep their float32 digits
    plain = _ot(jnp.asarray(centred), jnp.asarray(b), jnp.float32(0.2), threshold=TIGHT).plan
    scaled = _ot(
        jnp.asarray(scale * centred + 1), jnp.asarray(b), jnp.float32(0.2), threshold=TIGHT
    ).plan
    assert (
        np.abs(np.asarray(plain - scaled)).max() < 2e-2 / N
    )  # at 0.01 the spread has 4 digits left


def test_large_epsilon_is_the_mean():
    cost, b = _problem(3)
    arguments = jnp.asarray(cost), jnp.asarray(b), jnp.float32(1000)
    matched, averaged = _ot(*arguments), mean(*arguments)
    # exp(-C / eps) is within max |C - mean| / (1000 spread), about 4/1000, of constant.
    assert np.abs(np.asarray(matched.plan - averaged.plan) / np.asarray(averaged.plan)).max() < 1e-2
    # The value is below the mean by variance / (2 eps), here spread / 2000 (2.5e-5), beside
    # rounding.
    assert float(matched.value) == pytest.approx(float(averaged.value), abs=5e-5)


def test_mean_is_equation_1():
    cost, _ = _problem(3)
    uniform = mean(jnp.asarray(cost), jnp.full(3, 1 / 3), jnp.float32(0.1))
    assert float(uniform.value) == pytest.approx(
        cost.astype(np.float64).mean(), abs=1e-6
    )  # float32
    weighted = mean(jnp.asarray(cost), jnp.array([0.5, 0.3, 0.2]), jnp.float32(0.1))
    expected = cost.astype(np.float64).mean(0) @ [0.5, 0.3, 0.2]
    assert float(weighted.value) == pytest.approx(expected, abs=1e-6)
    assert float(weighted.error) == 0


@pytest.mark.parametrize("b", [(0.4, 0.6), (0.9, 0.05, 0.05), (0.98, 0.02)])
@pytest.mark.parametrize("name", ["ot", "mean"])
def test_weights_are_met_as_shares(name, b):
    cost, _ = _problem(len(b))
    cost[:, 0] += 0.5  # every cutout would rather go elsewhere
    coupled = jax.jit(COUPLINGS[name])(jnp.asarray(cost), jnp.array(b), jnp.float32(0.1))
    plan = np.asarray(coupled.plan, np.float64)
    assert np.abs(plan.sum(0) - b).sum() < 1e-3
    assert np.abs(plan.sum(1) - 1 / N).sum() < 1e-3
    assert (plan >= 0).all()
    measured = np.abs(plan.sum(0) - b).sum() + np.abs(plan.sum(1) - 1 / N).sum()
    assert float(coupled.error) == pytest.approx(measured, abs=1e-5)  # sums of 64 float32


@pytest.mark.parametrize(
    "names",
    [*itertools.permutations(("ot", "mean")), ("mean", "ot", "ot", "mean"), ("ot",), ("mean",)],
)
def test_lanes_together_equal_each_lane_alone(names):
    b = _problem(3)[1]
    cost = np.stack([_problem(3, seed=lane)[0] for lane in range(len(names))])
    epsilon = np.linspace(0.1, 0.4, len(names)).astype(np.float32)
    together = couple(names, jnp.asarray(cost), jnp.asarray(b), jnp.asarray(epsilon))
    for lane, name in enumerate(names):
        alone = couple((name,), *(jnp.asarray(x) for x in (cost[[lane]], b, epsilon[[lane]])))
        # Same iterations; only the order of float32 sums may differ.
        assert np.abs(np.asarray(together.plan[lane] - alone.plan[0])).max() < 1e-5 / N
        assert float(together.value[lane]) == pytest.approx(float(alone.value[0]), abs=1e-6)
        assert float(together.error[lane]) == pytest.approx(float(alone.error[0]), abs=1e-5)


_ROW = _problem(1)[0]


@pytest.mark.parametrize("epsilon", [0.001, 0.1, 1000.0])
@pytest.mark.parametrize(
    "cost",
    [
        _ROW,
        np.repeat(_ROW, 3, 1),
        np.full((N, 3), 0.7, np.float32),
        np.tile(_problem(3)[0][:1], (N, 1)),
    ],
    ids=["one prompt", "the same prompt thrice", "constant", "cutouts all alike"],
)
def test_nothing_to_match_gives_the_mean(cost, epsilon):
    m = cost.shape[1]
    coupled = _ot(jnp.asarray(cost), jnp.full(m, 1 / m), jnp.float32(epsilon))
    if (
        epsilon >= 0.1
    ):  # below, rounding of the cost (1e-7) is as large as epsilon times the least spread
        assert np.abs(np.asarray(coupled.plan) - 1 / (N * m)).max() < 0.05 / (N * m)
    assert float(coupled.value) == pytest.approx(cost.astype(np.float64).mean(), abs=1e-6)
    assert float(coupled.error) < 1e-3


def test_lightest_share_keeps_its_mass():
    cost, _ = _problem(2)
    b = np.array([1e-6, 1 - 1e-6], np.float32)
    coupled = _ot(jnp.asarray(cost), jnp.asarray(b), jnp.float32(0.1), threshold=1e-7)
    assert np.isfinite(np.asarray(coupled.plan)).all()
    assert float(coupled.plan[:, 0].sum()) == pytest.approx(
        1e-6, rel=0.1
    )  # the error is shared by both


def test_error_tells_that_sinkhorn_stopped_short():
    cost = np.random.default_rng(0).uniform(0, 1.5, (N, 4)).astype(np.float32)
    hard = _ot(jnp.asarray(cost), jnp.full(4, 0.25), jnp.float32(0.001))
    assert float(hard.error) > 2 * THRESHOLD  # far too sharp for ITERATIONS in float32
    assert np.isfinite(np.asarray(hard.plan)).all()


# The contract, in float64: d value / d C = plan, for whatever a coupling is made of.

TAU = 0.9
EXACT = {"ot", "unbalanced", "background", "divergence"}  # what a threshold ends


@cache  # one compilation per shape
def _coupling(name: str):
    """Return a compiled function of cost, b, an absolute epsilon, a and the costs on each side."""

    @jax.jit
    def coupled(cost, b, epsilon, a, among, prompts) -> Coupled:
        options = {"threshold": 1e-10} if name in EXACT else {}
        if CARDS[name].number == "tau":
            options["tau"] = TAU
        if name == "divergence":
            options |= {"among": among, "prompts": prompts}
        unit = spread if CARDS[name].whole else deviation
        return COUPLINGS[name](cost, b, epsilon / unit(cost, a), a, **options)

    return coupled


def _within(side: int, seed: int) -> np.ndarray:
    """Return costs of unit vectors among themselves."""
    points = np.random.default_rng(seed).standard_normal((side, 8))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return 0.1 * (1 - points @ points.T)


def _slope(function, at: np.ndarray, i: int, j: int) -> float:
    step = np.zeros_like(at)
    step[i, j] = 1e-5
    return float(function(at + step) - function(at - step)) / 2e-5


@pytest.mark.parametrize("weighted", [False, True], ids=["all alike", "weighted"])
@pytest.mark.parametrize("name", COUPLINGS)
def test_plan_is_the_derivative_of_the_value(name, weighted):
    n, m = 12, 3
    cost, b = (part.astype(np.float64) for part in _problem(m, n))
    b /= b.sum()
    a = np.random.default_rng(2).uniform(0.5, 2, n) if weighted else np.ones(n)
    a /= a.sum()
    among, prompts = _within(n, 3), _within(m, 4)
    with jax.enable_x64(True):
        coupled, epsilon = _coupling(name), 0.2 * _spread(cost)
        solution = coupled(cost, b, epsilon, a, among, prompts)
        cheapest = np.unravel_index(cost.argmin(), cost.shape)  # a constant of ``background``

        def value(cost):
            return coupled(cost, b, epsilon, a, among, prompts).value

        for i, j in {(0, 0), (3, 1), (7, 2), (11, 1), (5, 0)} - {cheapest}:
            # Second differences of 1e-5 squared, beside rounding over 1e-5.
            assert solution.plan[i, j] == pytest.approx(_slope(value, cost, i, j), abs=1e-7)
        if name == "divergence":

            def repelled(among):
                return coupled(cost, b, epsilon, a, among, prompts).value

            for i, j in ((0, 1), (4, 7)):
                assert solution.among[i, j] == pytest.approx(
                    _slope(repelled, among, i, j), abs=1e-7
                )
        else:
            assert solution.among is None
        assert (np.asarray(solution.plan) >= 0).all()
        assert float(solution.error) < 1e-8


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> float:
    return float((p * np.log(p / q) - p + q).sum())


@pytest.mark.parametrize("name", ["unbalanced", "background"])
def test_unbalanced_value_is_that_of_its_plan_and_no_other_plan_is_better(name):
    n, m = 12, 3
    cost, b = (part.astype(np.float64) for part in _problem(m, n))
    b /= b.sum()
    a, epsilon = np.full(n, 1 / n), 0.2 * _spread(cost)
    price, shift = epsilon * TAU / (1 - TAU), cost.min() if name == "background" else 0.0

    def paid(plan: np.ndarray) -> float:
        total = ((cost - shift) * plan).sum() + epsilon * _relative_entropy(plan, np.outer(a, b))
        total += price * _relative_entropy(plan.sum(0), b)
        return total + shift + (shift and price * _relative_entropy(plan.sum(1), a))

    with jax.enable_x64(True):
        solution = _coupling(name)(cost, b, epsilon, a, _within(n, 3), _within(m, 4))
        plan = np.asarray(solution.plan)
    assert float(solution.value) == pytest.approx(paid(plan), abs=1e-9)  # what the threshold leaves
    rng = np.random.default_rng(5)
    for _ in range(20):
        other = plan * rng.uniform(0.9, 1.1, plan.shape)
        if name == "unbalanced":
            other *= (a / other.sum(1))[:, None]
        assert paid(other) > float(solution.value)
    if name == "unbalanced":
        assert np.abs(plan.sum(1) - a).max() < 1e-9
    else:
        assert plan.sum() < 0.9  # far cutouts stay out,
        assert np.corrcoef(plan.sum(1), cost.min(1))[0, 1] < -0.5  # and near ones do not


def test_tau_goes_from_the_nearest_prompts_to_optimal_transport():
    cost, b = (jnp.asarray(part) for part in _problem(3))
    ends = nearest(cost, b, 0.2), _ot(cost, b, jnp.float32(0.2), threshold=TIGHT)
    solve = jax.jit(unbalanced, static_argnames="tau")
    relaxed = [solve(cost, b, 0.2, tau=tau) for tau in (0.01, 0.99)]
    values = [float(one.value) for one in (ends[0], *relaxed, ends[1])]
    assert np.all(np.diff(values) > -1e-6)  # a higher price: a higher value, in float32
    apart = np.abs(np.asarray(ends[0].plan - ends[1].plan)).max()
    for one, end in zip(relaxed, ends, strict=True):
        assert (
            np.abs(np.asarray(one.plan - end.plan)).max() < 0.15 * apart
        )  # of a way of 0 to 1, 0.01 is left
        assert float(one.error) < 2 * THRESHOLD


def test_nearest_is_a_softmax_of_each_cutout():
    cost, b = _problem(3)
    solution = nearest(jnp.asarray(cost), jnp.asarray(b), jnp.float32(0.01))
    plan = np.asarray(solution.plan)
    assert np.abs(plan.sum(1) - 1 / N).max() < 1e-6 / N
    clear = np.sort(cost, 1)[:, 1] - cost.min(1) > 0.01  # 20 epsilons
    assert (plan.argmax(1) == cost.argmin(1))[clear].all()
    assert plan.max(1)[clear].min() > 0.99 / N
    # Never dearer than optimal transport, which has the same rows and also a marginal.
    assert solution.value <= ot(jnp.asarray(cost), jnp.asarray(b), jnp.float32(0.01)).value + 1e-6


def test_worst_pulls_one_prompt_at_the_cutouts_nearest_to_it():
    cost, b = _problem(3)
    cost[:, 1] += 0.5
    solution = worst(jnp.asarray(cost), jnp.asarray(b), jnp.float32(0.01))
    plan = np.asarray(solution.plan)
    assert plan.sum() == pytest.approx(1, abs=1e-5)
    assert plan[:, 1].sum() > 0.9999
    assert plan[:, 1].argmax() == cost[:, 1].argmin()
    assert plan[cost[:, 1] < np.quantile(cost[:, 1], 0.1), 1].sum() > 0.99
    # Log 64 and log b epsilons of entropy.
    assert float(solution.value) == pytest.approx(
        cost[:, 1].min(), abs=5 * 0.01 * float(cost.std())
    )


@pytest.mark.parametrize("name", ["background", "worst"])
def test_choice_among_cutouts_is_soft_with_one_prompt(name):
    """What a plan chooses cutouts by is a cost of rows, which the centred cost has not."""
    solve = COUPLINGS[name] if name == "worst" else partial(COUPLINGS[name], tau=0.97)
    kept = {}
    for scale in (1, 10):
        epsilon = jnp.float32(1.0 if name == "worst" else 0.1)
        solution = solve(jnp.asarray(scale * _ROW), jnp.ones(1), epsilon)
        kept[scale] = np.asarray(solution.plan).sum(1)
    assert np.abs(kept[1] - kept[10]).max() < 1e-4  # epsilon is relative
    near = _ROW[:, 0].argsort()
    assert (np.diff(kept[1][near]) < 1e-6).all()
    assert kept[1].max() < 0.2 * kept[1].sum()
    if name == "background":
        share = np.exp(-(_ROW - _ROW.min())[:, 0] / (0.1 / (1 - 0.97) * _ROW.std()))
        assert np.abs(kept[1] / kept[1].max() - share).max() < 1e-3


@pytest.mark.parametrize("name", ["nearest", "worst"])
def test_large_epsilon_is_the_plan_of_the_mean(name):
    cost, b = (jnp.asarray(part) for part in _problem(3))
    plan = COUPLINGS[name](cost, b, jnp.float32(1000)).plan
    assert np.abs(np.asarray(plan / mean(cost, b, 1000).plan) - 1).max() < 1e-2  # as above


def test_divergence_of_two_equal_sides_is_zero_and_so_is_its_pull():
    points = np.random.default_rng(0).standard_normal((6, 4))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    cost, a = 1 - points @ points.T, np.full(6, 1 / 6)
    with jax.enable_x64(True):
        solution = _coupling("divergence")(cost, a, 0.3 * _spread(cost), a, cost, cost)
        pull = np.asarray(solution.plan + 2 * solution.among)
    assert float(solution.value) == pytest.approx(0, abs=1e-8)
    # Moved together, u and v stay equal: what pulls u to v and what pushes it off cancel.
    assert np.abs(pull).max() < 1e-7


def test_lanes_that_use_other_costs_leave_the_others_as_they_are():
    names = "nearest", "divergence", "mean"
    b = jnp.asarray(_problem(3)[1])
    cost = np.stack([_problem(3, seed=lane)[0] for lane in range(len(names))])
    among = np.stack([_within(N, lane) for lane in range(len(names))]).astype(np.float32)
    prompts = _within(3, 9).astype(np.float32)
    epsilon = np.full(len(names), 0.2, np.float32)
    together = couple(names, cost, b, epsilon, None, among, prompts)
    for lane, name in enumerate(names):
        if name != "divergence":
            alone = COUPLINGS[name](jnp.asarray(cost[lane]), b, epsilon[lane])
            assert np.abs(np.asarray(together.plan[lane] - alone.plan)).max() < 1e-5 / N
            assert float(together.value[lane]) == pytest.approx(float(alone.value), abs=1e-6)
    pushed = [float(np.abs(part).sum()) for part in together.among]
    assert pushed == pytest.approx([0, 0.5, 0], abs=1e-3)  # half a plan, in its own lane


@pytest.mark.parametrize("coupling", ["ot", "worst"])
def test_cutout_drawn_twice_with_half_its_weight_changes_nothing(coupling):
    """Nor does epsilon's unit, so that a loss does not depend on where more cutouts were drawn."""
    cost, b = _problem(3, n=16)
    twice, a = np.concatenate([cost, cost[:4]]), np.full(20, 1 / 16, np.float32)
    a[[0, 1, 2, 3, 16, 17, 18, 19]] /= 2
    solve = partial(_ot, threshold=TIGHT) if coupling == "ot" else COUPLINGS[coupling]
    whole, split = (
        solve(jnp.asarray(rows), jnp.asarray(b), jnp.float32(0.2), jnp.asarray(own))
        for rows, own in ((cost, np.full(16, 1 / 16, np.float32)), (twice, a))
    )
    assert float(split.value) == pytest.approx(float(whole.value), abs=1e-6)  # float32 near 1.2
    plan = np.asarray(split.plan)
    merged = np.concatenate([plan[:4] + plan[16:], plan[4:16]])
    assert np.abs(merged - np.asarray(whole.plan)).max() < 1e-3 / 16
