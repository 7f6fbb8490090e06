"""From pictures to a loss per lane: cutouts, embeddings, cost, coupling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.guidance import sampling
from otgen.guidance.anchor import Anchor
from otgen.guidance.avoidance import Avoided
from otgen.guidance.clip import ClipEncoder
from otgen.guidance.cutouts import CutoutSpec, cut, sample
from otgen.guidance.exemplars import Level
from otgen.guidance.placement import Placement
from otgen.painters.opinion import Answer
from otgen.recipe.lanes import card_of
from otgen.transport.bridge import Coupling, couple_lanes, uses_among
from otgen.transport.direct import PLAIN, Prompts
from otgen.transport.distances import DISTANCES

_AT_ONCE = 512  # parts that are embedded together: bounds the memory
_OF_PARTS = {"divergence": "ot", "composite": "mean"}
_NONE = 1e-30  # mass that is none: there is nothing to divide


class Loss(NamedTuple):
    """The loss of the pictures of one step, and its parts.

    value: [L], differentiable in the pictures. cost, plan: [L, n, m]; the cost is without what
    places of prompts add to it. error: [L], L1 distance of the plan's marginals from the required
    ones. among: [L, n, n], the value's derivative by the costs between cutouts, [L, n, 0] where no
    lane uses them. u: [L, n, d]. corners: [n, 4, 2], the places of the cutouts (cutouts.Views).
    weights: [n], of the cutouts, sum 1; [0] if all count alike. need: [k, k], by which the next
    step is to draw them; [0, 0] if by chance alone.
    """

    value: Tensor
    cost: Tensor
    plan: Tensor
    error: Tensor
    among: Tensor
    u: Tensor
    corners: Tensor
    weights: Tensor
    need: Tensor


@dataclass(frozen=True)
class Objective:
    """The loss of each lane: the paper's Eq. 5 (coupling "ot"), Eq. 1 ("mean") or another.

    Args:
        encoder: embeds the cutouts. v: [m, d], unit embeddings of the prompts. b: [m], their
            shares, sum 1.
        couplings: L of them, as in ``lanes.Lane``. epsilon: [L], in units of the cost's spread.
        distance: a key of DISTANCES. cutouts: n. spec: how they are sampled. seed: of the sampling.
        avoided: what negative prompts push away from, None without any. placement: where prompts
            belong, None if all do anywhere. level: what makes pictures among the prompts
            comparable with texts, None if all are of one kind. anchor: what pictures are held to.
            adaptive: the next step's need follows from the plan.
    """

    encoder: ClipEncoder
    v: Tensor
    b: Tensor
    couplings: tuple[str, ...]
    epsilon: Tensor
    distance: str
    cutouts: int
    spec: CutoutSpec
    seed: int
    avoided: Avoided | None = None
    placement: Placement | None = None
    level: Level | None = None
    anchor: Anchor | None = None
    adaptive: bool = False

    def __call__(self, pictures: Tensor, step: int, need: Tensor | None = None) -> Loss:
        """Compare pictures [L, 3, h, w] in [0, 1] with the prompts.

        The cutouts are a function of (seed, step) and of the need [k, k] of cells (``sampling``),
        on the CPU; None draws them by chance alone.
        """
        lanes, _, height, width = pictures.shape
        views = sample(
            self.cutouts,
            self.encoder.side,
            height,
            width,
            self.spec,
            self.seed,
            step,
            pictures.device,
            need,
        )
        weights = None if need is None else views.weights
        crops = cut(pictures, views)  # [L, n, 3, s, s]
        u = self.encoder.crops(crops.flatten(0, 1)).unflatten(0, (lanes, -1))  # [L, n, d]
        cost = self._cost(u)  # [L, n, m]
        among = DISTANCES[self.distance](u, u) if uses_among(self.couplings) else None
        value, plan, error, own = self._couple(
            cost, self.b, views.boxes, self.couplings, among, weights
        )
        if self.avoided:  # every cutout counts as in the plan
            penalty = self.avoided(u)
            value = value + (penalty.mean(-1) if weights is None else penalty @ weights)
        if self.anchor:
            value = value + self.anchor(pictures)
        later = cost.new_zeros(0, 0) if need is None else need
        if self.adaptive:
            later = sampling.seen(need.to(cost), views.cells, plan, cost.detach(), self.b, weights)
        return Loss(
            value=value,
            cost=cost,
            plan=plan,
            error=error,
            among=own,
            u=u,
            corners=views.corners,
            weights=views.weights,
            need=later,
        )

    @torch.no_grad()
    def opinion(self, parts: Tensor) -> Answer:
        """Compare parts of pictures, [L, k, 3, s, s] in [0, 1], with the prompts.

        L may be 1 if the parts are the same in all lanes.
        """
        side = self.encoder.side
        embedded = []
        for few in parts.flatten(0, 1).split(_AT_ONCE):
            if few.shape[-1] != side:
                few = F.interpolate(few, (side, side), mode="bilinear", antialias=True)
            embedded.append(self.encoder.crops(few))
        u = torch.cat(embedded).unflatten(0, parts.shape[:2])
        cost, cosine = self._cost(u), u @ self.v.T
        if self.level:
            cosine = cosine + self.level.cosine
        penalty = self.avoided(u) if self.avoided else u.new_zeros(u.shape[:2])
        # The same for all prompts of a part, it changes no plan, as a part's mass is fixed.
        return Answer(cost + penalty[..., None], cosine, penalty, self.b, self._pull)

    def _cost(self, u: Tensor) -> Tensor:
        """Return the distances of embeddings [L, n, d] to the prompts, [L, n, m]."""
        cost = DISTANCES[self.distance](u, self.v)
        return cost + self.level.cost if self.level else cost

    def _couple(
        self,
        cost: Tensor,
        shares: Tensor,
        boxes: Tensor,
        couplings: tuple[str, ...],
        among: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> Coupling:
        """Couple a cost [L, k, m] of what lies in boxes [k, 4] or [L, k, 4], by all lanes.

        among: [L, k, k], the costs between cutouts, where a coupling uses them. weights: [k], of
        the cutouts, where they do not count alike.
        """
        whole, epsilon = cost, self.epsilon
        if self.placement:
            whole, epsilon = self.placement(cost, epsilon, boxes, weights)
        if (self.placement or self.level) and not PLAIN.isdisjoint(couplings):
            distances = cost - self.level.cost if self.level else cost
            plain = torch.tensor([name in PLAIN for name in couplings], device=cost.device)
            whole = torch.where(plain[:, None, None], distances, whole)
        prompts = Prompts(self.v, self.distance)
        return couple_lanes(whole, shares, epsilon, couplings, weights, among, prompts)

    @torch.no_grad()
    def _plan(self, cost: Tensor, shares: Tensor, boxes: Tensor) -> Tensor:
        """Return each lane's plan of parts that cost [L, k, m] and lie in boxes [L, k, 4].

        Each part has the mass 1 / k, except in lanes whose plans need not hold all of it.
        """
        k = cost.shape[1]
        # Each part as often, and about as many rows as cutouts: few numbers for jax to compile for.
        rows = torch.arange(k * -(-max(self.cutouts, k) // k), device=cost.device) % k
        # Parts have no costs among themselves, without which the divergence's plan is OT's; and
        # what a part costs for showing what is avoided is no distance, which the composite needs.
        names = tuple(_OF_PARTS.get(name, name) for name in self.couplings)
        plan = self._couple(cost[:, rows], shares, boxes[:, rows], names).plan
        total = torch.zeros_like(cost).index_add_(1, rows, plan)
        whole = total / (k * total.sum(-1, keepdim=True).clamp(min=_NONE))
        return torch.where(self._whole()[:, None, None], whole, total)

    @torch.no_grad()
    def _pull(self, cost: Tensor, shares: Tensor, boxes: Tensor) -> Tensor:
        """Return how each lane pulls parts that cost [L, k, m], as ``Answer.couple``."""
        plan = self._plan(cost, shares, boxes)
        mass = plan.sum(-1, keepdim=True)
        pull, held = plan / mass.clamp(min=_NONE), (cost.shape[1] * mass).clamp(max=1)
        return torch.where(self._whole()[:, None, None], pull, pull * held)

    def _whole(self) -> Tensor:
        """Tell which lanes' plans hold the whole mass of every cutout, [L]."""
        whole = [card_of(name).whole for name in self.couplings]
        return torch.tensor(whole, device=self.b.device)
