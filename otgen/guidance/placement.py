"""Places of prompts: a term of the cost for what lies outside the box that a prompt belongs to.

Of a cutout (or a sprite's square) the part of its area outside prompt j's box costs prompt j that
part times a strength, in the unit that epsilon has. The term does not depend on the picture: it has
no gradient of its own, and acts through the plan, which sends a prompt's share to what lies in its
place. So it does nothing where the plan is fixed: under the mean, or with one prompt alone, unless
the coupling also chooses among the cutouts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from otgen.recipe import places
from otgen.recipe.lanes import card_of
from otgen.transport.units import deviation, spread

# What lying outside costs. A soft place is one reason among others: what shows a prompt
# much better may stay outside. A hard one leaves other reasons next to no say; a harder one would
# change no plan and make Sinkhorn slow.
SOFT, HARD = 10.0, 30.0


class Placement(NamedTuple):
    """Where m prompts belong.

    boxes: [m, 4], (left, top, right, bottom), parts of the picture's sides. strength: [m], >= 0.
    whole: [L], lanes whose plans hold the whole mass of every cutout.
    """

    boxes: Tensor
    strength: Tensor
    whole: Tensor

    def outside(self, boxes: Tensor) -> Tensor:
        """Return the part of boxes [..., n, 4] that lies outside each prompt's, [..., n, m].

        What lies outside the picture does not count.
        """
        ours = boxes.clamp(0, 1)[..., None, :]  # [..., n, 1, 4]
        shared = torch.minimum(ours, self.boxes)[..., 2:] - torch.maximum(ours, self.boxes)[..., :2]
        area = (ours[..., 2:] - ours[..., :2]).prod(-1)
        return 1 - shared.clamp(min=0).prod(-1) / area.clamp(min=1e-9)

    def __call__(
        self, cost: Tensor, epsilon: Tensor, boxes: Tensor, a: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Add the term to a cost [L, n, m] of what lies in boxes [n, 4] or [L, n, 4].

        a: [n], their weights, where they are not all alike.

        Returns the cost, and epsilon [L] in units of this cost: as large as it was before.
        """
        unit = self._unit(cost, a)
        outside = self.outside(boxes.to(cost.device))
        whole = cost + unit[:, None, None] * self.strength * outside
        return whole, epsilon * unit / self._unit(whole, a)

    def _unit(self, cost: Tensor, a: Tensor | None) -> Tensor:
        """Return the unit of each lane's epsilon for a cost [L, n, m], [L], a constant."""
        cost = cost.detach()
        return torch.where(self.whole, spread(cost, a), deviation(cost, a))


def placement(
    prompts: Sequence[str], couplings: Sequence[str], device: torch.device
) -> Placement | None:
    """Return where prompts belong in the lanes of L couplings.

    prompts: the place of each, none if all belong anywhere.
    """
    if not prompts:
        return None
    boxes = torch.tensor([places.box(place) for place in prompts], device=device)
    strength = [(HARD if places.hard(place) else SOFT) if place else 0.0 for place in prompts]
    whole = [card_of(name).whole for name in couplings]
    return Placement(boxes, *(torch.tensor(part, device=device) for part in (strength, whole)))
