"""Cutouts that are drawn where they are needed: what their weights keep, and where they go."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import objective, slope, tiny_encoder, tiny_vqgan, uniform

from otgen.guidance import sampling
from otgen.guidance.avoidance import avoided
from otgen.guidance.cutouts import CutoutSpec, sample
from otgen.guidance.loop import descend
from otgen.transport.bridge import couple_lanes

CORNER = torch.zeros(5, 5).index_put((torch.tensor(4), torch.tensor(0)), torch.tensor(1.0))


@pytest.fixture(scope="module")
def encoder():
    return tiny_encoder()


def _sample(n: int, need: torch.Tensor, seed: int) -> sampling.Sample:
    draw = torch.Generator().manual_seed(seed)
    return sampling.draw(
        torch.rand(2, n, generator=draw), need, float(torch.rand((), generator=draw))
    )


@pytest.mark.parametrize(
    ("kind", "n", "side"),
    [
        ("stratified", 2, 1),
        ("stratified", 20, 4),
        ("stratified", 64, 8),
        ("adaptive", 7, 1),
        ("adaptive", 8, 2),
        ("adaptive", 64, 5),
        ("adaptive", 256, 8),
    ],
)
def test_every_cell_has_cutouts_and_its_part_of_the_weight(kind, n, side):
    need = sampling.first(kind, n)
    assert need.shape == (side, side)
    for seed in range(20):
        if kind == "adaptive":
            need = torch.rand(side, side, generator=torch.Generator().manual_seed(seed)) ** 8
        sample = _sample(n, need, seed)
        counts = sample.cells.bincount(minlength=side**2)
        assert counts.sum() == n
        assert counts.min() >= 1
        weights = torch.zeros(side**2).index_add_(0, sample.cells, sample.weights)
        assert torch.allclose(weights, torch.full((side**2,), 1 / side**2))
        across, down = (sample.place * side).long()
        assert torch.equal(down * side + across, sample.cells)
        alike = sampling.EVEN if kind == "adaptive" else 1
        assert sample.weights.max() <= 1 / side**2 / max(1, n * alike // side**2) + 1e-6


def test_uniform_sampling_has_no_cells_and_no_weights():
    assert sampling.first("uniform", 64) is None
    views = sample(8, 16, 32, 32, CutoutSpec(), 1, 2)
    assert views.weights.shape == views.cells.shape == (0,)


def test_numbers_of_cutouts_have_the_means_that_the_need_asks_for():
    need = torch.tensor([[0.0, 1], [2, 5]])
    offsets = (torch.arange(1000) + 0.5) / 1000
    counts = [sampling.draw(torch.zeros(2, 11), need, float(at)).cells.bincount() for at in offsets]
    expected = 11 * (0.5 / 4 + 0.5 * need.flatten() / 8)
    assert torch.allclose(torch.stack(counts).float().mean(0), expected, atol=2e-3)


def test_weighted_mean_of_what_is_linear_is_exact_whatever_the_need():
    """In a cell's middle a linear function has its mean over the cell."""
    for seed in range(10):
        need = torch.rand(5, 5, generator=torch.Generator().manual_seed(seed)) ** 4
        sample = sampling.draw(torch.full((2, 64), 0.5), need, seed / 10)
        assert torch.allclose(sample.place @ sample.weights, torch.full((2,), 0.5), atol=1e-6)
    corner = sampling.draw(torch.full((2, 64), 0.5), CORNER, 0.5)
    assert (corner.place.mean(1) - torch.tensor([0.3, 0.7])).abs().max() < 0.02  # without weights


def test_mean_loss_and_gradient_are_those_of_uniform_cutouts(encoder):
    """Over many draws, against as many uniform ones, while half of the cutouts lie in a corner."""
    look, picture = objective(encoder, ("mean",), cutouts=64), uniform(1, 3, 32, 32, seed=4)
    picture = (picture * torch.linspace(0, 1, 32)).requires_grad_()  # its places differ
    along = torch.linspace(-1, 1, 32).expand(1, 3, 32, 32)

    def measured(need):
        values = []
        for step in range(50):
            loss = look(picture, step, need)
            (grad,) = torch.autograd.grad(loss.value.sum(), picture)
            row = loss.value[0], (grad * along).sum(), loss.cost.mean()
            values.append([float(each.detach()) for each in row])
        values = np.array(values)
        return values.mean(0), values.std(0) / np.sqrt(len(values))

    (plain, error), (adaptive, own) = measured(None), measured(CORNER)
    far = np.abs(adaptive - plain) / np.hypot(error, own)
    assert (far[:2] < 3.5).all()  # deviations
    assert far[2] > 6  # had the weights been left out


def test_what_is_avoided_counts_by_weight(encoder):
    look, picture = objective(encoder, ("mean",), cutouts=64), uniform(1, 3, 32, 32, seed=4)
    term = avoided(encoder, look.v, encoder.texts(["a boat"]), [1.0], [False] * 3)
    guided = replace(look, avoided=term)(picture, 0, CORNER)
    penalty = term(guided.u)
    assert penalty.std() > 0
    more = guided.value - look(picture, 0, CORNER).value
    assert torch.allclose(more, penalty @ guided.weights, atol=1e-6)
    assert not torch.allclose(more, penalty.mean(-1), atol=1e-6)


