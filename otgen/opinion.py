"""What a generator asks of its run's objective about parts of its pictures, and the answer."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Question(NamedTuple):
    """Parts of pictures that a generator wants an opinion of.

    pictures: [L, 3, h, w] in [0, 1]. boxes: [L, k, 4]: left, top, right, bottom, as parts of the
    picture's sides.
    """

    pictures: Tensor
    boxes: Tensor


class Answer(NamedTuple):
    """The opinion. similarity: [L, k, m], cosines of parts and prompts. worth: [L, k], how well a
    part serves its lane: minus what the lane's coupling makes it cost."""

    similarity: Tensor
    worth: Tensor
