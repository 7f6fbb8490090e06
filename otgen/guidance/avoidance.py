"""Negative prompts: a term that pushes cutouts away from what a picture is not to show.

It stands beside the transport, not in it: a marginal can't be negative, and a plan that had to send
mass away from a prompt would have nowhere to send it. It is the same in every lane.

Raising a distance without end would run away: something is always still less like a dog, and
pictures go there by artefacts. The notebooks of VQGAN+CLIP gave a negative prompt a "stop", a
distance from which on it has no gradient, to be guessed for each encoder and text. Here the stop
follows from the picture: a cutout is pushed while it is nearer to the negative prompt than to every
prompt, as CLIP itself tells texts apart. All cosines are taken less those of a blank picture, which
differ from text to text (a place is always nearer than a thing), and the empty parts of a picture,
near to nothing, are let be. Pictures rise further above a blank one than texts, by more the larger
the encoder's scale; so what a picture rises is brought to a text's measure before it is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.guidance.clip import ClipEncoder
from otgen.guidance.exemplars import RISE, SHOWN, blank

# Logits above a blank picture from which on a cutout shows something. Of the storybook's encoder, a
# picture of another thing is 1 above, one of the thing 7.
MARGIN = 2.5


class Avoided(NamedTuple):
    """What is avoided, among the m prompts of a run.

    v: [m + k, d], unit embeddings of the prompts, then of the k negative ones. blank: [m + k], the
    cosines of a blank picture. weights: [k], > 0; at 1 a cutout that shows it is pushed away about
    as hard as a plan pulls one. scale: logits of a cosine of 1, the encoder's. alike: [m + k], > 0,
    what rises of cosines are multiplied by to be comparable, 1 for texts.
    """

    v: Tensor
    blank: Tensor
    weights: Tensor
    scale: float
    alike: Tensor

    def nearer(self, u: Tensor) -> Tensor:
        """Return how much nearer cutouts are to each negative prompt than to all else.

        u: [..., n, d] -> [..., n, k], in cosines of texts; above 0 a cutout shows what is avoided.
        """
        k = len(self.weights)
        near = (u @ self.v.T - self.blank) * self.alike  # [..., n, m + k]
        nearest = near[..., :-k].amax(-1, keepdim=True).clamp(min=MARGIN / self.scale)
        return near[..., -k:] - nearest

    def __call__(self, u: Tensor) -> Tensor:
        """Return the penalty of cutouts, u [..., n, d] -> [..., n], >= 0: a softplus of logits.

        It is straight while a cutout shows what is avoided, and flat once it does not.
        """
        logits = self.scale * self.nearer(u)
        return (self.weights * F.softplus(logits)).sum(-1) / self.scale


@torch.no_grad()
def avoided(
    encoder: ClipEncoder,
    v: Tensor,
    away: Tensor,
    weights: Sequence[float],
    pictures: Sequence[bool],
) -> Avoided:
    """Return what negative prompts ask to avoid, beside prompts v [m, d].

    away: [k, d], their unit embeddings. pictures: [m + k], which of both are pictures.
    """
    both = torch.cat([v, away])
    empty = (blank(encoder) @ both.T).mean(0)  # [m + k]
    scale = float(encoder.model.logit_scale.exp())
    # A picture that is itself as good as blank rises nowhere: it is not blown up without end.
    shown = SHOWN * (1 - empty).clamp(min=MARGIN / scale)
    chosen = torch.tensor(pictures, device=v.device)
    alike = torch.where(chosen, RISE / scale / shown, torch.ones_like(empty))
    return Avoided(both, empty, v.new_tensor(weights), scale, alike)
