"""What sprites try on, and how the lane's own coupling says which of it serves."""

from __future__ import annotations

import pytest
import torch

from otgen.guidance.cutouts import CutoutSpec
from otgen.guidance.objective import Objective
from otgen.guidance.placement import placement
from otgen.painters.opinion import Answer
from otgen.painters.storybook import trials
from otgen.painters.storybook.attributes import ATTRIBUTES, Savings
from otgen.painters.storybook.compositor import squares
from otgen.recipe.lanes import COUPLINGS, EXAMPLES
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.run.comparison import compare
from otgen.run.plan import plan

THINGS, PLACES, PROMPTS = 5, ATTRIBUTES[2], 2


def objective(*couplings: str, shares=(0.5, 0.5), places_of=()) -> Objective:
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
        placement=placement(places_of, couplings, torch.device("cpu")),
    )


def answer(
    cost: torch.Tensor, places: torch.Tensor, *couplings: str, penalty=None, **named
) -> Answer:
    """penalty: [L, PLACES], part of the places' costs."""
    asked = objective(*couplings, **named)
    parts = torch.cat([cost.flatten(1, 2), places], 1)
    avoided = torch.zeros_like(parts[..., 0])
    if penalty is not None:
        avoided[:, -PLACES:] = penalty
    return Answer(parts, 1 - parts, avoided, asked.b, asked._pull)


def table(sprites: int) -> torch.Tensor:
    """Thing 0 is prompt 0, thing 1 is prompt 1 and a little dearer; nothing is worth little."""
    cost = torch.full((1, sprites, 1 + THINGS, PROMPTS), 1.0)
    cost[:, :, 1, 0], cost[:, :, 2, 1] = 0.3, 0.4
    # No two squares are quite alike.
    return cost + 0.02 * torch.rand(cost.shape, generator=torch.Generator().manual_seed(3))


BARE = torch.full((1, PLACES, PROMPTS), 1.0)  # places that are no prompt's


def no_savings() -> Savings:
    """Return savings of nothing."""
    return Savings(
        torch.zeros(THINGS, sum(ATTRIBUTES), PROMPTS), torch.zeros(PLACES, ATTRIBUTES[1], PROMPTS)
    )


def plainly(lanes: int, sprites: int) -> trials.Mixtures:
    """Return even mixtures; attributes lean to plain as in a run."""
    styles, tints = torch.zeros(lanes, ATTRIBUTES[1]), torch.zeros(lanes, sprites, ATTRIBUTES[0])
    styles[..., 0], tints[..., 0] = 3.0, 3.0
    return trials.Mixtures(
        torch.zeros(lanes, sprites, THINGS), torch.zeros(lanes, 2, PLACES), styles, tints
    )


def judged(cost: torch.Tensor, places: torch.Tensor, savings=None) -> trials.First:
    everything = torch.arange(THINGS)
    return trials.first(
        cost[:, :, 1:].mean((0, 1)), everything, places[0], savings or no_savings(), 2
    )


def everywhere(*shape: int) -> torch.Tensor:
    """Return boxes [*shape, 4] of whole pictures."""
    return torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(*shape, 4)


def tried(cost, *couplings, times=4, gone=None, places=BARE, savings=None, which=None, mine=None,
          side=None, boxes=None, spans=None, **named):  # fmt: skip
    """Let sprites try everything on some times; return the last ``Learned``."""
    sprites, lanes = cost.shape[1], len(couplings)
    which = torch.arange(THINGS).expand(lanes, sprites, -1) if which is None else which
    gone = torch.zeros(lanes, sprites, dtype=torch.bool) if gone is None else gone
    side = torch.full((lanes, sprites, 2), 0.5) if side is None else side
    first = judged(cost, places, savings) if which.shape[-1] == THINGS else named.pop("first")
    boxes = everywhere(lanes, sprites) if boxes is None else boxes
    spans = everywhere(lanes, 2) if spans is None else spans
    trial = trials.Trial(which, gone, side, first, boxes, spans)
    asked = answer(cost, places, *couplings, **named)
    seen = trials.seen(asked, lanes, sprites, which.shape[-1])
    mine = mine or plainly(lanes, sprites)
    for _ in range(times):
        outcome = trials.learned(mine, trial, seen, asked, heat=1.0, rate=6.0)
        mine = outcome.mixtures
    return outcome


def test_transport_gives_every_prompt_its_sprites():
    most = tried(table(6), "ot").mixtures.things.softmax(-1).max(-1)
    assert (most.values > 0.8).all()
    assert sorted(most.indices[0].tolist()) == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("coupling", ["ot", "mean"])
