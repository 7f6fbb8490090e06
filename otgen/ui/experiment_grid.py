"""An experiment as HTML: rungs, a strip or pairs of pictures, each a link to its run."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from urllib.parse import parse_qsl, urlencode

import numpy as np

from otgen.explain.palette import PALETTE
from otgen.recipe.codec import to_query
from otgen.recipe.experiments import Step, base
from otgen.recipe.lanes import lane_of
from otgen.recipe.lanes import title as lane_title
from otgen.recipe.prompts import shares
from otgen.recipe.settings import LANES
from otgen.results.figure_text import describe
from otgen.results.result import Saved
from otgen.results.spread import MEASURES, measured, over
from otgen.service.job import Status
from otgen.service.pace import Pace, duration
from otgen.service.series import Series, painted
from otgen.ui.files import address
from otgen.ui.messages import trouble
from otgen.ui.stage import data_address

# As the buttons have them.
_TITLES = {
    "ladder": "Prompts one by one",
    "dial": "From sharp to Mean",
    "seeds": "Several seeds",
}


def query(series: Series) -> str:
    """Return the query string of a link that opens the experiment again."""
    return urlencode([("experiment", series.kind), *parse_qsl(to_query(series.settings))])


def grid(series: Series, statuses: list[Status | None]) -> str:
    """Return the experiment's HTML. Prompts come from people: all text is escaped."""
    results = [status.saved if status else None for status in statuses]
    sort = base(series.kind)
    body = {"ladder": _ladder, "dial": _dial, "seeds": _seeds}[sort](series, statuses)
    link = escape(query(series))
    files = "".join(
        f'<a class="download" href="experiments/{series.kind}-light-wide.{kind}?{link}" '
        f'download="otgen-{series.kind}.{kind}"><span aria-hidden="true">↓</span> '
        f"{'Strip' if sort == 'dial' else 'Grid'} as {kind.upper()}</a>"
        for kind in ("png", "svg")
    )
    downloads = f'<p class="downloads">{files}</p>' if series.over and any(results) else ""
    words = escape(describe(series.kind, series.steps, results))
    return (
        f'<section class="experiment {sort}" data-query="{link}" aria-label="{words}">'
        f"{_line(series, statuses)}{body}{downloads}</section>"
    )


def _line(series: Series, statuses: list[Status | None]) -> str:
    """Say how far it is, in runs, and how long the rest takes."""
    done = sum(bool(status and painted(status)) for status in statuses)
    many = len(series.steps)
    runs = f"{done} of {many} runs" if many > 1 else "One run"
    title = f"<strong>{_TITLES[base(series.kind)]}</strong>{_subject(series)}"
    if series.error:
        return f'<p class="how">{title}</p>{trouble(series.error)}'
    if series.over:
        rest = f"{runs} are painted; the button above paints the others."
        missing = rest if many > 1 else "Not finished; the button above continues it."
        missing = f"Stopped. {missing}" if series.stopping.is_set() else missing
        said = "Each picture opens its run." if done == many else missing
        astray = "".join(
            f'<p class="note">{escape(one)}</p>' for one in _diverged(series, statuses)
        )
        return f'<p class="how">{title}<span>{said}</span></p>{astray}'
    part, left = _progress(series, statuses)
    more = f" · about {duration(left)} left" if left is not None else ""
    return (
        f'<p class="how">{title}<span>{runs}{more}</span></p>'
        '<div class="track" role="progressbar" aria-label="Progress of the experiment" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{100 * part:.0f}">'
        f'<i style="width:{part:.1%}"></i></div>'
    )


def _subject(series: Series) -> str:
    """Name prompts and painter: another run may stand above."""
    said = ", ".join(f"<bdi>{escape(prompt.text)}</bdi>" for prompt in series.settings.prompts)
    return f"<span>{said} · {escape(series.plans[0].card.title)}</span>"


def _diverged(series: Series, statuses: list[Status | None]) -> list[str]:
    """Return a sentence for each run that diverged."""
    return [
        f"{step.title.capitalize()} diverged. {status.error}"
        for step, status in zip(series.steps, statuses, strict=True)
        if status and status.state == "diverged"
    ]


def offer(series: Series, pace: Pace) -> str:
    """Say how many runs an experiment still takes here, and about how many seconds."""
    todo = [
        plan
        for plan, job in zip(series.plans, series.jobs, strict=True)
        if job is None or not painted(job.status)
    ]
    if not todo:
        return "Painted already: opens at once."
    times = [pace.seconds(plan) for plan in todo]
    runs = "One run" if len(todo) == 1 else f"{len(todo)} runs"
    if None in times:
        painting = len(LANES) * series.settings.steps
        part = sum(plan.settings.steps * len(plan.settings.lanes) for plan in todo) / painting
        return f"{runs}, about {part:.2g} times as long as one comparison."
    return f"{runs}, about {duration(max(1, round(sum(times))))} on this machine."


def _progress(series: Series, statuses: list[Status | None]) -> tuple[float, float | None]:
    """Return the part that is painted, and the seconds that the rest takes, where one is known."""
    work, done, pace = 0.0, 0.0, None
    for step, status in zip(series.steps, statuses, strict=True):
        size = step.settings.steps * len(step.settings.lanes)
        work += size
        if status:
            done += size * status.step / max(step.settings.steps, 1)
            if status.saved and status.saved.steps:
                pace = status.saved.seconds / status.saved.steps / len(step.settings.lanes)
            elif status.speed:
                pace = 1 / status.speed / len(step.settings.lanes)
    return done / work, None if pace is None else pace * (work - done)


