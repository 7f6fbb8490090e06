"""Cutouts cut again from kept pictures, against those that the encoder was given."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import objective, tiny_encoder, tiny_vqgan, uniform
from records import record

from otgen.explain.crops import SIDE, crops
from otgen.guidance.cutouts import CutoutSpec, cut, sample
from otgen.guidance.loop import descend
from otgen.run.recorder import Recorder, uint8

PLAIN = CutoutSpec(jitter=0, noise=0)  # what is for the encoder alone is left out


@pytest.mark.parametrize("shape", [(48, 48), (40, 56), (192, 128)])
def test_they_are_the_encoders_cutouts_of_their_step(shape):
    pictures = torch.nn.functional.interpolate(uniform(2, 3, 6, 8), shape, mode="bicubic")
    frames = uint8(pictures).numpy()[None]
    for step in (0, 3):
        views = sample(20, SIDE, *shape, PLAIN, 1, step)
        made = record(n=20, moments=1)._replace(frames=frames, corners=views.corners[None].numpy())
        for lane, expected in enumerate(cut(pictures.clamp(0, 1), views).movedim(-3, -1) * 255):
            pixels = crops(made, lane, 0, range(20)).astype(np.float32)
            # Both interpolate a smooth picture: a few of 255 colours between two filters, while
            # the cutouts of another step are far away.
            assert np.abs(pixels - expected.numpy()).mean() < 4
            assert np.abs(pixels - expected.numpy()[::-1]).mean() > 12


def test_a_run_keeps_what_they_are_cut_from():
    recorder, seen = (
        Recorder(objective(tiny_encoder()), ("a cat", "a castle"), ("ot", "mean"), 4),
        [],
    )
    for snapshot in descend(tiny_vqgan(), objective(tiny_encoder()), 2, 1, 4):
        recorder(snapshot)
        seen.append(snapshot.image)
    evidence = recorder.record()
    for moment, step in enumerate(evidence.moments):
        views = sample(8, SIDE, 32, 32, PLAIN, 5, int(step))
        expected = cut(seen[step], views)[1].movedim(-3, -1).numpy() * 255
        shown = crops(evidence, 1, moment, [6, 2]).astype(np.float32)
        assert np.abs(shown - expected[[6, 2]]).mean() < 4
