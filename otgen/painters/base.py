"""The interface of every generator: it owns its update rule, the driver owns the loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from otgen.painters.opinion import Answer

State = TypeVar("State")


class Drawing(NamedTuple):
    """Pictures, and the tensors that the loss is differentiated by.

    image: [L, 3, h, w] in [0, 1]. leaves: tensors [L, ...] that require grad and lead to ``image``.
    aux: whatever ``step`` of the same generator needs again.
    """

    image: Tensor
    leaves: tuple[Tensor, ...]
    aux: object = None


class Options(NamedTuple):
    """What a run may ask of a generator; None: as it was built.

    height, width: pixels. guidance: strength of guidance, for diffusion. text: what a
    text-conditioned network is told, "" for nothing. start: a picture [1, 3, height, width] in
    [0, 1] to start from. sprites: how many a storybook's picture has. truncation: of BigGAN's
    noise. imagenet_class: the number of the class that BigGAN paints, None for any mixture.
    strength: part of the noise that is laid over what a diffusion starts from.
    """

    height: int | None = None
    width: int | None = None
    guidance: float | None = None
    text: str = ""
    start: Tensor | None = None
    sprites: int | None = None
    truncation: float | None = None
    imagenet_class: int | None = None
    strength: float | None = None


class ImageGenerator(Protocol[State]):
    """A generator of pictures, steered by gradients.

    States are data without a graph and never changed. spent: the names of what nobody needs of a
    finished run's, as it neither is drawn nor goes on.
    """

    spent: tuple[str, ...]

    def init(self, lanes: int, seed: int, steps: int) -> State:
        """Return the start: the same in every lane, a function of the seed."""

    def onward(self, state: State, lanes: list[int], seed: int, steps: int) -> State:
        """Return the start of a run that goes on from these lanes of another run's state."""

    def draw(self, state: State) -> Drawing:
        """Return the pictures of a state; deterministic."""

    def show(self, state: State, image: Tensor, longest: int | None = None) -> Tensor:
        """Return the pictures [L, 3, h, w] of a state as a person should see them.

        image: what ``draw`` made of it, returned where a run is guided by full-size pictures.
        longest: pixels of the longer side that suffice; pictures may be so small if that is
        quicker to draw.
        """

    def question(self, state: State) -> Tensor | None:
        """Return parts of pictures [L, k, 3, s, s] that the next step wants an opinion of, or None.

        L may be 1 where the lanes' parts are the same.
        """

    def answered(self, state: State, answer: Answer) -> State:
        """Return the state that follows from the answer to its question."""

    def describe(self, state: State, plan: Tensor, corners: Tensor) -> list[dict]:
        """Say of each picture what it is made of, as plain data; nothing where nobody can know.

        plan: [L, n, m] of the cutouts whose corners are [n, 4, 2].
        """

    def step(self, state: State, drawing: Drawing, grads: tuple[Tensor, ...]) -> State:
        """Return the next state, given the gradients of the lanes' losses by ``drawing.leaves``."""


def enlarged(
    image: Tensor,
    height: int,
    width: int,
    longest: int | None,
    draw: Callable[[int, int], Tensor],
) -> Tensor:
    """Return what ``show`` shows of pictures that a run is guided by smaller ones of.

    Args:
        image: those, [L, 3, h, w]. height, width: of the finished pictures. longest: as in
            ``show``. draw: draws pictures of a height and a width, where ``image`` is too small.
    """
    scale = min(1.0, (longest or math.inf) / max(height, width))
    size = round(scale * height), round(scale * width)
    return image if min(image.shape[-2:]) >= min(size) else draw(*size)


class WithoutParts:
    """What a generator says whose pictures have no parts and are shown as they are drawn."""

    spent = ("first", "second")

    def onward(self, state: State, lanes: list[int], seed: int, steps: int) -> State:
        """Go on from latents that Adam moves, with its moments at 0: the prompts may be others."""
        parts = state._asdict().items()
        picked = {name: part[lanes] for name, part in parts if isinstance(part, Tensor)}
        picked |= {name: torch.zeros_like(picked[name]) for name in self.spent}
        numbers = {"count": 0, "seed": seed, "steps": steps}
        # A NamedTuple also has a method "count".
        own = {name: numbers[name] for name in numbers if name in state._fields}
        return state._replace(**picked, **own)

    def show(self, state: object, image: Tensor, longest: int | None = None) -> Tensor:
        """Return the pictures that were drawn."""
        return image

    def question(self, state: object) -> None:
        """Ask nothing."""

    def answered(self, state: State, answer: Answer) -> State:
        """Return the state as it is."""
        return state

    def describe(self, state: object, plan: Tensor, corners: Tensor) -> list[dict]:
        """Say nothing."""
        return [{} for _ in plan]


def frozen(state: NamedTuple) -> dict[str, np.ndarray]:
    """Return a state's tensors and numbers as arrays; the rest is as ``init`` makes it."""
    return {
        name: value.cpu().numpy() if isinstance(value, Tensor) else np.array(value)
        for name, value in state._asdict().items()
        if isinstance(value, (Tensor, int))
    }


def thawed(start: State, arrays: dict[str, np.ndarray]) -> State:
    """Return the state that ``frozen`` gave these arrays of; ``start`` is the same run's ``init``.

    Raises AttributeError or ValueError where they are not of such a run.
    """
    device = next(value.device for value in start if isinstance(value, Tensor))
    values = {}
    later = {name for name, value in start._asdict().items() if value is None}
    if later & set(arrays) not in (set(), later):
        raise ValueError(f"of {sorted(later)} only {sorted(later & set(arrays))} are there")
    for name, array in arrays.items():
        begun = getattr(start, name)
        shape = array.shape if begun is None else getattr(begun, "shape", ())
        if shape != array.shape:
            raise ValueError(f"{name} is {array.shape}, but {shape} in this run")
        number = isinstance(begun, int)
        # Some tensors stay on the CPU, where the run draws from them.
        where = begun.device if isinstance(begun, Tensor) else device
        values[name] = int(array) if number else torch.from_numpy(array).to(where)
    return start._replace(**values)


class _Clamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, image: Tensor) -> Tensor:
        ctx.save_for_backward(image)
        return image.clamp(0, 1)

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        (image,) = ctx.saved_tensors
        # Descent moves against the gradient: at a pixel above 1 a positive gradient leads back.
        inwards = grad * (image - image.clamp(0, 1)) >= 0
        return grad * inwards


def unit_interval(image: Tensor) -> Tensor:
    """Clamp to [0, 1] but pass gradients that lead back inside: no pixel is stuck outside."""
    return _Clamp.apply(image)