def test_matched_loss_tends_to_that_of_all_places():
    """Cutouts are points of a square here, prompts three points; many are drawn in one corner."""
    prompts, b = torch.tensor([[0.1, 0.1], [0.9, 0.3], [0.4, 0.9]]), torch.tensor([0.2, 0.5, 0.3])

    def values(places, weights):  # one draw a lane
        cost = (places.mT[:, :, None] - prompts).square().sum(-1)  # [L, n, m]
        names, epsilon = ("ot",) * len(cost), torch.full((len(cost),), 0.1)
        return couple_lanes(cost, b, epsilon, names, weights).value

    every = (torch.arange(16) + 0.5) / 16
    grid = torch.cartesian_prod(every, every).T.expand(24, 2, 256)
    whole = float(values(grid, torch.full((256,), 1 / 256))[0])
    off = {}
    for n in (16, 256):
        need = torch.zeros_like(sampling.first("adaptive", n))
        need[-1, 0] = 1.0
        inside = torch.rand(24, 2, n, generator=torch.Generator().manual_seed(n))
        samples = [sampling.draw(one, need, 0.5) for one in inside]
        places, weights = torch.stack([one.place for one in samples]), samples[0].weights
        differences = [values(places, own).mean() - whole for own in (weights, weights * 0 + 1 / n)]
        off[n] = [abs(float(each)) / whole for each in differences]
    assert off[256][0] < 0.01 < off[16][0] / 2, off
    assert off[256][1] > 0.2, off  # had the weights been left out


@pytest.mark.parametrize("coupling", ["ot", "unbalanced@0.9", "nearest"])
def test_gradient_of_weighted_cutouts_equals_finite_differences(encoder, coupling):
    look = replace(objective(encoder, (coupling,), cutouts=64), adaptive=True)
    picture = uniform(1, 3, 32, 32, seed=4).requires_grad_()
    loss = look(picture, 0, CORNER)
    assert loss.weights.max() > 5 * loss.weights.min()
    (grad,) = torch.autograd.grad(loss.value.sum(), picture)
    direction = grad / grad.norm()
    expected = slope(
        lambda picture: look(picture, 0, CORNER).value.double().sum(),
        picture.detach(),
        direction,
        0.1,
    )
    # As for uniform cutouts; and epsilon's unit, which moves with the cost, counts as a constant.
    assert float((grad * direction).sum()) == pytest.approx(expected, rel=0.1)


def test_need_is_where_a_prompt_lacks_cutouts_or_the_plan_is_undecided():
    cells, weights, b = torch.tensor([0, 1, 2, 3]), torch.full((4,), 0.25), torch.tensor([0.5, 0.5])
    # All cutouts are nearest to the first prompt; the second is given two, one of them halfway.
    cost = torch.tensor([[[0.1, 0.9], [0.1, 0.9], [0.1, 0.2], [0.1, 0.2]]])
    plan = torch.tensor([[[0.25, 0], [0.25, 0], [0.125, 0.125], [0, 0.25]]])
    need_after = sampling.seen(torch.zeros(2, 2), cells, plan, cost, b, weights) / sampling.PACE
    assert torch.allclose(need_after.flatten(), torch.tensor([0, 0, 0.75, 0.5]))
    alike = torch.tensor([[[0.125, 0.125]] * 4])
    flat = sampling.seen(torch.ones(2, 2), cells, alike, cost, b, weights)
    assert torch.allclose(flat, flat.mean().expand(2, 2))  # the mean's plan knows no places
    rest = plan.sum(-1, True), cost[..., :1], torch.ones(1), weights
    one = sampling.seen(torch.ones(2, 2), cells, *rest)
    assert torch.allclose(one, torch.full((2, 2), 1 - sampling.PACE))  # of one prompt, nothing


def test_run_follows_its_need_and_goes_on_from_a_snapshot(encoder):
    look = replace(objective(encoder, cutouts=18), adaptive=True)
    first = sampling.first("adaptive", 18)
    whole = list(descend(tiny_vqgan(), look, 2, 1, 4, need=first))
    assert torch.equal(whole[0].need, first)
    for before, after in itertools.pairwise(whole):
        assert torch.equal(before.loss.need, after.need)
    assert whole[3].need.max() > 1.1 * whole[3].need.min()
    middle = whole[2]
    again = list(descend(tiny_vqgan(), look, 2, 1, 4, 2, middle.state, middle.need))
    for one, other in zip(whole[2:], again, strict=True):
        assert torch.equal(one.image, other.image)
        assert torch.equal(one.loss.corners, other.loss.corners)
    plain = list(descend(tiny_vqgan(), objective(encoder, cutouts=18), 2, 1, 4))
    assert not torch.equal(plain[-1].image, whole[-1].image)
