"""What sprites try on, and how the lane's own coupling says which of it serves."""

from __future__ import annotations

import pytest
import torch

from otgen.guidance.cutouts import CutoutSpec
from otgen.guidance.objective import Objective
from otgen.painters.opinion import Answer
from otgen.painters.storybook import trials
from otgen.painters.storybook.compositor import squares

THINGS, PLACES, PROMPTS = 5, 4, 2


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


def answer(cost: torch.Tensor, places: torch.Tensor, *couplings: str, **named) -> Answer:
    asked = objective(*couplings, **named)
    parts = torch.cat([cost.flatten(1, 2), places], 1)
    return Answer(parts, 1 - parts, asked.b, asked._plan)


def table(sprites: int) -> torch.Tensor:
    """Thing 0 is prompt 0, thing 1 is prompt 1 and a little dearer; nothing is worth little."""
    cost = torch.full((1, sprites, 1 + THINGS, PROMPTS), 1.0)
    cost[:, :, 1, 0], cost[:, :, 2, 1] = 0.3, 0.4
    # No two squares are quite alike.
    return cost + 0.02 * torch.rand(cost.shape, generator=torch.Generator().manual_seed(3))


BARE = torch.full((1, PLACES, PROMPTS), 1.0)  # places that are no prompt's


def tried(cost: torch.Tensor, *couplings: str, times: int = 4, gone=None, places=BARE, **named):
    """Let sprites try everything on some times; return the last ``Learned``."""
    sprites, lanes = cost.shape[1], len(couplings)
    found = trials.Learned(
        torch.zeros(lanes, sprites, THINGS), torch.zeros(lanes, 2, PLACES), None, None
    )
    which = torch.arange(THINGS).expand(lanes, sprites, -1)
    gone = torch.zeros(lanes, sprites, dtype=torch.bool) if gone is None else gone
    for _ in range(times):
        found = trials.learned(
            found.things,
            found.grounds,
            trials.Trial(which, gone, found.first),
            answer(cost, places, *couplings, **named),
            heat=1.0,
            rate=6.0,
        )
    return found


def test_transport_gives_every_prompt_its_sprites():
    most = tried(table(6), "ot").things.softmax(-1).max(-1)
    assert (most.values > 0.8).all()
    assert sorted(most.indices[0].tolist()) == [0, 0, 0, 1, 1, 1]


def test_shares_are_those_asked_for():
    things = tried(table(6), "ot", shares=(2 / 3, 1 / 3)).things
    assert sorted(things.argmax(-1)[0].tolist()) == [0, 0, 0, 0, 1, 1]


def test_under_the_mean_all_follow_what_is_best_on_average():
    assert tried(table(6), "mean").things.argmax(-1)[0].tolist() == [0] * 6


def test_lanes_learn_apart_from_what_they_share():
    both = tried(table(6), "ot", "mean")
    alone = [tried(table(6), lane) for lane in ("ot", "mean")]
    for name in ("things", "grounds"):
        apart = torch.cat([getattr(found, name) for found in alone])
        torch.testing.assert_close(getattr(both, name), apart, rtol=1e-4, atol=1e-4)


def test_what_was_not_tried_on_stays():
    things = torch.randn(1, 3, THINGS, generator=torch.Generator().manual_seed(1))
    which = torch.tensor([[[0, 1], [1, 2], [3, 4]]])
    gone = torch.zeros(1, 3, dtype=torch.bool)
    moved = trials.learned(
        things,
        torch.zeros(1, 2, PLACES),
        trials.Trial(which, gone, None),
        answer(table(3)[:, :, :3], BARE, "ot"),
        heat=1.0,
        rate=6.0,
    ).things
    same = torch.ones_like(things, dtype=torch.bool).scatter(-1, which, False)
    torch.testing.assert_close(moved[same], things[same])
    assert (moved[~same] != things[~same]).all()


def test_prompt_of_a_place_is_the_grounds_and_no_sprites():
    """Prompt 1 is place 2's: sprites leave it alone, so that no junk is made to carry its share."""
    cost, places = table(6), BARE.clone()
    cost[:, :, 1:, 1] = 0.9
    places[:, 2, 1] = 0.4
    found = tried(cost, "ot", places=places)
    assert found.first.backdrop[1] > 0.9 > 0.1 > found.first.backdrop[0]
    assert found.things.argmax(-1)[0].tolist() == [0] * 6
    assert found.grounds.argmax(-1)[0].tolist() == [2, 2]
    assert not found.poor.any()


def test_places_stay_where_no_prompt_is_theirs():
    assert (tried(table(6), "ot").grounds == 0).all()