def _ladder(series: Series, statuses: list[Status | None]) -> str:
    prompts = [prompt.text for prompt in series.settings.prompts]
    runs = list(zip(series.steps, statuses, strict=True))
    alone = "".join(
        f"{_said(place, prompts[place])}{_cell(*run, 'ot', '')}</li>"
        for place, run in enumerate(runs[: len(prompts)])
    )
    together = "".join(
        f'{_said(place, prompts[place], "+ ")}<div class="cells">'
        f"{_cell(*run, 'ot', 'OT')}{_cell(*run, 'mean', 'Mean')}</div></li>"
        for place, run in enumerate(runs[len(prompts) :], 1)
    )
    return (
        f'<h3>Each prompt alone</h3><ol class="alone">{alone}</ol>'
        f'<h3>Together: the first, and one more at a time</h3><ol class="rungs">{together}</ol>'
    )


def _said(place: int, text: str, sign: str = "") -> str:
    """Begin an item of a list with the prompt that it is about."""
    return (
        f'<li style="--dot:{PALETTE[place]}"><p class="said">{sign}<span class="dot"></span>'
        f"<bdi>{escape(text)}</bdi></p>"
    )


def _dial(series: Series, statuses: list[Status | None]) -> str:
    (step,), (status,) = series.steps, statuses
    cells = "".join(
        _cell(step, status, lane, "Mean" if lane == "mean" else f"ε {lane_of(lane, 0).epsilon:g}")
        for lane in step.settings.lanes
    )
    return f'<div class="cells">{cells}</div>{_legend(step)}'


def _seeds(series: Series, statuses: list[Status | None]) -> str:
    """Return a pair of pictures for each seed, and how far each loss's numbers spread."""
    lanes = series.settings.lanes
    runs = "".join(
        f'<li><p class="said">{step.title.capitalize()}</p><div class="cells">'
        + "".join(_cell(step, status, lane, lane_title(lane), _measured) for lane in lanes)
        + "</div></li>"
        for step, status in zip(series.steps, statuses, strict=True)
    )
    legend = _legend(series.steps[0])
    results = [status.saved if status else None for status in statuses]
    return f'<ol class="rungs">{runs}</ol>{legend}{_spread(results, lanes)}'


def _measured(saved: Saved, lane: str) -> str:
    parts = " ".join(f"<span>{part}</span>" for part in measured(saved.numbers[lane]))
    return f'<p class="measured">{parts}</p>'


def _spread(results: list[Saved | None], lanes: tuple[str, ...]) -> str:
    """Return the table of what is known of all complete results, nothing before there are two."""
    whole = sum(bool(saved and saved.complete) for saved in results)
    if whole < 2:
        return ""
    heads = "".join(f'<th scope="col" title="{one.said}">{one.title}</th>' for one in MEASURES)
    rows = "".join(
        f'<tr><th scope="row">{escape(lane_title(lane))}</th>'
        + "".join(f"<td>{over(results, lane, measure)}</td>" for measure in MEASURES)
        + "</tr>"
        for lane in lanes
    )
    means = "; ".join(f"{one.title}: {one.said}" for one in MEASURES)
    return (
        f'<table class="spread"><caption>Mean ± standard deviation over {whole} of {len(results)} '
        f"seeds</caption><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f'<p class="means">{means}.</p>'
    )


def _legend(step: Step) -> str:
    items = "".join(
        f'<li style="--dot:{colour}"><span class="dot"></span><bdi>{escape(prompt.text)}</bdi></li>'
        for prompt, colour in zip(step.settings.prompts, PALETTE, strict=False)
    )
    return f'<ul class="legend">{items}</ul>'


def _cell(
    step: Step,
    status: Status | None,
    lane: str,
    said: str,
    below: Callable[[Saved, str], str] = lambda saved, lane: "",
) -> str:
    """Return a picture with its caption and its bar: a link once there is a result.

    below: what stands under a result's lane.
    """
    number = step.settings.lanes.index(lane)
    source, counts = "", ()
    if status and status.saved:
        source = escape(address(status.saved, lane))
        counts = tuple(status.saved.numbers[lane]["counts"])
    elif status and status.pictures is not None:
        source, counts = data_address(status.pictures[number]), tuple(status.counts[number])
    prompts = ", ".join(prompt.text for prompt in step.settings.prompts)
    alt = f"{lane_title(lane) if len(step.prompts) > 1 else 'Alone'}: {prompts}"
    picture = f'<img src="{source}" alt="{escape(alt)}">' if source else ""
    if status and status.saved:
        picture = f'<a href="?run={status.saved.id}" title="Open this run">{picture}</a>'
    # Alone, every cutout is the one prompt's: a bar would say nothing.
    bar = _bar(step, counts) if len(step.prompts) > 1 else ""
    caption = f"<figcaption>{escape(said)}</figcaption>" if said else ""
    more = below(status.saved, lane) if status and status.saved else ""
    return f'<figure>{caption}<div class="frame">{picture}</div>{bar}{more}</figure>'


def _bar(step: Step, counts: tuple[int, ...]) -> str:
    """Return the bar of cutouts by nearest prompt, with a mark where each share asked for ends."""
    if not counts:
        return '<div class="bar"></div>'
    parts = "".join(
        f'<span class="part" style="--dot:{PALETTE[prompt]};flex-grow:{count}"></span>'
        for prompt, count in zip(step.prompts, counts, strict=True)
    )
    marks = "".join(
        f'<span class="mark" style="left:{100 * at:.2f}%"></span>'
        for at in np.cumsum(shares(step.settings.prompts))[:-1]
    )
    label = f"Cutouts by nearest prompt: {' / '.join(map(str, counts))}"
    return f'<div class="bar" role="img" aria-label="{label}" title="{label}">{parts}{marks}</div>'
