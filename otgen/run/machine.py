"""What this machine computes with, and how fast."""

from __future__ import annotations

import time

import torch
from torch.nn.functional import conv2d

from otgen.models import precision
from otgen.recipe.prompts import InputError
from otgen.run.events import Machine


def measured() -> Machine:
    """Return the device that runs use and the CPU's speed; takes a tenth of a second.

    Nothing else should compute meanwhile.
    """
    try:
        return Machine(precision.device().type, _speed(), precision.unused_gpu())
    except InputError as wrong:  # of a variable; a run would fail with the same sentence
        return Machine("", 0.0, str(wrong))


def _speed() -> float:
    """Return the CPU's speed at convolutions, 1e12 operations a second.

    A 3 x 3 convolution of 128 channels, forward, in the precision that networks run in: the larger
    part of the work of the models here.
    """
    kind = precision.dtype(torch.device("cpu"))
    x, kernel = torch.randn(1, 128, 64, 64, dtype=kind), torch.randn(128, 128, 3, 3, dtype=kind)

    def seconds() -> float:
        began = time.perf_counter()
        conv2d(x, kernel, padding=1)
        return time.perf_counter() - began

    return 2 * 128 * 128 * 9 * 64 * 64 / 1e12 / min(seconds() for _ in range(5))
