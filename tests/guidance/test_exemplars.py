"""Pictures as prompts: their embedding, and the constant that makes them comparable with texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import objective, tiny_encoder, uniform
from torch.nn import functional as F

from otgen.guidance.exemplars import blank, embedded, level, squares
from otgen.transport.distances import DISTANCES

PICTURE = uniform(24, 40, 3, seed=2).numpy()


@pytest.fixture(scope="module")
def encoder():
    return tiny_encoder()


def test_squares_cover_a_picture_from_end_to_end():
    ramp = torch.arange(48.0).expand(3, 16, 48) / 48
    for picture in (ramp, ramp.mT):
        crops = squares(picture, 16)
        assert crops.shape == (6, 3, 16, 16)
        shown = crops[:3] if picture is ramp else crops[:3].mT
        torch.testing.assert_close(torch.cat([*shown], -1), ramp)
        torch.testing.assert_close(crops[3:], crops[:3].flip(-1))
    assert squares(ramp[..., :16], 8).shape == (2, 3, 8, 8)


def test_picture_is_the_mean_of_its_squares_beside_texts_in_their_order(encoder):
    vectors = embedded(encoder, ["a cat", PICTURE, "a castle"])
    assert torch.equal(vectors[[0, 2]], encoder.texts(["a cat", "a castle"]))
    pixels = torch.from_numpy(PICTURE).permute(2, 0, 1)
    alone = encoder.crops(squares(pixels, encoder.side)).mean(0)
    torch.testing.assert_close(vectors[1], F.normalize(alone, dim=0))
    assert embedded(encoder, [PICTURE]).shape == (1, 16)
    assert torch.equal(embedded(encoder, ["a cat"]), encoder.texts(["a cat"]))


def test_prompts_of_one_kind_need_no_level(encoder):
    v = embedded(encoder, ["a cat", PICTURE])
    assert level(encoder, v, [False, False], "cosine") is None
    assert level(encoder, v, [True, True], "cosine") is None


@pytest.mark.parametrize("distance", DISTANCES)
def test_level_makes_prompts_alike_midway_to_what_shows_them(encoder, distance):
    v = embedded(encoder, ["a cat", PICTURE, "a castle"])
    vectors = level(encoder, v, [False, True, False], distance)
    assert vectors.cost[[0, 2]].tolist() == vectors.cosine[[0, 2]].tolist() == [0, 0]
    empty = (blank(encoder) @ v.T).mean(0)
    text = (empty[0] + empty[2]) / 2 + 3.2 / encoder.model.logit_scale.exp()
    picture = empty[1] + (1 - empty[1]) / 4
    assert float(picture + vectors.cosine[1]) == pytest.approx(float(text), abs=1e-6)

    def cost(cosine):
        at = torch.stack([cosine, (1 - cosine.square()).sqrt()])[None]
        return float(DISTANCES[distance](torch.tensor([[1.0, 0.0]]), at))

    assert cost(picture) + float(vectors.cost[1]) == pytest.approx(cost(text), abs=1e-6)


def test_level_changes_no_plan_and_no_gradient_where_shares_are_kept(encoder):
    v = embedded(encoder, ["a cat", PICTURE])
    plain = replace(objective(encoder), v=v)
    levelled = replace(plain, level=level(encoder, v, [False, True], "great-circle"))
    pictures = uniform(1, 3, 32, 32, seed=4).expand(2, -1, -1, -1).clone().requires_grad_()
    first, second = plain(pictures, 0), levelled(pictures, 0)
    torch.testing.assert_close(first.plan, second.plan, atol=1e-5, rtol=1e-3)
    grads = [torch.autograd.grad(loss.value.sum(), pictures)[0] for loss in (first, second)]
    torch.testing.assert_close(*grads, atol=1e-6, rtol=1e-3)
    moved = second.cost - first.cost
    torch.testing.assert_close(moved, levelled.level.cost.expand_as(moved), atol=1e-6, rtol=0)


def test_level_changes_the_plan_where_shares_are_free(encoder):
    couplings = "nearest", "worst"
    v = embedded(encoder, ["a cat", PICTURE])
    plain = replace(objective(encoder, couplings=couplings, epsilon=10), v=v)
    levelled = replace(plain, level=level(encoder, v, [False, True], "great-circle"))
    pictures = uniform(1, 3, 32, 32, seed=4).expand(len(couplings), -1, -1, -1)
    moved = (levelled(pictures, 0).plan - plain(pictures, 0).plan).abs().sum((1, 2))
    assert (moved > 0.01).all()


def test_picture_attracts_as_a_text_does(encoder):
    """A picture that is its own prompt costs next to nothing, as no other does."""
    v = embedded(encoder, [np.ascontiguousarray(PICTURE[:, :24]), PICTURE[:, 16:]])
    pixels = torch.from_numpy(PICTURE[:, :24]).permute(2, 0, 1)
    u = encoder.crops(squares(pixels, encoder.side))
    cost = DISTANCES["cosine"](u, v)
    assert (cost[:, 0] < cost[:, 1]).all()
