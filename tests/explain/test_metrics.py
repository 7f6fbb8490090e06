"""Numbers against brute force; Eq. 7 against finite differences of an independent loss."""

import itertools
import math

import numpy as np
import pytest
import torch
from matplotlib.path import Path
from records import counts, record

from otgen.explain import metrics
from otgen.explain.territory import density, footprints, territory
from otgen.run.recorder import diversity
from otgen.transport.bridge import couple_lanes
from otgen.transport.distances import DISTANCES
from otgen.transport.pushforward import tangents

EPSILON = 0.3


def unit(rows: int, width: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, width))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_groups_agree_with_brute_force_and_the_first_six_are_the_closest():
    cost = np.random.default_rng(3).uniform(size=(64, 5))
    groups = metrics.groups(cost)
    for prompt, members in enumerate(groups):
        brute = [i for i in range(64) if min(range(5), key=lambda j, i=i: cost[i, j]) == prompt]
        assert sorted(members) == brute
        others = set(brute) - set(members[: metrics.CLOSEST])
        assert all(cost[i, prompt] <= cost[k, prompt] for i in members[:6] for k in others)
    assert [len(members) for members in groups] == counts(cost).tolist()
    assert sum(map(len, groups)) == 64


def test_balance_is_the_papers_difference():
    assert metrics.balance(np.array([36, 28])) == pytest.approx(0.9887, abs=1e-4)
    assert metrics.balance(np.array([49, 15])) == pytest.approx(0.7856, abs=1e-4)
    assert math.copysign(1, metrics.balance(np.array([64, 0]))) == 1  # not -0.0


def test_correlation_is_pearsons_and_zero_for_one_prompt_or_a_constant():
    cost = np.random.default_rng(1).uniform(size=(50, 4))
    np.testing.assert_allclose(metrics.correlations(cost), np.corrcoef(cost.T), atol=1e-12)
    opposed = np.stack([cost[:, 0], 1 - cost[:, 0]], -1)
    assert metrics.correlation(opposed) == pytest.approx(-1)
    assert metrics.correlation(cost[:, :1]) == 0
    assert metrics.correlation(np.ones((9, 2))) == 0


def test_numbers_of_weighted_cutouts_are_those_of_each_counted_so_often():
    """A cutout of three times the weight of another counts as three of it."""
    draw = np.random.default_rng(2)
    cost, pull = draw.uniform(size=(12, 3)), draw.normal(size=(12, 3))
    often = draw.integers(1, 4, 12)
    weights = often / often.sum()
    for measure, values in ((metrics.correlation, cost), (metrics.resultant, pull)):
        assert measure(values, weights) == pytest.approx(measure(np.repeat(values, often, 0)))
        assert measure(values, weights) != pytest.approx(measure(values), abs=1e-3)
    assert metrics.effective(np.full(12, 1 / 12)) == pytest.approx(12)
    assert metrics.effective(np.array([0.5, 0.25, 0.25])) == pytest.approx(1 / 0.375)


def test_resultant_is_one_for_parallel_and_zero_for_opposed_vectors():
    assert metrics.resultant(np.array([[1.0, 2], [2, 4], [0, 0]])) == pytest.approx(1)
    assert metrics.resultant(np.array([[1.0, 2], [-3, -6]])) == pytest.approx(0)
    right_angle = np.array([[5.0, 0], [0, 0.1]])
    assert metrics.resultant(right_angle) == pytest.approx(math.sqrt(0.5))
    assert metrics.resultant(np.zeros((3, 2))) == 0


def test_coverage_is_the_mean_of_the_best_five():
    similarity = np.random.default_rng(2).uniform(size=(20, 3))
    best = [sum(sorted(similarity[:, j])[-5:]) / 5 for j in range(3)]
    np.testing.assert_allclose(metrics.coverage(similarity), best)


def test_starved_is_measured_against_the_share_asked_for():
    shares = np.array([0.75, 0.25])
    assert metrics.starved(np.array([48, 16]), shares) == ()
    assert metrics.starved(np.array([62, 2]), shares) == (1,)
    assert metrics.starved(np.array([0, 1, 63]), np.full(3, 1 / 3)) == (0, 1)


def test_diversity_is_the_mean_over_pairs():
    u = unit(12, 6, 0)
    pairs = [1 - u[i] @ u[k] for i, k in itertools.combinations(range(12), 2)]
    value = diversity(torch.tensor(u)[None], torch.zeros(0))
    assert value.item() == pytest.approx(np.mean(pairs), abs=1e-12)
    alike = torch.full((len(u),), 1 / len(u), dtype=torch.float64)
    weighted = diversity(torch.tensor(u)[None], alike)
    assert weighted.item() == pytest.approx(np.mean(pairs), abs=1e-12)


def test_numbers_and_curves_end_alike():
    made = record()
    over = metrics.curves(made)
    for lane in range(2):
        last = metrics.numbers(made, lane)
        assert over.balance[-1, lane] == last.balance
        assert over.correlation[-1, lane] == last.correlation
        assert over.resultant[-1, lane] == last.resultant
        assert over.least[-1, lane] == min(last.coverage)


