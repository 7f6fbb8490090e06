"""Collects the evidence of a run while it runs. Input is torch, output is a Record."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.explain.evidence import Record
from otgen.guidance.loop import Snapshot
from otgen.guidance.objective import Objective
from otgen.transport.pushforward import tangents

MOMENTS = 24  # steps kept whole, at most, besides the last
RECENT = 8  # steps whose cutouts make the transport map
FRAME = 192  # pixels, the longer side of a kept picture at most


class _Moment(NamedTuple):
    """A step's part of the Record, on the device. Fields are as there, without their first axis."""

    frames: Tensor
    cost: Tensor
    plan: Tensor
    tangents: Tensor
    similarity: Tensor
    diversity: Tensor
    corners: Tensor
    avoided: Tensor
    weights: Tensor


def uint8(pictures: Tensor) -> Tensor:
    """Convert pictures [..., 3, h, w] in [0, 1] to [..., h, w, 3] uint8."""
    return (pictures.clamp(0, 1) * 255).round().to(torch.uint8).movedim(-3, -1)


def _frames(pictures: Tensor) -> Tensor:
    """Shrink pictures [L, 3, h, w] to at most FRAME pixels a side, as [L, h', w', 3] uint8."""
    scale = FRAME / max(pictures.shape[-2:])
    if scale < 1:
        size = [max(1, round(side * scale)) for side in pictures.shape[-2:]]
        pictures = F.interpolate(
            pictures, size, mode="bilinear", antialias=True, align_corners=False
        )
    return uint8(pictures)


def nearest_counts(cost: Tensor, weights: Tensor) -> Tensor:
    """Count the cutouts that are nearest to each prompt: [L, n, m] -> [L, m].

    weights: [n], of the cutouts, sum 1: each counts n times that, and the counts are rounded such
    that they still sum to n. [0] if all count alike.
    """
    prompts = torch.arange(cost.shape[-1], device=cost.device)
    near = cost.argmin(-1)[..., None] == prompts
    n = len(weights)
    if not n:
        return near.sum(-2)
    exact = torch.einsum("n,lnm->lm", n * weights, near.to(weights))
    low = exact.floor()
    rank = (low - exact).argsort(dim=-1, stable=True).argsort(-1)
    return (low + (rank < n - low.sum(-1, keepdim=True))).long()


def diversity(u: Tensor, weights: Tensor) -> Tensor:
    """Return the mean cosine distance of two cutouts of a lane: u [L, n, d] -> [L], 0 to 2.

    weights: [n], of the cutouts, [0] if they count alike.
    """
    if len(weights):
        same = weights.square().sum()
        together = torch.einsum("n,lnd->ld", weights, u).square().sum(-1)
        return 1 - (together - same) / (1 - same)
    n = u.shape[-2]
    total = u.sum(-2).square().sum(-1)  # the n squares and all n (n - 1) products of two
    return 1 - (total - n) / (n * (n - 1))


class Recorder:
    """Call it with each snapshot of a run. ``record`` works at any time after the first call.

    Each step keeps two small tensors on the device. Only up to MOMENTS steps are kept in full, and
    these need no other pass through generator, encoder or solver.
    """

    def __init__(
        self,
        objective: Objective,
        prompts: tuple[str, ...],
        lanes: tuple[str, ...],
        steps: int,
        negative: tuple[str, ...] = (),
        places: tuple[str, ...] = (),
    ) -> None:
        self._objective, self._prompts, self._lanes = objective, prompts, lanes
        self._negative, self._places = negative, places
        kept = np.linspace(0, steps, min(steps, MOMENTS) + 1)
        self._kept = {round(float(step)) for step in kept}
        self._losses: list[Tensor] = []
        self._counts: list[Tensor] = []
        self._moments: dict[int, _Moment] = {}
        self._recent: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=RECENT)
        self._last: Snapshot | None = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Record a snapshot."""
        loss = snapshot.loss
        self._losses.append(loss.value)
        self._counts.append(nearest_counts(loss.cost, loss.weights))
        self._recent.append((loss.plan, loss.corners, loss.weights))
        self._last = snapshot
        if snapshot.step in self._kept:
            self._moments[snapshot.step] = self._look(snapshot)

    def restore(self, record: Record) -> None:
        """Restore the record of an interrupted run, without its last step, which is repeated."""
        device = self._objective.b.device

        def each(name: str) -> list[Tensor]:
            # Places of cutouts are drawn on the CPU and stay there.
            where = "cpu" if "corners" in name else device
            return [torch.from_numpy(row).to(where) for row in getattr(record, name)[:-1]]

        self._losses, self._counts = each("losses"), each("counts")
        recent = "recent_plan", "recent_corners", "recent_weights"
        self._recent.extend(zip(*map(each, recent), strict=True))
        steps = map(int, record.moments[:-1])
        looks = map(_Moment, *map(each, _Moment._fields))
        self._moments = dict(zip(steps, looks, strict=True))

    def _look(self, snapshot: Snapshot) -> _Moment:
        loss, objective = snapshot.loss, self._objective
        return _Moment(
            _frames(snapshot.show(FRAME)),
            loss.cost,
            loss.plan,
            tangents(loss.u, objective.v, loss.plan, objective.distance, loss.among),
            loss.u @ objective.v.T,
            diversity(loss.u, loss.weights),
            loss.corners,
            objective.avoided.nearer(loss.u) if objective.avoided else loss.u[..., :0],
            loss.weights,
        )

    def record(self) -> Record:
        """Return the evidence so far, with the latest snapshot as its last moment."""
        last, objective = self._last, self._objective
        assert last is not None
        moments = {**self._moments}
        moments.setdefault(last.step, self._look(last))
        stacked = {
            name: torch.stack([getattr(moment, name) for moment in moments.values()]).cpu().numpy()
            for name in _Moment._fields
        }
        plans, corners, weights = zip(*self._recent, strict=True)
        counted = torch.stack(self._counts).cpu().numpy()
        return Record(
            prompts=self._prompts,
            lanes=self._lanes,
            distance=objective.distance,
            shares=objective.b.cpu().numpy(),
            losses=torch.stack(self._losses).cpu().numpy(),
            counts=counted,
            moments=np.array(list(moments)),
            recent_plan=torch.stack(plans).cpu().numpy(),
            recent_corners=torch.stack(corners).cpu().numpy(),
            recent_weights=torch.stack(weights).cpu().numpy(),
            negative=self._negative,
            places=self._places,
            **stacked,
        )
