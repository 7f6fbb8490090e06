"""The loop: draw, compare, update."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import Tensor

from otgen.guidance.objective import Loss
from otgen.painters.base import Drawing, ImageGenerator, State


class Snapshot(NamedTuple):
    """One step of a run. Its tensors stay on the device until they are needed.

    image: [L, 3, h, w] in [0, 1], the input of the loss. loss: as ``objective.Loss``, without a
    graph. state: the generator's state that the image was drawn from. show(longest=None): the
    pictures [L, 3, h', w'] for a person (``ImageGenerator.show``), drawn at the first call. need:
    [k, k], by which its cutouts were drawn (``sampling``), on the CPU; None if by chance alone.
    """

    step: int
    image: Tensor
    loss: Loss
    state: object
    show: Callable[..., Tensor]
    need: Tensor | None = None


class Diverged(RuntimeError):
    """A loss or gradient is not finite; the message says where and what to try."""


def descend(
    generator: ImageGenerator,
    objective: Callable[[Tensor, int, Tensor | None], Loss],
    lanes: int,
    seed: int,
    steps: int,
    done: int = 0,
    state: State | None = None,
    need: Tensor | None = None,
) -> Iterator[Snapshot]:
    """Paint: yield steps + 1 snapshots, the last after ``steps`` updates.

    Lanes share the start and all random numbers. The gradient of the sum of their losses is, for
    each lane, the gradient of its own loss. Raises Diverged.

    Args:
        done, state: where an interrupted run resumes. They are the step of a snapshot, which is
            yielded again, and its state.
        need: [k, k], by which the first cutouts are drawn, the snapshot's where a run resumes;
            None draws all by chance alone.
    """
    state = generator.init(lanes, seed, steps) if state is None else state
    for step in range(done, steps + 1):
        drawing: Drawing = generator.draw(state)
        loss = objective(drawing.image, step, need)
        last = step == steps
        grads = () if last else torch.autograd.grad(loss.value.sum(), drawing.leaves)
        # One transfer answers for the loss and every gradient.
        finite = torch.stack([tensor.isfinite().all() for tensor in (loss.value, *grads)]).all()
        if not finite:
            raise Diverged(
                f"The loss or its gradient is not a finite number at step {step} of {steps}: "
                "try a larger epsilon, another distance or another seed."
            )
        detached = Loss(*(part.detach() for part in loss))
        image = drawing.image.detach()
        # Cutouts are drawn on the CPU; the device has just been waited for.
        later = detached.need.cpu() if detached.need.numel() else None
        show = cache(partial(generator.show, state, image))
        yield Snapshot(step=step, image=image, loss=detached, state=state, show=show, need=need)
        need = later
        if not last:
            question = generator.question(state)
            if question is not None:
                state = generator.answered(state, objective.opinion(question))
            state = generator.step(state, drawing, grads)