# An independent double precision implementation of the whole loss, for finite differences.

_INDEPENDENT = {
    "cosine": lambda u, v: ((u[:, None] - v) ** 2).sum(-1) / 2,
    "geodesic": lambda u, v: np.arctan2(np.sqrt(np.maximum(0, 1 - (u @ v.T) ** 2)), u @ v.T),
    "great-circle": lambda u, v: 2 * np.arcsin(np.linalg.norm(u[:, None] - v, axis=-1) / 2) ** 2,
    "euclidean": lambda u, v: np.linalg.norm(u[:, None] - v, axis=-1),
}


def _logsumexp(x: np.ndarray, axis: int) -> np.ndarray:
    top = x.max(axis, keepdims=True)
    return (top + np.log(np.exp(x - top).sum(axis, keepdims=True))).squeeze(axis)


def _loss(coupling: str, cost: np.ndarray, b: np.ndarray, epsilon: float) -> float:
    """The mean, or entropic OT by log-domain Sinkhorn run to convergence; epsilon is absolute."""
    n = len(cost)
    if coupling == "mean":
        return float((cost * b / n).sum())
    g = np.zeros(len(b))
    for _ in range(3000):
        f = -epsilon * _logsumexp((g - cost) / epsilon + np.log(b), 1)
        before, g = g, -epsilon * _logsumexp((f[:, None] - cost) / epsilon - math.log(n), 0)
        if np.abs(g - before).max() < 1e-15:
            break
    plan = np.exp((f[:, None] + g - cost) / epsilon) * b / n
    return float((cost * plan).sum() + epsilon * (plan * np.log(plan * n / b)).sum())


def _along(u: np.ndarray, i: int, direction: np.ndarray, t: float) -> np.ndarray:
    """Move u_i along a great circle."""
    moved, length = u.copy(), np.linalg.norm(direction)
    moved[i] = np.cos(t * length) * u[i] + np.sin(t * length) * direction / length
    return moved


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("coupling", ["ot", "mean"])
@pytest.mark.parametrize("m", [2, 5])
def test_tangents_agree_with_a_finite_difference_pushforward(distance, coupling, m):
    n, d, h = 6, 4, 1e-4
    u, v = unit(n, d, 7), unit(m, d, 8)
    b = np.arange(1, m + 1) / (m * (m + 1) / 2)
    measure = _INDEPENDENT[distance]
    cost = measure(u, v)
    centred = cost - cost.mean(0) - cost.mean(1, keepdims=True) + cost.mean()
    epsilon = EPSILON * centred.std()  # held fixed while u moves, as the loss holds it

    def loss(at: np.ndarray) -> float:
        return _loss(coupling, measure(at, v), b, epsilon)

    pushed = np.zeros((n, m))
    for i in range(n):
        basis = np.linalg.svd(u[i][None])[2][1:]  # of the sphere's tangent space at u_i
        slopes = [(loss(_along(u, i, e, h)) - loss(_along(u, i, e, -h))) / (2 * h) for e in basis]
        gradient = np.array(slopes) @ basis
        ahead, behind = (measure(_along(u, i, gradient, t), v)[i] for t in (h, -h))
        pushed[i] = (ahead - behind) / (2 * h)

    as_torch = [torch.tensor(x, dtype=torch.float32) for x in (u[None], v, cost[None], b)]
    coupled = couple_lanes(as_torch[2], as_torch[3], torch.tensor([EPSILON]), (coupling,))
    pushes = tangents(as_torch[0], as_torch[1], coupled.plan, distance)[0].numpy()
    # Sinkhorn stops where the plan's marginals are off by 5e-4 in all; the rest is float32.
    np.testing.assert_allclose(pushes, pushed, atol=2e-3 * np.abs(pushed).max())


def test_tangents_leave_no_graph_and_are_finite_at_a_prompt():
    v = torch.tensor(unit(2, 4, 0), dtype=torch.float32)
    for distance in DISTANCES:
        pushes = tangents(v[None].clone(), v, torch.full((1, 2, 2), 0.25), distance)
        assert pushes.isfinite().all()
        assert not pushes.requires_grad


def test_footprints_agree_with_point_in_polygon_and_sum_to_one():
    corners = record().corners[0]
    prints = footprints(corners, 24, 32)
    np.testing.assert_allclose(prints.sum((1, 2)), 1)
    x, y = np.meshgrid((np.arange(32) + 0.5) / 32, (np.arange(24) + 0.5) / 24)
    for quad, print_ in zip(corners, prints, strict=True):
        inside = Path(quad).contains_points(np.stack([x, y], -1).reshape(-1, 2)).reshape(24, 32)
        half = print_.max() / 2  # a centre exactly on an edge is half covered
        assert (inside == (print_ > half)).mean() > 0.999


def test_footprint_too_small_for_a_cell_fills_one():
    speck = np.array([[[0.501, 0.501], [0.502, 0.501], [0.502, 0.502], [0.501, 0.502]]])
    prints = footprints(speck, 8, 8)
    assert prints.sum() == 1
    assert prints[0, 4, 4] == 1


