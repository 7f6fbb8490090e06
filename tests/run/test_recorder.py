"""The evidence of a small run against the snapshots that it was taken from."""

import numpy as np
import pytest
import torch
from helpers import objective, tiny_encoder, tiny_vqgan, uniform

from otgen.guidance.loop import descend
from otgen.run.recorder import FRAME, MOMENTS, RECENT, Recorder

PROMPTS = ("a cat", "a castle")
STEPS = 30


@pytest.fixture(scope="module")
def run():
    """Return a recorder that saw a whole run, and the run's snapshots."""
    recorder, snapshots = Recorder(objective(tiny_encoder()), PROMPTS, ("ot", "mean"), STEPS), []
    for snapshot in descend(tiny_vqgan(), objective(tiny_encoder()), 2, 1, STEPS):
        recorder(snapshot)
        snapshots.append(snapshot)
    return recorder, snapshots


def test_every_step_has_its_loss_and_counts(run):
    evidence, snapshots = run[0].record(), run[1]
    assert evidence.losses.shape == (STEPS + 1, 2)
    for step, snapshot in enumerate(snapshots):
        np.testing.assert_array_equal(evidence.losses[step], snapshot.loss.value)
        near = (snapshot.loss.cost[..., 0] <= snapshot.loss.cost[..., 1]).sum(-1)
        np.testing.assert_array_equal(evidence.counts[step, :, 0], near)


def test_moments_are_few_and_hold_their_snapshots(run):
    evidence, snapshots = run[0].record(), run[1]
    assert len(evidence.moments) == MOMENTS + 1
    assert evidence.moments[0] == 0
    assert evidence.moments[-1] == STEPS
    for place, step in enumerate(evidence.moments):
        np.testing.assert_array_equal(evidence.cost[place], snapshots[step].loss.cost)
        np.testing.assert_array_equal(evidence.corners[place], snapshots[step].loss.corners)
    np.testing.assert_array_equal(
        evidence.recent_plan, torch.stack([snapshot.loss.plan for snapshot in snapshots[-RECENT:]])
    )


def test_record_of_a_stopped_run_ends_with_its_last_snapshot(run):
    _, snapshots = run
    recorder = Recorder(objective(tiny_encoder()), PROMPTS, ("ot", "mean"), 1000)
    for snapshot in snapshots[:6]:
        recorder(snapshot)
    evidence = recorder.record()
    assert evidence.moments.tolist() == [0, 5]
    assert len(evidence.recent_plan) == 6
    np.testing.assert_array_equal(evidence.plan[-1], snapshots[5].loss.plan)


def test_large_pictures_are_kept_small_in_their_shape(run):
    recorder = Recorder(objective(tiny_encoder()), PROMPTS, ("ot", "mean"), 1)
    large = uniform(2, 3, 200, 2 * FRAME)
    recorder(run[1][0]._replace(image=large, show=lambda longest: large))
    assert recorder.record().frames.shape == (1, 2, 100, FRAME, 3)
