"""The loop: lanes that do not touch each other, runs that repeat, and how it stops."""

from __future__ import annotations

import threading

import pytest
import torch
from helpers import objective, tiny_diffusion, tiny_encoder, tiny_vqgan, uniform

from otgen.guidance.loop import Diverged, descend
from otgen.guidance.objective import Loss

STEPS = 4


@pytest.fixture(scope="module")
def encoder():
    return tiny_encoder()


def _run(generator, objective, steps=STEPS, seed=1):
    return list(descend(generator, objective, len(objective.couplings), seed, steps))


GENERATORS = {
    "vqgan": tiny_vqgan,
    "diffusion": lambda: tiny_diffusion(moves=2, eta=0.5),
    "diffusion through the denoiser": lambda: tiny_diffusion(through_denoiser=True),
}


@pytest.mark.parametrize("build", GENERATORS.values(), ids=GENERATORS)
def test_a_lane_alone_equals_the_lane_beside_another(encoder, build):
    generator = build()
    together = _run(generator, objective(encoder))
    assert torch.equal(together[0].image[0], together[0].image[1])
    for lane, name in enumerate(("ot", "mean")):
        alone = _run(generator, objective(encoder, couplings=(name,)))
        for one, both in zip(alone, together, strict=True):
            # A batch of one or of two: only the order of float32 sums differs, before it is
            # amplified.
            assert (one.image[0] - both.image[lane]).abs().max() < 1e-4
            assert abs(one.loss.value[0] - both.loss.value[lane]) < 1e-4
    assert (
        together[-1].image[0] - together[-1].image[1]
    ).abs().max() > 1e-3  # the losses do differ


@pytest.mark.parametrize("build", GENERATORS.values(), ids=GENERATORS)
def test_the_same_run_twice_gives_the_same_pictures(encoder, build):
    first, again = (_run(build(), objective(encoder)) for _ in range(2))
    assert len(first) == STEPS + 1
    assert [snapshot.step for snapshot in first] == list(range(STEPS + 1))
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one.image, other.image)
        assert torch.equal(one.loss.value, other.loss.value)


def test_two_runs_at_once_give_the_pictures_of_each_alone(encoder):
    generator, looks = tiny_vqgan(), [objective(encoder, seed=seed) for seed in (1, 2)]
    alone = [_run(generator, look, seed=seed)[-1].image for seed, look in enumerate(looks)]
    together, barrier = {}, threading.Barrier(2)

    def work(seed):
        snapshots = []
        for snapshot in descend(generator, looks[seed], 2, seed, STEPS):
            barrier.wait(60)  # every step of one run falls between steps of the other
            snapshots.append(snapshot)
        together[seed] = snapshots[-1].image

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not torch.equal(alone[0], alone[1])
    for seed in range(2):
        assert torch.equal(together[seed], alone[seed])


def test_global_random_state_is_left_alone(encoder):
    before = torch.get_rng_state()
    _run(tiny_diffusion(eta=1.0), objective(encoder), steps=2)
    assert torch.equal(before, torch.get_rng_state())


def test_snapshots_hold_no_graph(encoder):
    for snapshot in _run(tiny_vqgan(), objective(encoder), steps=1):
        assert not any(tensor.requires_grad for tensor in (snapshot.image, *snapshot.loss))


def test_one_step_moves_the_picture_and_one_more_is_looked_at(encoder):
    first, last = _run(tiny_vqgan(), objective(encoder), steps=1)
    assert (first.step, last.step) == (0, 1)
    assert not torch.equal(first.image, last.image)


def test_a_picture_that_is_not_finite_stops_the_run_with_its_step(encoder):
    generator = tiny_vqgan(
        rate=float("nan")
    )  # sound at the start, no number after the first update
    snapshots = descend(generator, objective(encoder), 2, 0, 3)
    assert next(snapshots).step == 0
    with pytest.raises(Diverged, match=r"at step 1 of 3: try"):
        next(snapshots)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_cost_that_is_not_finite_stops_the_run_with_its_step(encoder, bad):
    look = objective(encoder)
    embedding = look.v.clone()
    embedding[1, 3] = bad
    broken = objective(encoder).__class__(**{**look.__dict__, "v": embedding})
    with pytest.raises(Diverged, match=r"at step 0 of 3: try"):
        next(descend(tiny_vqgan(), broken, 2, 0, 3))


def test_a_gradient_that_is_not_finite_stops_the_run():
    def look(pictures, step, need):
        value = (pictures - pictures.detach()).abs().sum((1, 2, 3)).sqrt()  # 0, of infinite slope
        plan = uniform(1, 2, 1)
        own, none = torch.zeros(1), torch.zeros(0)
        corners = uniform(2, 4, 2)
        return Loss(value, plan, plan, own, plan[..., :0], plan, corners, none, none)

    with pytest.raises(Diverged, match="step 0"):
        next(descend(tiny_vqgan(), look, 1, 0, 3))