def test_thing_that_costs_every_prompt_more_is_tried_in_vain(coupling):
    """A negative prompt names such a thing; the next best one of its prompt takes its place."""
    cost = table(6)
    cost[:, :, 4, 0], cost[:, :, 5, 1] = 0.5, 0.6  # things 3 and 4
    avoided = cost.clone()
    avoided[:, :, [1, 2]] += 0.5  # things 0 and 1
    plain, pushed = (
        set(tried(some, coupling).mixtures.things.argmax(-1)[0].tolist())
        for some in (cost, avoided)
    )
    assert plain <= {0, 1}
    assert pushed <= {3, 4}


@pytest.mark.parametrize("coupling", ["ot", "mean"])
def test_grounds_keep_away_from_an_avoided_place_where_no_prompt_is_one(coupling):
    penalty = torch.zeros(1, PLACES)
    penalty[0, 2] = 0.2
    before = BARE + penalty[..., None]
    grounds = tried(table(6), coupling, places=before, penalty=penalty).mixtures.grounds
    assert (grounds.softmax(-1)[..., 2] < 0.01).all()
    assert torch.equal(tried(table(6), coupling).mixtures.grounds, torch.zeros(1, 2, PLACES))


def test_sprites_are_the_prompts_whose_places_they_stand_in():
    """Hidden sprites, the last two, count where those stand that they stand for."""
    boxes = torch.tensor([[0.6, 0, 1, 1], [0, 0, 0.4, 1], [0, 0, 0.2, 1], [0.5, 0, 0.9, 1]])
    gone = torch.tensor([[False, False, True, True]])
    for places, expected in ((("left", "right"), [1, 0]), (("right", "left"), [0, 1])):
        outcome = tried(table(4), "ot", gone=gone, boxes=boxes[None], places_of=places)
        assert outcome.mixtures.things.argmax(-1)[0, :2].tolist() == expected


def test_grounds_are_the_prompts_whose_places_they_fill():
    cost, places = table(4), BARE.clone()
    cost[:, :, 1:] = 1.2
    places[:, 2, 0], places[:, 3, 1] = 0.4, 0.4
    halves = torch.tensor([[[0.5, 0, 1, 1], [0, 0, 0.5, 1]]])
    outcome = tried(cost, "ot", places=places, spans=halves, places_of=("left", "right"))
    assert outcome.mixtures.grounds.argmax(-1)[0].tolist() == [3, 2]


def test_shares_are_those_asked_for():
    things = tried(table(6), "ot", shares=(2 / 3, 1 / 3)).mixtures.things
    assert sorted(things.argmax(-1)[0].tolist()) == [0, 0, 0, 0, 1, 1]


def test_under_the_mean_all_follow_what_is_best_on_average():
    assert tried(table(6), "mean").mixtures.things.argmax(-1)[0].tolist() == [0] * 6


def test_lanes_learn_apart_from_what_they_share():
    both = tried(table(6), "ot", "mean")
    alone = [tried(table(6), lane) for lane in ("ot", "mean")]
    for name in trials.Mixtures._fields:
        apart = torch.cat([getattr(outcome.mixtures, name) for outcome in alone])
        torch.testing.assert_close(getattr(both.mixtures, name), apart, rtol=1e-4, atol=1e-4)


def test_what_was_not_tried_on_stays():
    things = torch.randn(1, 3, THINGS, generator=torch.Generator().manual_seed(1))
    which = torch.tensor([[[0, 1], [1, 2], [3, 4]]])
    moved = tried(
        table(3)[:, :, :3],
        "ot",
        times=1,
        which=which,
        mine=plainly(1, 3)._replace(things=things),
        first=judged(table(3), BARE),
    ).mixtures.things
    same = torch.ones_like(things, dtype=torch.bool).scatter(-1, which, False)
    torch.testing.assert_close(moved[same], things[same])
    assert (moved[~same] != things[~same]).all()


def test_prompt_of_a_place_is_the_grounds_and_no_sprites():
    """Prompt 1 is place 2's: sprites leave it alone, so that no junk is made to carry its share."""
    cost, places = table(6), BARE.clone()
    cost[:, :, 1:, 1] = 0.9
    places[:, 2, 1] = 0.4
    outcome = tried(cost, "ot", places=places)
    backdrop = judged(cost, places).backdrop
    assert backdrop[1] > 0.9 > 0.1 > backdrop[0]
    assert outcome.mixtures.things.argmax(-1)[0].tolist() == [0] * 6
    assert outcome.mixtures.grounds.argmax(-1)[0].tolist() == [2, 2]
    assert not outcome.poor.any()


def test_what_no_prompt_asks_for_stays():
    moved, start = tried(table(6), "ot").mixtures, plainly(1, 6)
    for name in ("grounds", "styles", "tints"):
        torch.testing.assert_close(getattr(moved, name), getattr(start, name))


