"""Places of prompts: what lying outside costs, and what the plan makes of it."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import pytest
import torch
from helpers import CPU, objective, slope, tiny_encoder, uniform

from otgen.guidance.cutouts import sample
from otgen.guidance.exemplars import Level
from otgen.guidance.placement import HARD, SOFT, placement
from otgen.transport.couplings import ot
from otgen.transport.units import deviation, spread

PICTURE = uniform(1, 3, 32, 32, seed=4)
PLACES = ("left", "")


@pytest.fixture(scope="module")
def encoder():
    return tiny_encoder()


def test_no_places_are_no_term():
    assert placement((), (), CPU) is None


def test_outside_is_the_part_of_the_area():
    boxes = torch.tensor(
        [[0.0, 0, 0.5, 1], [0.4, 0.2, 0.8, 0.6], [0.5, 0, 1, 1], [-1, -1, 0.5, 0.5]]
    )
    actual = placement(("left", "0.5,0.5,1,1!", ""), (), CPU).outside(boxes)
    expected = [[0, 1, 0], [0.75, 1 - 0.3 * 0.1 / 0.16, 0], [1, 0.5, 0], [0, 1, 0]]
    assert torch.allclose(actual, torch.tensor(expected), atol=1e-6)


def test_outside_agrees_with_counting_points():
    boxes = torch.rand(20, 4, generator=torch.Generator().manual_seed(1))
    boxes = torch.cat([boxes[:, :2] / 2, 0.5 + boxes[:, 2:] / 2], -1)
    points = boxes[:, None, :2] + (boxes[:, 2:] - boxes[:, :2])[:, None] * uniform(20, 20_000, 2)
    inside = ((points > 0.3) & (points < torch.tensor([0.7, 0.9]))).all(-1).float().mean(1)
    outside = placement(("0.3,0.3,0.7,0.9",), (), CPU).outside(boxes)[:, 0]
    assert torch.allclose(outside, 1 - inside, atol=0.015)  # 4 deviations of 20,000 points


@pytest.mark.parametrize("weighted", [False, True])
def test_term_is_a_strength_in_units_of_epsilon_which_stays_what_it_was(weighted):
    own = uniform(16, seed=3) if weighted else torch.ones(16)
    a = own / own.sum() if weighted else None
    couplings = "ot", "background@0.9", "worst"
    where, epsilons = placement(("left", "right!", ""), couplings, CPU), [0.1, 0.5, 0.2]
    cost, boxes = uniform(3, 16, 3, seed=2), torch.rand(16, 4).sort(-1).values
    whole, epsilon = where(cost, torch.tensor(epsilons), boxes, a)
    weights = None if a is None else jnp.asarray(a.numpy())
    for lane, unit in enumerate((spread, deviation, deviation)):
        one, other = (
            float(unit(jnp.asarray(part[lane].numpy()), weights)) for part in (cost, whole)
        )
        added = one * torch.tensor([SOFT, HARD, 0]) * where.outside(boxes)
        assert torch.allclose(whole[lane] - cost[lane], added, atol=1e-5)
        assert float(epsilon[lane]) * other == pytest.approx(epsilons[lane] * one, rel=1e-5)


def _placed(encoder, places=PLACES, **options):
    look = objective(encoder, cutouts=16, **options)
    return look, replace(look, placement=placement(places, look.couplings, CPU))


def test_prompt_keeps_its_share_and_has_it_in_its_place(encoder):
    inside = {}
    for places in ((), ("left", ""), ("left!", "")):
        where = placement(("left", ""), (), CPU)
        look = objective(encoder, cutouts=64)
        look = replace(look, placement=placement(places, look.couplings, CPU))
        guided = look(PICTURE.expand(2, -1, -1, -1), 0)
        plan = guided.plan[0]
        assert torch.allclose(plan.sum(0), torch.tensor([0.5, 0.5]), atol=1e-3)
        assert torch.allclose(plan.sum(1), torch.full((64,), 1 / 64), atol=1e-3)
        boxes = torch.cat([guided.corners.amin(1), guided.corners.amax(1)], -1)
        inside[places] = 2 * float((plan[:, 0] * (1 - where.outside(boxes)[:, 0])).sum())
    free, soft, hard = inside.values()
    assert free + 0.1 < soft < hard


def test_plan_is_that_of_the_whole_cost_with_the_same_epsilon(encoder):
    look, there = _placed(encoder)
    pictures = PICTURE.expand(2, -1, -1, -1)
    plain, guided = look(pictures, 0), there(pictures, 0)
    assert torch.equal(plain.cost, guided.cost)  # what is counted and drawn is without the term
    boxes = sample(16, encoder.side, 32, 32, there.spec, there.seed, 0).boxes
    whole, epsilon = there.placement(plain.cost, there.epsilon, boxes)
    direct = ot(jnp.asarray(whole[0].numpy()), jnp.asarray(there.b.numpy()), float(epsilon[0]))
    assert torch.allclose(guided.plan[0], torch.tensor(direct.plan.tolist()), atol=1e-5)


def test_mean_of_distances_has_no_plan_to_change(encoder):
    look, there = _placed(encoder, ("left!", "right"), couplings=("mean",))
    picture = PICTURE.clone().requires_grad_()
    plain, guided = look(picture, 0), there(picture, 0)
    assert torch.equal(plain.plan, guided.plan)
    grads = [torch.autograd.grad(loss.value.sum(), picture)[0] for loss in (plain, guided)]
    assert torch.equal(*grads)


def test_one_target_of_all_prompts_has_no_place(encoder):
    """The composite lane finds cosines by the costs, which must be distances and nothing else."""
    look, there = _placed(encoder, ("left!", "right"), couplings=("composite", "ot"))
    pictures = PICTURE.expand(2, -1, -1, -1).clone().requires_grad_()
    level = Level(torch.tensor([0.0, 0.3]), torch.zeros(2))
    plain, guided = look(pictures, 0), replace(there, level=level)(pictures, 0)
    assert torch.allclose(plain.value[0], guided.value[0])
    assert torch.allclose(plain.plan[0], guided.plan[0])
    assert not torch.allclose(plain.plan[1], guided.plan[1], atol=1e-3)
    grads = [torch.autograd.grad(loss.value[0], pictures)[0] for loss in (plain, guided)]
    assert torch.allclose(*grads, atol=1e-6)


def test_one_prompt_alone_goes_everywhere(encoder):
    look, there = _placed(encoder, ("left!",), prompts=("a cat",), couplings=("ot",))
    assert torch.allclose(look(PICTURE, 0).plan, there(PICTURE, 0).plan, atol=1e-6)


@pytest.mark.parametrize("coupling", ["background@0.97", "worst"])
def test_one_prompt_alone_is_put_in_its_place_where_cutouts_are_chosen(encoder, coupling):
    look, there = _placed(encoder, ("left!",), prompts=("a cat",), couplings=(coupling,))
    plain, guided = look(PICTURE, 0), there(PICTURE, 0)
    boxes = torch.cat([guided.corners.amin(1), guided.corners.amax(1)], -1)
    inside = 1 - there.placement.outside(boxes)[:, 0]
    part = [
        float(plan @ inside / plan.sum()) for plan in (plain.plan[0, :, 0], guided.plan[0, :, 0])
    ]
    assert part[1] > part[0] + 0.1


def test_gradient_is_the_plan_s_and_equals_finite_differences(encoder):
    """Of the cost under the plan that was found: the term itself has no gradient (Danskin)."""
    _, there = _placed(encoder, ("left", "right"), couplings=("ot",))
    picture = PICTURE.clone().requires_grad_()
    loss = there(picture, 0)
    (grad,) = torch.autograd.grad(loss.value.sum(), picture)
    plan, direction = loss.plan.detach(), grad / grad.norm()
    expected = slope(lambda at: (there(at, 0).cost.double() * plan).sum(), PICTURE, direction, 0.05)
    assert float((grad * direction).sum()) == pytest.approx(expected, rel=0.02)


def test_parts_are_coupled_by_where_they_lie(encoder):
    _, there = _placed(encoder, ("left!", "right!"), couplings=("ot",))
    boxes = torch.tensor([[0.6, 0, 1, 0.4], [0, 0.5, 0.4, 1], [0.1, 0, 0.3, 0.2], [0.5, 0.5, 1, 1]])
    plan = there._plan(uniform(1, 4, 2, seed=3), there.b, boxes[None])
    assert (4 * plan[0]).argmax(-1).tolist() == [1, 0, 0, 1]
    assert (4 * plan[0]).amax(-1).min() > 0.95
