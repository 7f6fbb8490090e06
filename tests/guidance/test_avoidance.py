"""Negative prompts: what they cost a picture, and where that ends."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from helpers import objective, slope, tiny_encoder, uniform, units
from torch.nn import functional as F

from otgen.guidance.avoidance import MARGIN, Avoided, avoided
from otgen.guidance.exemplars import RISE, SHOWN, embedded

PICTURE = uniform(1, 3, 32, 32, seed=4)


@pytest.fixture(scope="module")
def encoder():
    return tiny_encoder()


@pytest.fixture(scope="module")
def away(encoder):
    """What is avoided where everything is taken to show it, so that all cutouts are pushed."""
    v = encoder.texts(["a cat", "a castle"])
    negative = embedded(encoder, ["a boat", PICTURE[0].permute(1, 2, 0).numpy()])
    term = avoided(encoder, v, negative, [2.0, 0.5], [False, False, False, True])
    return term._replace(blank=term.blank - torch.tensor([0, 0, 0.5, 0.5]))


def test_blank_is_what_grey_pictures_have(encoder):
    v = encoder.texts(["a cat"])
    term = avoided(encoder, v, encoder.texts(["a boat"]), [2.0], [False, False])
    assert term.weights.tolist() == [2.0]
    assert term.scale == pytest.approx(float(encoder.model.logit_scale.exp()))
    assert torch.equal(term.v, torch.cat([v, encoder.texts(["a boat"])]))
    greys = torch.tensor([0.2, 0.5, 0.8])[:, None, None, None].expand(-1, 3, 16, 16)
    blank = (encoder.crops(greys) @ term.v.T).mean(0)
    assert torch.allclose(term.blank, blank, atol=1e-6)
    assert term.alike.tolist() == [1, 1]
    assert (term.nearer(encoder.crops(greys)) < 0).all()  # a blank picture is let be


def _axes(scale: float = 20.0) -> Avoided:
    """A prompt and a negative one of weight 3, at right angles; blank pictures have 0.1 and 0."""
    return Avoided(
        torch.eye(2), torch.tensor([0.1, 0.0]), torch.tensor([3.0]), scale, torch.ones(2)
    )


def test_cutout_is_compared_with_the_nearest_prompt_and_with_a_blank_picture():
    u = torch.tensor([[0.6, 0.8], [0.8, 0.6], [-1.0, 0.0]])
    expected = torch.tensor([[0.8 - 0.5], [0.6 - 0.7], [0.0 - MARGIN / 20]])
    assert torch.allclose(_axes().nearer(u), expected, atol=1e-6)


@pytest.mark.parametrize("pictures", [(True, False), (False, True)], ids=["prompt", "negative"])
def test_picture_and_text_are_compared_by_how_far_each_is_shown(pictures):
    """At the scale of the usual CLIPs, where pictures rise further above blank than texts."""
    encoder, scale = tiny_encoder(), 100.0
    encoder.model.logit_scale.data.fill_(math.log(scale))
    v = embedded(encoder, [PICTURE[0].permute(1, 2, 0).numpy(), "a boat"])
    v = v if pictures[0] else v.flip(0)
    away = avoided(encoder, v[:1], v[1:], [1.0], pictures)
    rise = torch.where(torch.tensor(pictures), SHOWN * (1 - away.blank), RISE / scale)
    parts = torch.tensor([[0.5, 1], [1, 0.5], [1, 1], [0, 1]])  # shown, of the prompt and the other
    u = (away.blank + parts * rise) @ torch.linalg.pinv(v).T
    expected = torch.tensor([0.5, -0.5, 0, 1 - MARGIN / RISE]) * RISE / scale
    assert torch.allclose(away.nearer(u)[:, 0], expected, atol=1e-5)


def test_penalty_is_a_weighted_softplus_of_logits():
    u = units(3, 5, 2, seed=1)
    expected = 3 * F.softplus(20 * _axes().nearer(u)[..., 0]) / 20
    assert torch.allclose(_axes()(u), expected, atol=1e-6)


def test_push_ends_where_the_prompt_is_nearer():
    """Where it shows, the slope is that of the two cosines; where it does not, there is none."""
    angle = torch.tensor([0.1, 1.2], requires_grad=True)
    away = _axes(100.0)
    u = torch.stack([angle.cos(), angle.sin()], -1)
    (pushed,) = torch.autograd.grad(away(u).sum(), angle)
    shown = 3 * (angle[1].cos() + angle[1].sin()).item()
    assert pushed.tolist() == pytest.approx([0, shown], abs=1e-4)


@pytest.mark.parametrize("couplings", [("mean",), ("mean", "mean")])
def test_gradient_equals_finite_differences(encoder, away, couplings):
    look = replace(objective(encoder, couplings=couplings), avoided=away)
    alone = replace(look, avoided=None)

    def value(picture):
        """Return what the negative prompts add."""
        lanes = picture.expand(len(couplings), -1, -1, -1)
        return (look(lanes, 0).value - alone(lanes, 0).value).sum()

    picture = PICTURE.clone().requires_grad_()
    (grad,) = torch.autograd.grad(value(picture), picture)
    direction = grad / grad.norm()
    expected = slope(lambda at: value(at).double(), PICTURE, direction, 0.1)
    # Values near 1 in float32 over a width of 0.2: 1e-6; and the curvature over that width.
    assert float((grad * direction).sum()) == pytest.approx(expected, rel=0.05)


def test_negative_prompts_add_the_same_in_every_lane_and_change_no_plan(encoder, away):
    look = objective(encoder)
    pictures = PICTURE.expand(2, -1, -1, -1)
    plain, pushed = look(pictures, 0), replace(look, avoided=away)(pictures, 0)
    assert torch.equal(plain.plan, pushed.plan)
    assert torch.equal(plain.cost, pushed.cost)
    added = pushed.value - plain.value
    assert torch.allclose(added, away(plain.u).mean(-1), atol=1e-6)
    assert added[0] == pytest.approx(added[1].item(), abs=1e-6)


def test_parts_cost_more_for_what_they_show_and_are_matched_alike(encoder, away):
    look = objective(encoder)
    parts = uniform(2, 4, 3, 16, 16, seed=2)
    plain, pushed = look.opinion(parts), replace(look, avoided=away).opinion(parts)
    more = pushed.cost - plain.cost  # [L, k, m]
    assert torch.allclose(more, more[..., :1].expand_as(more), atol=1e-6)
    assert (more > 0).all()
    assert torch.equal(plain.cosine, pushed.cosine)
    boxes = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(2, 4, 4)
    plans = [answer.couple(answer.cost, answer.shares, boxes) for answer in (plain, pushed)]
    assert torch.allclose(*plans, atol=1e-4)  # Sinkhorn's threshold
