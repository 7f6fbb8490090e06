"""Text alternatives of the plots, which state their numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from otgen.explain import metrics
from otgen.explain.evidence import Record
from otgen.explain.plots import style
from otgen.explain.territory import density, territory
from otgen.recipe.prompts import shorten


def _lanes(record: Record, say: Callable[[int], str]) -> str:
    """Describe each lane: "Optimal transport: ...; Mean of distances: ..."."""
    parts = (f"{style.lane_title(name)}: {say(lane)}" for lane, name in enumerate(record.lanes))
    return "; ".join(parts) + "."


def _each(record: Record, values: list[str]) -> str:
    """Join a value per prompt with the prompts: "36 “a cat”, 28 “a castle”"."""
    return ", ".join(
        f"{value} {shorten(text)}" for value, text in zip(values, record.prompts, strict=True)
    )


def sheets(record: Record, moment: int = -1, **_) -> str:
    """Say how many cutouts follow each prompt."""

    def say(lane: int) -> str:
        numbers = metrics.numbers(record, lane, moment)
        counted = _each(record, [str(count) for count in numbers.counts])
        hungry = " and ".join(shorten(record.prompts[prompt]) for prompt in numbers.starved)
        return f"{counted} (balance {numbers.balance:.2f}{hungry and f'; hardly any: {hungry}'})"

    asked = _each(record, [f"{share:.0%}" for share in record.shares])
    n = record.cost.shape[2]
    step = record.moments[moment]
    return (
        f"Cutouts by nearest prompt, {n} a lane, at step {step}. {_lanes(record, say)} "
        f"Asked for: {asked}."
    )


def plane(record: Record, moment: int = -1, of: Sequence[int] | None = None) -> str:
    """State how costs correlate and how far arrows agree, for all prompts or some."""
    chosen = list(range(len(record.prompts)) if of is None else of)
    many, weights = len(chosen) > 1, metrics.weights_of(record, moment)

    def say(lane: int) -> str:
        between = metrics.correlation(record.cost[moment, lane][:, chosen], weights)
        agree = metrics.resultant(record.tangents[moment, lane][:, chosen], weights)
        return f"{f'correlation of costs {between:.2f}, ' if many else ''}arrows agree {agree:.2f}"

    some = " and ".join(shorten(record.prompts[prompt]) for prompt in chosen)
    named = some if of is not None or not many else "the prompts"
    specialise = "; a correlation below 0 means that cutouts specialise" if many else ""
    return (
        f"Distances of {record.cost.shape[2]} cutouts to {named} "
        f"with arrows of descent, at step {record.moments[moment]}. {_lanes(record, say)} "
        f"Arrows that agree 1 all point the same way{specialise}."
    )


def maps(record: Record, moment: int = -1) -> str:
    """State how much of the mass each prompt has, and how its part varies over the picture."""

    def say(lane: int) -> str:
        region = territory(record, lane, moment)
        mass = region.mass.sum((1, 2))
        low, high = np.quantile(region.owned, (0.01, 0.99), axis=(1, 2))
        ranges = zip(mass, low, high, strict=True)
        return _each(record, [f"{m:.0%} (by place {a:.0%} to {b:.0%})" for m, a, b in ranges])

    placed = ", ".join(
        f"{shorten(text)} {place.removesuffix('!')}"
        for text, place in zip(record.prompts, record.places, strict=False)
        if place
    )
    asked = f" Places asked for: {placed}." if placed else ""
    cutouts = density(record, moment)
    where = (
        f" Cutouts drawn: by place {cutouts.times.min():.2f} to {cutouts.times.max():.2f} times as "
        f"many as uniformly; the {cutouts.of} tell as much as {cutouts.effective:.0f} of equal "
        "weight."
        if cutouts
        else ""
    )
    return (
        f"Share of the plan's mass that each prompt owns in the picture. "
        f"{_lanes(record, say)}{asked}{where}"
    )


def shares(record: Record, moment: int = -1, **_) -> str:
    """State each prompt's required share, and its fraction of the mass and of the cutouts."""

    def say(lane: int) -> str:
        numbers = metrics.numbers(record, lane, moment)
        rows = zip(record.prompts, numbers.asked, numbers.mass, numbers.counts, strict=True)
        free = style.free(record.lanes[lane], sum(numbers.mass))
        return (f"{free}, " if free else "") + ", ".join(
            f"{shorten(text)} asked for {asked:.0%} and has {mass:.1%} and {count} cutouts"
            for text, asked, mass, count in rows
        )

    n = record.cost.shape[2]
    return f"Shares of the plan's mass, and of {n} cutouts by nearest prompt. {_lanes(record, say)}"


def avoided(record: Record, moment: int = -1) -> str:
    """State how many cutouts show what each negative prompt names, and how near they come."""

    def say(lane: int) -> str:
        shown, most = metrics.avoided(record, lane, moment), record.avoided[moment, lane].max(0)
        rows = zip(record.negative, shown, most, strict=True)
        return ", ".join(
            f"{count} show {shorten(text)} (nearest one {far:+.2f})" for text, count, far in rows
        )

    n, step = record.avoided.shape[2], record.moments[moment]
    return (
        f"Cutouts that show what is avoided, of {n} a lane, at step {step}. {_lanes(record, say)}"
    )


def lines(record: Record, **_) -> str:
    """Say where the curves began and ended."""
    curves = metrics.curves(record)
    fields = {"loss": "loss", "balance": "balance", "correlation": "correlation of costs",
              "resultant": "agreement of arrows", "least": "coverage of the weakest prompt",
              "diversity": "diversity"}  # fmt: skip

    def say(lane: int) -> str:
        of_lane = {title: getattr(curves, field)[:, lane] for field, title in fields.items()}
        return ", ".join(
            f"{title} {curve[0]:.2f} to {curve[-1]:.2f}" for title, curve in of_lane.items()
        )

    return f"From step 0 to step {len(record.losses) - 1}. {_lanes(record, say)}"