@pytest.mark.parametrize("moment", [-1, 0])
def test_transport_map_sums_to_the_share(moment):
    made = record()
    for lane in range(2):
        region = territory(made, lane, moment)
        np.testing.assert_allclose(region.mass.sum((1, 2)), made.shares, atol=1e-5)
        np.testing.assert_allclose(region.owned.sum(0), 1, atol=1e-12)


def test_transport_map_of_the_mean_is_the_share_everywhere():
    made = record()
    region = territory(made, 1)
    shares = np.broadcast_to(made.shares[:, None, None], region.owned.shape)
    np.testing.assert_allclose(region.owned, shares, atol=1e-5)


def test_transport_map_puts_a_prompt_where_its_cutouts_are():
    left = np.array([[0, 0], [0.5, 0], [0.5, 1], [0, 1]])
    corners = np.stack([left, left + np.array([0.5, 0])])[None]  # [1, 2, 4, 2]
    plan = np.array([[[[0.5, 0], [0, 0.5]]]])  # [1, 1, 2, 2]
    made = record(("ot",), 2, n=2, recent_plan=plan, recent_corners=corners)
    region = territory(made, 0)
    half = region.mass.shape[2] // 2
    # An edge is smooth over one cell of 32.
    assert region.mass[0, :, : half - 1].sum() > 0.5 * 30 / 32
    assert region.owned[1, :, half + 1 :].min() > 0.97


def test_where_cutouts_were_drawn_is_told_by_their_weights():
    left = np.array([[0, 0], [0.5, 0], [0.5, 1], [0, 1]])
    corners = np.stack([left] * 3 + [left + np.array([0.5, 0])])[None]  # three left, one right
    weights = np.array([[1 / 6, 1 / 6, 1 / 6, 1 / 2]])
    plan = np.full((1, 1, 4, 2), 0.125)
    made = record(("ot",), 2, n=4, moments=1, recent_plan=plan, recent_corners=corners)
    assert density(made) is None  # an older result, or one of equal weights
    alike = np.full((1, 4), 0.25, np.float32)
    assert density(made._replace(weights=alike, recent_weights=alike)) is None
    weighted = density(made._replace(weights=weights, recent_weights=weights))
    across = weighted.times.mean(0)
    half = len(across) // 2
    # A twentieth of the average cover, uniform, leans on either side: 0.75 and 0.25 of 0.5.
    assert across[: half - 1] == pytest.approx((1.5 + 0.05) / 1.05, rel=0.02)
    assert across[half + 1 :] == pytest.approx((0.5 + 0.05) / 1.05, rel=0.02)
    assert (weighted.effective, weighted.of) == (pytest.approx(3), 4)


def test_tangents_hold_what_pushes_cutouts_apart():
    draw = torch.Generator().manual_seed(3)
    u = torch.nn.functional.normalize(torch.randn(1, 5, 4, generator=draw), dim=-1)
    v = torch.nn.functional.normalize(torch.randn(2, 4, generator=draw), dim=-1)
    plan, among = torch.rand(1, 5, 2, generator=draw), -torch.rand(1, 5, 5, generator=draw)
    of, step = DISTANCES["great-circle"], 1e-3

    def loss(at: torch.Tensor) -> torch.Tensor:
        at = torch.nn.functional.normalize(at, dim=-1)
        return (plan * of(at, v)).sum() + (among * of(at, at)).sum()

    (slope,) = torch.autograd.grad(loss(x := u.clone().requires_grad_()), x)
    moved = torch.nn.functional.normalize(u + step * slope, dim=-1)
    back = torch.nn.functional.normalize(u - step * slope, dim=-1)
    expected = (of(moved, v) - of(back, v)) / (2 * step)
    actual = tangents(u, v, plan, "great-circle", among)
    assert torch.allclose(actual, expected, atol=2e-3 * float(expected.abs().max()))  # float32
    assert not torch.allclose(actual, tangents(u, v, plan, "great-circle"), atol=1e-2)


def test_map_of_a_plan_that_leaves_cutouts_out_holds_what_is_left():
    made = record(m=2)
    left = made._replace(recent_plan=made.recent_plan * 0.3)
    whole, part, none = (
        territory(one, 0) for one in (made, left, made._replace(recent_plan=made.recent_plan * 0))
    )
    assert np.allclose(part.mass, 0.3 * whole.mass)
    assert np.allclose(part.owned, whole.owned)  # of the mass there
    assert np.isfinite(none.owned).all()
    assert metrics.numbers(left._replace(plan=made.plan * 0.3), 0).mass == pytest.approx(
        0.3 * made.shares, abs=1e-4
    )


def test_placed_is_how_far_the_nearest_cutouts_lie_in_the_place():
    quads = [(0, 0, 0.4, 0.4), (0.3, 0, 0.7, 0.4), (0.6, 0.6, 1, 1)]
    corners = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]] for x0, y0, x1, y1 in quads])
    cost = np.array([[0.0, 1, 1], [0, 1, 1], [1, 0, 1]])[None, None]
    made = record(lanes=("ot",), n=3, cost=cost, corners=corners[None], places=("left", "", "top"))
    assert metrics.placed(made, 0) == [pytest.approx(0.75), None, None]
