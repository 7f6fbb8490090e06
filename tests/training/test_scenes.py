"""Random pictures to train encoders on, and what is said of their crops."""

from __future__ import annotations

import pytest
import torch
from helpers import uniform
from torch.nn import functional as F

from otgen.training.storybook import materials, scenes, states
from otgen.world.storybook.words import PLACES, THINGS

WHOLE = torch.tensor([[0.0, 0.0, 1.0, 1.0]])


@pytest.fixture(scope="module")
def bank():
    sprites = uniform(3 * len(THINGS), 4, 16, 16)
    sprites[:, 3:] = 1
    backdrops = uniform(len(PLACES), 2, 3, materials.SIDE, materials.SIDE)
    return materials.bank(sprites, torch.arange(3 * len(THINGS)) % len(THINGS), backdrops)


def _state(bank, **changes):
    state = states.random_state(bank, 2, torch.Generator().manual_seed(5), crisp=False, easy=1.0)
    return state._replace(**changes)


def test_state_is_a_function_of_the_generator(bank):
    first, second = (
        states.random_state(bank, 4, torch.Generator().manual_seed(1), crisp=False)
        for _ in range(2)
    )
    assert all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
        for a, b in zip(first, second, strict=True)
    )


def test_shares_of_a_picture_sum_to_one(bank):
    state = states.random_state(bank, 4, torch.Generator().manual_seed(2), crisp=False)
    scene = scenes.render(bank, state)
    assert scene.image.shape == (4, 3, materials.SIDE, materials.SIDE)
    total = scene.visible.sum(1) + scene.grounds.sum(1)
    torch.testing.assert_close(total, torch.ones_like(total), atol=1e-4, rtol=0)


def test_easy_sprite_is_whole_and_one_thing(bank):
    state = _state(bank)
    weights = state.sprites.softmax(-1) @ bank.things
    assert (weights.amax(-1) > 0.999).all()
    assert set(state.gates.unique().tolist()) <= {0.0, 1.0}
    assert (state.styles[:, 0] == 1).all()


def test_truth_names_the_sprite_that_is_seen_and_not_the_hidden_one(bank):
    logits = torch.full((2, states.SPRITES, len(bank.sprites)), -1e4)
    logits[:, 0, 7], logits[:, 1:, 9] = 0.0, 0.0
    gates = F.one_hot(torch.tensor([0, 0]), states.SPRITES).float()
    pose = torch.zeros(2, states.SPRITES, 6)
    pose[..., 2] = -0.7  # half the picture
    state = _state(bank, sprites=logits, gates=gates, pose=pose)
    scene = scenes.render(bank, state)
    seen = scenes.truth(bank, state, scene, WHOLE, torch.tensor([0])).names[0]
    assert seen[7] == pytest.approx(1, abs=0.05)
    assert seen[9] < 0.01
    corner = torch.tensor([[0.0, 0.0, 0.2, 0.2]])
    assert scenes.truth(bank, state, scene, corner, torch.tensor([0])).names[0, 7] < 0.05


def test_truth_of_a_chimera_is_its_weights(bank):
    logits = torch.full((2, states.SPRITES, len(bank.sprites)), -1e4)
    logits[..., 3] = logits[..., 4] = 0.0
    pose = torch.zeros(2, states.SPRITES, 6)
    gates = F.one_hot(torch.tensor([0, 0]), states.SPRITES).float()
    state = _state(bank, sprites=logits, pose=pose, gates=gates)
    seen = scenes.truth(bank, state, scenes.render(bank, state), WHOLE, torch.tensor([0])).names[0]
    assert seen[3] == pytest.approx(0.5, abs=0.1)
    assert seen[4] == pytest.approx(seen[3].item(), abs=1e-6)
