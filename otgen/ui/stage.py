"""The stage as HTML: pictures side by side, and a line on how the run goes."""

from __future__ import annotations

import base64
import math
from html import escape
from typing import NamedTuple

from otgen.explain.palette import PALETTE
from otgen.painters.catalogue import card
from otgen.recipe import places
from otgen.recipe.lanes import card_of, lane_of
from otgen.recipe.lanes import title as lane_title
from otgen.recipe.prompts import picture_of, shares
from otgen.recipe.rules import origin
from otgen.recipe.settings import LANES, Settings
from otgen.results.result import Saved, picture_file
from otgen.service.job import Job, Status
from otgen.service.pace import duration
from otgen.ui.files import address
from otgen.ui.parts import alt, parts
from otgen.ui.sharing import drawn_anew, sharing
from otgen.ui.tally import avoided, bar, placed

_DIVERGED = "The pictures are of the last finite step. The same settings would diverge again."


class Scene(NamedTuple):
    """What the stage shows, per lane; empty before there is any.

    sources: addresses of pictures. counts: [L][m]. made: the numbers of a result, which say what a
    picture is made of. anew: links to a finished picture larger and as SVG, HTML. run: the id of a
    result.
    """

    settings: Settings
    sources: tuple[str, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()
    made: tuple[dict, ...] = ()
    anew: tuple[str, ...] = ()
    run: str = ""


def data_address(picture: bytes) -> str:
    """Return a preview, a WebP of a few kilobytes, as a data address: no second request."""
    return "data:image/webp;base64," + base64.b64encode(picture).decode()


def of_preview(job: Job, status: Status) -> Scene:
    """Return the scene of a run's latest preview."""
    sources = tuple(data_address(picture) for picture in status.pictures)
    return Scene(job.settings, sources, tuple(map(tuple, status.counts.tolist())))


def of_saved(saved: Saved) -> Scene:
    """Return the scene of a result."""
    lanes = saved.settings.lanes
    return Scene(
        saved.settings,
        tuple(address(saved, lane) for lane in lanes),
        tuple(tuple(saved.numbers[lane]["counts"]) for lane in lanes),
        tuple(saved.numbers[lane] for lane in lanes),
        drawn_anew(saved),
        saved.id,
    )


def empty() -> str:
    """Return the stage before anything was painted."""
    return f'<div class="stage">{_beside([_lane(lane, "", "", "") for lane in LANES])}</div>'


def stage(scene: Scene) -> str:
    """Return the stage's HTML. Prompts come from people: all text is escaped."""
    prompts = [prompt.text for prompt in scene.settings.prompts]
    negative = [prompt.text for prompt in scene.settings.negative]
    without = f"; without {' or '.join(negative)}" if negative else ""
    asked, outlines = shares(scene.settings.prompts), _outlines(scene.settings)
    lanes = []
    for index, lane in enumerate(scene.settings.lanes):
        source = scene.sources[index] if scene.sources else ""
        made = scene.made[index] if scene.made else {}
        shown = alt(made)
        said = f"{lane_title(lane)}: {', '.join(prompts)}{without}" + (
            f". It shows {shown}." if shown else ""
        )
        counts = scene.counts[index] if scene.counts else ()
        below = bar(counts, prompts, asked) + parts(made, prompts) + avoided(made, negative)
        below += placed(made, scene.settings, lane)
        below += scene.anew[index] if scene.anew else ""
        lanes.append(_lane(lane, source, said, below, outlines))
    legend = "".join(
        f'<li style="--dot:{colour}"><span class="dot"></span>{_named(prompt.text, scene.run)}'
        f"{f' {_where(prompt.place)}' if prompt.place else ''}</li>"
        for prompt, colour in zip(scene.settings.prompts, PALETTE, strict=False)
    ) + "".join(f'<li class="not">not {_named(text, scene.run)}</li>' for text in negative)
    return (
        f'<div class="stage">{_beside(lanes)}'
        f'<ul class="legend" aria-label="Prompts and their colours">{legend}</ul></div>'
    )


def _named(text: str, run: str) -> str:
    """Return a prompt's text; of a picture what a result shows of it."""
    name = picture_of(text)
    if not (name and run):
        return f"<bdi>{escape(text)}</bdi>"
    return f'<img src="results/{run}/{picture_file(name)}" alt="">a picture'


def _where(place: str) -> str:
    """Return where a prompt belongs, in a word or as its box."""
    return f"@{place.removesuffix('!')}{' strictly' if places.hard(place) else ''}"


def _outlines(settings: Settings) -> str:
    """Return the prompts' places over a picture, which fills its square frame one way or both."""
    usual = card(settings.generator).sizes.usual
    width, height = settings.width or usual, settings.height or usual
    across, down = width / max(width, height), height / max(width, height)
    found = ""
    for prompt, colour in zip(settings.prompts, PALETTE, strict=False):
        if prompt.place:
            left, top, right, bottom = places.box(prompt.place)
            found += (
                f'<span class="place" aria-hidden="true" style="--dot:{colour};'
                f"left:{(1 - across) / 2 + across * left:.2%};"
                f"top:{(1 - down) / 2 + down * top:.2%};"
                f'width:{across * (right - left):.2%};height:{down * (bottom - top):.2%}"></span>'
            )
    return found


def _beside(lanes: list[str]) -> str:
    """Lay lanes out in rows that are as even as can be."""
    many, across = len(lanes) > 2, 2 if len(lanes) in (1, 2, 4) else 3
    return (
        f'<div class="lanes{" many" if many else ""}" style="--across:{across}">'
        f"{''.join(lanes)}</div>"
    )


def _manner(lane: str) -> str:
    """Say in a few words what a lane's loss does."""
    own = lane_of(lane, 0).epsilon if lane.startswith("ot@") else 0
    words = ((0.031, "sharp"), (1, "crisp"), (32, "soft"), (math.inf, "in effect the Mean"))
    return next(word for most, word in words if own <= most) if own else card_of(lane).says


def _lane(lane: str, source: str, alt: str, bar: str, outlines: str = "") -> str:
    picture = (
        f'<img src="{source}" alt="{escape(alt)}">{outlines}'
        if source
        else '<span class="wait" aria-hidden="true"></span>'
    )
    return (
        f'<section class="lane" data-lane="{lane}"><h2>{lane_title(lane)}</h2>'
        f'<p class="manner">{_manner(lane)}</p>'
        f'<div class="frame">{picture}</div><div class="counted">{bar}</div></section>'
    )


def progress(run: str, status: Status) -> str:
    """Return the line under the pictures while a run queues, loads or paints."""
    part = status.step / max(status.steps, 1)
    if status.state == "queued" and status.place:
        wait = f" · starts in about {duration(status.wait)}" if status.wait is not None else ""
        title = f"Place {status.place} in the queue{wait}"
        return _line(run, title, "The runs before it are painted first.", None)
    if status.state == "loading" and status.fetched:
        what, here, total = status.fetched
        size = f"{here / 1e6:,.0f} of {total / 1e6:,.0f} MB, once"
        return _line(run, f"Downloading {what}", size, here / max(total, 1))
    if status.state in ("queued", "loading"):
        return _line(run, "Getting the painter ready", "Later runs start at once.", None)
    if status.step >= status.steps:
        return _line(run, "Measuring and saving", f"All {status.steps} steps are painted.", part)
    speed = f"{status.speed:.1f} steps/s" if status.speed else "measuring the speed"
    left = f" · {duration(status.left)} left" if status.left is not None else ""
    return _line(run, f"Step {status.step} of {status.steps}", f"{speed}{left}", part)


def _line(run: str, title: str, detail: str, part: float | None) -> str:
    now = f'aria-valuenow="{100 * part:.0f}"' if part is not None else ""
    style = f' style="width:{part:.1%}"' if part is not None else ' class="unknown"'
    return _wrap(
        run,
        f"<p><strong>{escape(title)}</strong><span>{escape(detail)}</span></p>"
        f'<div class="track" role="progressbar" aria-label="Progress" aria-valuemin="0" '
        f'aria-valuemax="100" {now}><i{style}></i></div>',
    )


def _wrap(run: str, html: str) -> str:
    return f'<div class="line" data-run="{escape(run)}">{html}</div>'


def ending(run: str, status: Status) -> str:
    """Return the line under the pictures once a run is over."""
    saved = status.saved
    if status.error and (status.state == "failed" or saved is None):
        return _wrap(run, f'<p class="trouble" role="alert">{escape(status.error)}</p>')
    if saved is None:
        return _wrap(run, "<p><strong>Stopped before it began</strong></p>")
    return result_line(saved, how(saved), status.error)


def how(saved: Saved) -> str:
    """Return how a result came to its end."""
    if saved.complete:
        return "Painted"
    how = "Diverged after" if saved.diverged else "Stopped at"
    return f"{how} step {saved.steps} of {saved.settings.steps}"


def result_line(saved: Saved, title: str, why: str = "") -> str:
    """Return what a result is, and what to do with it.

    Args:
        why: it was stopped, where nobody asked for that.
    """
    steps = f"{saved.steps} steps in {duration(saved.seconds)}"
    said = [f"{saved.diverged} {_DIVERGED}"] if saved.diverged else [why] if why else []
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in (*said, *saved.notes))
    return _wrap(
        saved.id,
        f"<p><strong>{escape(title)}</strong>"
        f"<span>{steps} · seed {saved.settings.seed}{escape(_machine(saved.device))}</span></p>"
        f"{notes}{_parent(saved.settings)}{sharing(saved)}",
    )


def _parent(settings: Settings) -> str:
    """Return which result a run went on from, with a link to it."""
    if not settings.parent:
        return ""
    where = origin(settings.parent)
    lane = f", all from {lane_title(where.lane)}" if where.lane else ""
    return (
        f'<p class="note">It went on from <a href="?run={where.id}">another result</a>, at step '
        f"{where.step}{escape(lane)}.</p>"
    )


def _machine(device: dict) -> str:
    """Return what a run ran on and the memory it took there, as far as it was noted."""
    if "name" not in device:
        return ""
    peak = device.get("peak memory GB")
    took = f", at most {peak:.1f} GB of its memory" if isinstance(peak, float) else ""
    return f" · on {str(device['name'])[:60]} in {str(device.get('precision', ''))[:20]}{took}"