def test_nearest_things_of_each_prompt_are_named_whatever_order_they_were_tried_in():
    order = torch.tensor([3, 1, 4, 0, 2])
    things = table(3)[0, :, 1:].mean(0)[order]
    first = trials.first(things, order, BARE[0], no_savings(), 2)
    assert first.nearest.view(2, PROMPTS)[0].tolist() == [0, 1]
    assert (first.backdrop < 0.1).all()


RED, NEON, FOREST = (
    1,
    ATTRIBUTES[0] + 4,
    ATTRIBUTES[0] + ATTRIBUTES[1] + 3,
)  # columns of the savings


def saving(column: int, thing: int, prompt: int, saved: float = 0.2) -> Savings:
    savings = no_savings()
    savings.of_things[thing, column, prompt] = -saved
    return savings


def test_thing_is_tinted_where_its_prompt_asks_for_that_and_only_there():
    moved = tried(table(6), "ot", savings=saving(RED, 0, 0)).mixtures
    things, tints = moved.things.argmax(-1)[0], moved.tints.argmax(-1)[0]
    assert sorted(things.tolist()) == [0, 0, 0, 1, 1, 1]
    assert tints.tolist() == [RED if thing == 0 else 0 for thing in things.tolist()]


def test_thing_with_the_attribute_asked_for_wins_over_one_that_is_nearer_plainly():
    cost = table(6)
    cost[:, :, 3, 0] = 0.25  # plainly nearer than thing 0
    moved = tried(
        cost, "mean", savings=saving(RED, 0, 0, saved=0.4), shares=(1 - 1e-3, 1e-3)
    ).mixtures
    assert moved.things.argmax(-1)[0].tolist() == [0] * 6
    assert moved.tints.argmax(-1)[0].tolist() == [RED] * 6


def test_style_that_a_prompt_asks_for_is_the_picture_s():
    moved = tried(table(6), "ot", savings=saving(NEON, 0, 0)).mixtures
    assert moved.styles.argmax(-1)[0] == NEON - ATTRIBUTES[0]


def test_place_behind_a_thing_is_the_ground_that_its_sprites_stand_before():
    side = torch.tensor([[[1.0, 0.0]] * 3 + [[0.0, 1.0]] * 3])
    cost = table(6)
    cost[:, :3, 2], cost[:, 3:, 1] = 1.0, 1.0  # one thing on each side
    moved = tried(cost, "ot", savings=saving(FOREST, 0, 0), side=side).mixtures
    assert moved.grounds.argmax(-1)[0, 0] == FOREST - ATTRIBUTES[0] - ATTRIBUTES[1]
    assert (moved.grounds[0, 1].softmax(-1) < 0.2).all()


def test_place_under_a_filter_moves_the_ground_and_the_style():
    cost, places, savings = table(6), BARE.clone(), no_savings()
    cost[:, :, 1:, 1], places[:, :, 1] = 1.2, 0.9
    savings.of_places[2, 4, 1] = -0.5
    moved = tried(cost, "ot", times=8, places=places, savings=savings).mixtures
    assert moved.grounds.argmax(-1)[0].tolist() == [2, 2]
    assert moved.styles.argmax(-1)[0] == 4


def test_mixtures_move_along_the_gradient_of_what_they_cost():
    """Under the mean the plan is fixed: the slope of the cost is known without a trial."""
    draw = torch.Generator().manual_seed(8)
    savings = Savings(
        -torch.rand(THINGS, sum(ATTRIBUTES), PROMPTS, generator=draw),
        torch.zeros(PLACES, ATTRIBUTES[1], PROMPTS),
    )
    savings.of_things[:, 0], savings.of_things[:, ATTRIBUTES[0]] = 0.0, 0.0
    cost, start = 1 + torch.rand(1, 2, 1 + THINGS, PROMPTS, generator=draw), plainly(1, 2)
    trial = trials.Trial(
        torch.arange(THINGS).expand(1, 2, -1),
        torch.zeros(1, 2, dtype=torch.bool),
        torch.full((1, 2, 2), 0.5),
        judged(cost, BARE + 9, savings),
        everywhere(1, 2),
        everywhere(1, 2),
    )
    asked = answer(cost, BARE + 9, "mean")
    seen = trials.seen(asked, 1, 2, THINGS)
    tiny = trials.learned(start, trial, seen, asked, heat=1.0, rate=1e-3).mixtures
    things, tints = (start[row].softmax(-1).requires_grad_() for row in (0, 3))
    styles = start.styles.softmax(-1).requires_grad_()
    of_tints, of_styles, _ = savings.of_things.split(ATTRIBUTES, 1)
    total = 0.0
    for k in range(2):
        saved = torch.einsum("a,tam->tm", tints[0, k], of_tints)
        saved = saved + torch.einsum("a,tam->tm", styles[0], of_styles)
        total = total + (things[0, k] @ (cost[0, k, 1:] + saved)).mean()
    total.backward()
    for moved, begun, grad in (
        (tiny.tints, start.tints, tints.grad),
        (tiny.styles, start.styles, styles.grad),
    ):
        way = (moved - begun).flatten()
        down = -(grad - grad.mean(-1, keepdim=True)).flatten()
        assert torch.cosine_similarity(way, down, dim=0) > 0.999


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
    known = trials.First(torch.zeros(PROMPTS), torch.tensor([0]), *no_savings())
    which = torch.zeros(1, 2, 1, dtype=torch.long)
    outcome = tried(cost, "ot", times=1, which=which, first=known)
    assert outcome.poor.tolist() == [[False, False]]


