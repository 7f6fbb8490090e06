"""What sprites try on, and how the lane's own coupling says which of it serves."""

from __future__ import annotations

import pytest
import torch

from otgen.cutouts import CutoutSpec
from otgen.objective import Objective
from otgen.opinion import Answer
from otgen.storybook import trials
from otgen.storybook.compositor import squares

THINGS, PROMPTS = 5, 2


def objective(*couplings: str, shares=(0.5, 0.5)) -> Objective:
    """Return an objective that couples; its encoder is asked nothing."""
    lanes = len(couplings)
    return Objective(
        None,
        torch.eye(PROMPTS),
        torch.tensor(shares),
        couplings,
        torch.full((lanes,), 0.1),
        "cosine",
        12,
        CutoutSpec(),
        seed=1,
    )


def answer(cost: torch.Tensor, *couplings: str, **named) -> Answer:
    return Answer(cost.flatten(1, 2), objective(*couplings, **named)._plan)


def table(sprites: int) -> torch.Tensor:
    """Thing 0 is prompt 0, thing 1 is prompt 1 and a little dearer; nothing is worth little."""
    cost = torch.full((1, sprites, 1 + THINGS, PROMPTS), 1.0)
    cost[:, :, 1, 0], cost[:, :, 2, 1] = 0.3, 0.4
    # No two squares are quite alike.
    return cost + 0.02 * torch.rand(cost.shape, generator=torch.Generator().manual_seed(3))


def tried(cost: torch.Tensor, *couplings: str, times: int = 4, gone=None, **named):
    sprites = cost.shape[1]
    lanes = len(couplings)
    things = torch.zeros(lanes, sprites, THINGS)
    which = torch.arange(THINGS).expand(lanes, sprites, -1)
    gone = torch.zeros(lanes, sprites, dtype=torch.bool) if gone is None else gone
    for _ in range(times):
        things, saved = trials.learned(
            things, which, gone, answer(cost, *couplings, **named), heat=1.0, rate=6.0
        )
    return things, saved


def test_transport_gives_every_prompt_its_sprites():
    things, _ = tried(table(6), "ot")
    most = things.softmax(-1).max(-1)
    assert (most.values > 0.8).all()
    assert sorted(most.indices[0].tolist()) == [0, 0, 0, 1, 1, 1]


def test_shares_are_those_asked_for():
    things, _ = tried(table(6), "ot", shares=(2 / 3, 1 / 3))
    assert sorted(things.argmax(-1)[0].tolist()) == [0, 0, 0, 0, 1, 1]


def test_under_the_mean_all_follow_what_is_best_on_average():
    things, _ = tried(table(6), "mean")
    assert things.argmax(-1)[0].tolist() == [0] * 6


def test_lanes_learn_apart_from_what_they_share():
    both, _ = tried(table(6), "ot", "mean")
    ot, _ = tried(table(6), "ot")
    mean, _ = tried(table(6), "mean")
    torch.testing.assert_close(both, torch.cat([ot, mean]), rtol=1e-4, atol=1e-4)


def test_what_was_not_tried_on_stays():
    things = torch.randn(1, 3, THINGS, generator=torch.Generator().manual_seed(1))
    which = torch.tensor([[[0, 1], [1, 2], [3, 4]]])
    cost = table(3)[:, :, :3]
    gone = torch.zeros(1, 3, dtype=torch.bool)
    moved, _ = trials.learned(things, which, gone, answer(cost, "ot"), heat=1.0, rate=6.0)
    same = torch.ones_like(things, dtype=torch.bool).scatter(-1, which, False)
    torch.testing.assert_close(moved[same], things[same])
    assert (moved[~same] != things[~same]).all()


def test_nothing_serves_a_prompt_that_the_ground_shows():
    cost = table(6)
    cost[:, :, 0, 1] = 0.1  # the ground alone is prompt 1
    cost[:, :, 1:, 1] = 0.8
    things, saved = tried(cost, "ot")
    kept = saved[0] < 0
    assert 2 <= int(kept.sum()) <= 4
    assert (things.argmax(-1)[0][kept] == 0).all()


def test_hidden_sprites_count_as_nothing():
    """Two of four are hidden where the ground is prompt 1: the others are free for prompt 0."""
    cost = table(4)
    cost[:, :, 0, 1], cost[:, :, 0, 0] = 0.1, 1.0
    gone = torch.tensor([[True, True, False, False]])
    things, _ = tried(cost, "ot", gone=gone)
    assert things.argmax(-1)[0, 2:].tolist() == [0, 0]


def test_plan_of_parts_has_their_masses_and_the_prompts_shares():
    cost = torch.rand(2, 6, PROMPTS, generator=torch.Generator().manual_seed(0))
    plan = objective("ot", "mean", shares=(0.75, 0.25))._plan(cost)
    torch.testing.assert_close(plan.sum(-1), torch.full((2, 6), 1 / 6))
    torch.testing.assert_close(plan.sum(1), torch.tensor([[0.75, 0.25]] * 2), atol=0.01, rtol=0)
    torch.testing.assert_close(plan[1], torch.tensor([[0.75, 0.25]]).expand(6, -1) / 6)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_squares_show_the_ground_alone_then_each_thing_before_it(side):
    draw = torch.Generator().manual_seed(2)
    ground = torch.rand(1, 3, 64, 64, generator=draw)
    boxes = torch.tensor([[[0.25, 0.25, 0.75, 0.75]]])
    red, clear = torch.zeros(2, 4, 16, 16)
    red[0], red[3] = 1.0, 1.0
    red[:, :, 8:] = 0.0  # the left half
    drawings = torch.stack([red, clear])[None, None]
    seen = trials.pictured(drawings, torch.zeros(1, 1, 6), torch.tensor([side]), ground, boxes)
    assert seen.shape == (1, 1, 3, 3, trials.SIDE, trials.SIDE)
    alone, half, nothing = seen[0, 0]
    torch.testing.assert_close(alone, squares(ground, boxes, trials.SIDE)[0])
    torch.testing.assert_close(nothing, alone)
    left, right = half[..., 10:38, 6:20], half[..., 10:38, 28:]
    covered, bare = (left, right) if side > 0 else (half[..., 10:38, 28:42], half[..., 10:38, :20])
    torch.testing.assert_close(covered[0], torch.ones_like(covered[0]))
    torch.testing.assert_close(bare, alone[..., 10:38, 28:] if side > 0 else alone[..., 10:38, :20])
