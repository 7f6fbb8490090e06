"""Why the pictures differ, under them: the steps, a slider, the time-lapse, and the plots."""

from __future__ import annotations

import json
from html import escape
from urllib.parse import quote

import gradio as gr

from otgen.explain.evidence import Record
from otgen.explain.timelapse import layout
from otgen.recipe.lanes import slug, title
from otgen.results.result import Saved
from otgen.ui.files import address, filename
from otgen.ui.look import script
from otgen.ui.plot_tabs import tabs
from otgen.ui.render import evidence


def explanation(saved: Saved | None) -> gr.HTML:
    """Return the component, filled with what explains a result."""
    return gr.HTML(
        explain(saved) if saved else "",
        js_on_load=script("explain", "explore"),
        apply_default_css=False,
        elem_id="explain",
    )


def explain(saved: Saved) -> str:
    """Return what explains a result as HTML; plots are drawn when they come into sight.

    Prompts come from people: all text is escaped.
    """
    record = evidence(saved)
    if record is None:
        return ""
    return (
        f'<section class="explain" aria-label="Why the pictures differ" '
        f'data-files="results/{quote(saved.id)}/" data-steps="{saved.steps}">'
        f"{_scrubber(record)}{_slider(saved)}{_film(saved, record)}{tabs(saved)}</section>"
    )


def _scrubber(record: Record) -> str:
    """Return the range input over the moments, which carries the counts of each."""
    last = len(record.moments) - 1
    if last < 1:
        return ""
    counts = dict(
        zip(map(slug, record.lanes), record.counts[record.moments].swapaxes(0, 1), strict=True)
    )
    data = {lane: each.tolist() for lane, each in counts.items()}
    return (
        f'<div class="scrub" data-moments="{record.moments.tolist()}" '
        f'data-counts="{escape(json.dumps(data))}">'
        f'<label for="scrub">Step <b>{record.moments[-1]}</b> of {record.moments[-1]}</label>'
        f'<input id="scrub" type="range" min="0" max="{last}" value="{last}" '
        f'aria-valuetext="step {record.moments[-1]}, the last">'
        f'<button type="button" class="last" disabled>Last step</button></div>'
    )


def _slider(saved: Saved) -> str:
    """Return a lane's picture over another one's, up to where a slider stands."""
    lanes = saved.settings.lanes
    if len(lanes) < 2:
        return ""
    over, under = (title(lane) for lane in lanes[:2])
    choices = "" if len(lanes) < 3 else _sides(saved)
    pictures = "".join(
        f'<img data-lane="{slug(lane)}" src="{address(saved, lane)}" alt="" loading="lazy">'
        for lane in (lanes[1], lanes[0])
    )
    return (
        f"<details><summary>Compare with a slider</summary>{choices}"
        f'<div class="over-under" style="--at: 50%">{pictures}'
        f'<input type="range" min="0" max="100" value="50" aria-label="How much of {over} is laid '
        f'over {under}" aria-valuetext="50 %"><i aria-hidden="true"></i>'
        f'<span aria-hidden="true">{over}</span><span aria-hidden="true">{under}</span>'
        "</div></details>"
    )


def _sides(saved: Saved) -> str:
    """Return the choice of the slider's two lanes; at first they are the first two."""
    sides = "".join(
        f'<label>{side} <select class="side">'
        + "".join(
            f'<option value="{slug(lane)}" data-source="{address(saved, lane)}"'
            f"{' selected' if index == place else ''}>{title(lane)}</option>"
            for index, lane in enumerate(saved.settings.lanes)
        )
        + "</select></label>"
        for place, side in enumerate(("Left", "Right"))
    )
    return f'<div class="choose" role="group" aria-label="Pictures of the slider">{sides}</div>'


def _film(saved: Saved, record: Record) -> str:
    """Return the time-lapse; it is made when somebody plays or fetches it."""
    file, (_, _, width, height) = f"results/{quote(saved.id)}/timelapse", layout(record)
    lanes = " and ".join(title(lane) for lane in saved.settings.lanes)
    return (
        f"<details><summary>Time-lapse</summary><video controls loop muted playsinline "
        f'preload="none" width="{width}" height="{height}" src="{file}.mp4?step={saved.steps}" '
        f'poster="{file}.webp?step={saved.steps}" aria-label="Time-lapse: {lanes}, from the first '
        f'step to step {saved.steps}"></video><p><a class="download" '
        f'href="{file}.mp4?step={saved.steps}" download="{filename(saved, "timelapse", "mp4")}">'
        '<span aria-hidden="true">↓</span> MP4<span class="visually-hidden"> of the time-lapse'
        "</span></a></p></details>"
    )