def test_hidden_sprites_stand_for_those_that_show():
    gone = torch.tensor([[True, False, True, False], [False, False, False, False], [True] * 4])
    standing = trials._stand_in(gone)
    assert standing.tolist()[:2] == [[1, 1, 3, 3], [0, 1, 2, 3]]
    assert standing[2].min() >= 0


def test_hidden_sprites_count_as_nothing():
    gone = torch.tensor([[True, True, False, False]])
    outcome = tried(table(4), "ot", gone=gone)
    assert sorted(outcome.mixtures.things.argmax(-1)[0, 2:].tolist()) == [0, 1]


def test_plan_of_parts_has_their_masses_and_the_prompts_shares():
    cost = torch.rand(2, 6, PROMPTS, generator=torch.Generator().manual_seed(0))
    plan = objective("ot", "mean")._plan(cost, torch.tensor([0.75, 0.25]), everywhere(2, 6))
    torch.testing.assert_close(plan.sum(-1), torch.full((2, 6), 1 / 6))
    torch.testing.assert_close(plan.sum(1), torch.tensor([[0.75, 0.25]] * 2), atol=0.01, rtol=0)
    torch.testing.assert_close(plan[1], torch.tensor([[0.75, 0.25]]).expand(6, -1) / 6)


@pytest.mark.parametrize("parts", [1, 3, 6, 16])
def test_parts_have_their_shares_whatever_their_number(parts):
    """Cutouts are no multiple of most numbers of sprites: none may have a row more than another."""
    cost = torch.ones(1, parts, PROMPTS)
    cost[:, 0, 0], cost[:, 1:, 1] = 0.0, 0.0
    plan = objective("ot")._plan(cost, torch.tensor([0.5, 0.5]), everywhere(1, parts))
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


@pytest.mark.slow  # a whole painting
def test_a_red_car_is_a_car_and_red():
    asked = Settings((Prompt("a red car"),), lanes=("ot",), steps=24, cutouts=32, seed=1, sprites=3)
    made = compare(plan(asked))
    cars = [one for one in made.numbers["ot"]["sprites"] if one["thing"] == "car"]
    assert len(cars) >= 2
    assert all(one["colour"] == "red" for one in cars)


def test_lanes_of_every_kind_pull_parts_by_no_more_than_their_mass():
    cost = torch.rand(1, 6, PROMPTS, generator=torch.Generator().manual_seed(2))
    cost[:, :3] += 2.0  # far from both prompts
    kinds = (name for name in EXAMPLES if not name.startswith("unbalanced"))  # to compile less
    lanes = {name: lane for lane, name in enumerate(kinds)}
    cost, boxes = cost.expand(len(lanes), -1, -1), torch.zeros(len(lanes), 6, 4)
    pull = objective(*lanes)._pull(cost, torch.tensor([0.5, 0.5]), boxes)
    assert pull.isfinite().all()
    assert pull.min() >= 0
    rows = pull.sum(-1)  # [L, 6]
    for name, lane in lanes.items():
        if COUPLINGS[name.partition("@")[0]].whole:
            assert (rows[lane] - 1).abs().max() < 1e-5
        else:
            assert rows[lane].max() <= 1 + 1e-5
            # Two deviations dearer, at a tau by which 3.3 leave out all but 1 / e: exp(-2 / 3.3).
            assert rows[lane, :3].max() < 0.65 * rows[lane].max()
    assert torch.equal(pull[lanes["divergence"]], pull[lanes["ot"]])
    # A cost of what is avoided is far beyond any distance.
    far = objective("composite")._pull(cost[:1] + 100.0, torch.tensor([0.5, 0.5]), boxes[:1])
    assert torch.allclose(far, torch.full_like(far, 0.5))
