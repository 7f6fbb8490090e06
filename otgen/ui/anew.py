"""Finished pictures drawn anew, larger or as SVG: their addresses, and what is found there."""

from __future__ import annotations

from urllib.parse import quote

from otgen.painters.catalogue import card
from otgen.recipe.lanes import slug
from otgen.results.result import ANEW, Saved
from otgen.run.plan import check_redrawable
from otgen.service.redrawing import redraw
from otgen.ui.render import Rendered

_MEDIA = {"large": "image/png", "svg": "image/svg+xml"}


def addresses(saved: Saved, kind: str) -> dict[str, str]:
    """Return each address of a picture drawn again, relative to the page; kind: of ANEW.

    Empty where the painter draws none anew, or the run is not complete.
    """
    if not card(saved.settings.generator).scalable or not saved.complete:
        return {}
    return {
        lane: f"results/{quote(saved.id)}/{slug(lane)}{ANEW[kind]}?step={saved.steps}"
        for lane in saved.settings.lanes
    }


def anew(saved: Saved, name: str) -> Rendered | None:
    """Return a file of this name, made now; None where there is none.

    Raises InputError and Unavailable where there could be one.
    """
    for kind, end in ANEW.items():
        for lane in addresses(saved, kind):
            if name == slug(lane) + end:
                check_redrawable(saved)
                return Rendered(redraw(saved.folder, lane, kind), _MEDIA[kind])
    return None