def test_nearest_things_of_each_prompt_are_named_whatever_order_they_were_tried_in():
    cost, draw = table(3), torch.Generator().manual_seed(5)
    order = torch.stack([torch.randperm(THINGS, generator=draw) for _ in range(3)])[None]
    things = cost[:, :, 1:].gather(2, order[..., None].expand(-1, -1, -1, PROMPTS))
    first = trials._first(things, BARE, order)
    assert 0 in first.nearest.tolist()
    assert 1 in first.nearest.tolist()
    assert (first.backdrop < 0.1).all()


def test_sprite_that_serves_no_better_than_nothing_is_poor():
    cost = table(4)
    cost[:, 0, 1:], cost[:, 0, 0] = 0.95, 0.9  # what sprite 0 may be is dearer than its ground
    cost[:, :, 1:, 1] = cost[:, :, 1:, 0]
    assert tried(cost, "ot").poor[0].tolist() == [True, False, False, False]


def test_sprite_far_behind_the_best_of_its_prompt_is_poor_and_the_best_stays():
    cost = table(4)
    cost[:, 0, 1:] += 0.3
    poor = tried(cost, "mean").poor[0]
    assert poor.tolist() == [True, False, False, False]


def test_best_sprite_of_a_prompt_stays_where_another_is_nearer_to_both():
    cost = torch.full((1, 2, 2, PROMPTS), 1.0)
    cost[0, 0, 1], cost[0, 1, 1] = torch.tensor([0.05, 0.7]), torch.tensor([0.25, 0.3])
    known = trials.First(torch.zeros(PROMPTS), torch.tensor([0]))
    found = trials.learned(
        torch.zeros(1, 2, THINGS),
        torch.zeros(1, 2, PLACES),
        trials.Trial(torch.zeros(1, 2, 1, dtype=torch.long), torch.zeros(1, 2) > 0, known),
        answer(cost, BARE, "ot"),
        heat=1.0,
        rate=6.0,
    )
    assert found.poor.tolist() == [[False, False]]


def test_hidden_sprites_stand_for_those_that_show():
    gone = torch.tensor([[True, False, True, False], [False, False, False, False], [True] * 4])
    standing = trials._stand_in(gone)
    assert standing.tolist()[:2] == [[1, 1, 3, 3], [0, 1, 2, 3]]
    assert standing[2].min() >= 0


def test_hidden_sprites_count_as_nothing():
    gone = torch.tensor([[True, True, False, False]])
    found = tried(table(4), "ot", gone=gone)
    assert sorted(found.things.argmax(-1)[0, 2:].tolist()) == [0, 1]


def test_plan_of_parts_has_their_masses_and_the_prompts_shares():
    cost = torch.rand(2, 6, PROMPTS, generator=torch.Generator().manual_seed(0))
    plan = objective("ot", "mean")._plan(cost, torch.tensor([0.75, 0.25]))
    torch.testing.assert_close(plan.sum(-1), torch.full((2, 6), 1 / 6))
    torch.testing.assert_close(plan.sum(1), torch.tensor([[0.75, 0.25]] * 2), atol=0.01, rtol=0)
    torch.testing.assert_close(plan[1], torch.tensor([[0.75, 0.25]]).expand(6, -1) / 6)


@pytest.mark.parametrize("parts", [1, 3, 6, 16])
def test_parts_have_their_shares_whatever_their_number(parts):
    """Cutouts are no multiple of most numbers of sprites: none may have a row more than another."""
    cost = torch.ones(1, parts, PROMPTS)
    cost[:, 0, 0], cost[:, 1:, 1] = 0.0, 0.0
    plan = objective("ot")._plan(cost, torch.tensor([0.5, 0.5]))
    assert (plan.sum(1) - 0.5).abs().max() < 0.01


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_squares_show_the_ground_alone_then_each_thing_before_it(side):
    draw = torch.Generator().manual_seed(2)
    ground = torch.rand(1, 3, 64, 64, generator=draw)
    boxes = torch.tensor([[[0.25, 0.25, 0.75, 0.75]]])
    red, clear = torch.zeros(2, 4, 16, 16)
    red[0], red[3] = 1.0, 1.0
    red[:, :, 8:] = 0.0  # the left half
    drawings = torch.stack([red, clear])[None, None]
    seen = trials.pictured(drawings, torch.zeros(1, 1, 6), torch.tensor([side]), ground, boxes, 1.1)
    assert seen.shape == (1, 1, 3, 3, trials.SIDE, trials.SIDE)
    alone, half, nothing = seen[0, 0]
    torch.testing.assert_close(alone, squares(ground, boxes, trials.SIDE)[0])
    torch.testing.assert_close(nothing, alone)
    left, right = half[..., 10:38, 6:20], half[..., 10:38, 28:]
    covered, bare = (left, right) if side > 0 else (half[..., 10:38, 28:42], half[..., 10:38, :20])
    torch.testing.assert_close(covered[0], torch.ones_like(covered[0]))
    torch.testing.assert_close(bare, alone[..., 10:38, 28:] if side > 0 else alone[..., 10:38, :20])
