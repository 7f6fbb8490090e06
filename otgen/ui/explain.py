"""Why the pictures differ, under them: the scrubber over the steps, and the plots in tabs."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from urllib.parse import quote

import gradio as gr

from otgen.explain.evidence import Record
from otgen.explain.plots import PLOTS
from otgen.explain.timelapse import layout
from otgen.recipe.lanes import slug, title
from otgen.recipe.prompts import shorten
from otgen.results.result import Saved
from otgen.ui.files import address, filename
from otgen.ui.render import evidence, words

# A tab: its plots, and how to read them.
_TABS = (
    (
        ("sheets",),
        "Each cutout stands under the prompt that it is nearest to, the closest first, as the step "
        "on show cut them. Even counts mean that no prompt was drowned; the mark on a bar is the "
        "share that was asked for.",
    ),
    (
        ("plane", "space"),
        "A dot is a cutout, placed by its distances to the prompts; its arrow is the pull of the "
        "loss on it. Under the mean all arrows agree; under optimal transport they part, and each "
        "prompt gets cutouts of its own.",
    ),
    (
        ("maps", "given"),
        "How much of a place follows each prompt: strong colour is the prompt's own ground. Under "
        "the mean every place belongs to all prompts alike. Below, each prompt's mass keeps to the "
        "share asked for; the cutouts nearest to it need not.",
    ),
    (
        ("lines",),
        "Above, the thickness of a colour is the part of the cutouts nearest to that prompt, step "
        "by step. Below, the two losses and what they do to the cutouts: a balance of 1 is even, "
        "0 leaves one prompt with everything.",
    ),
)
_SCRIPTS = ("explain", "explore")
_AXES = ("→ across", "↑ up", "third, in space")


def explanation(saved: Saved | None) -> gr.HTML:
    """Return the component, filled with what explains a result."""
    return gr.HTML(
        explain(saved) if saved else "",
        js_on_load="".join(Path(__file__).with_name(f"{name}.js").read_text() for name in _SCRIPTS),
        apply_default_css=False,
        elem_id="explain",
    )


def explain(saved: Saved) -> str:
    """Return what explains a result as HTML; plots are drawn when they come into sight.

    Prompts come from people: all text is escaped.
    """
    found = evidence(saved)
    if found is None:
        return ""
    return (
        f'<section class="explain" aria-label="Why the pictures differ" '
        f'data-files="results/{quote(saved.id)}/" data-steps="{saved.steps}">'
        f"{_scrubber(found)}{_slider(saved)}{_film(saved, found)}{_tabs(saved)}</section>"
    )


def _scrubber(found: Record) -> str:
    """Return the range input over the moments, which carries the counts of each."""
    last = len(found.moments) - 1
    if last < 1:
        return ""
    counts = dict(
        zip(map(slug, found.lanes), found.counts[found.moments].swapaxes(0, 1), strict=True)
    )
    data = {lane: each.tolist() for lane, each in counts.items()}
    return (
        f'<div class="scrub" data-moments="{found.moments.tolist()}" '
        f'data-counts="{escape(json.dumps(data))}">'
        f'<label for="scrub">Step <b>{found.moments[-1]}</b> of {found.moments[-1]}</label>'
        f'<input id="scrub" type="range" min="0" max="{last}" value="{last}" '
        f'aria-valuetext="step {found.moments[-1]}, the last">'
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


def _film(saved: Saved, found: Record) -> str:
    """Return the time-lapse; it is made when somebody plays or fetches it."""
    file, (_, _, width, height) = f"results/{quote(saved.id)}/timelapse", layout(found)
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


def _tabs(saved: Saved) -> str:
    tabs = panels = ""
    for place, (names, reading) in enumerate(_TABS):
        first = place == 0
        tabs += (
            f'<button type="button" role="tab" id="tab-{names[0]}" aria-controls="of-{names[0]}" '
            f'aria-selected="{str(first).lower()}"{"" if first else " tabindex=-1"}>'
            f"{escape(PLOTS[names[0]].title)}</button>"
        )
        plots = "".join(_plot(saved, name) for name in names if _enough(saved, name))
        panels += (
            f'<div role="tabpanel" id="of-{names[0]}" aria-labelledby="tab-{names[0]}" '
            f'tabindex="0"{"" if first else " hidden"}><p>{escape(reading)}</p>'
            f"{_chooser(saved, names)}{plots}{_explorer(saved) if 'plane' in names else ''}</div>"
        )
    return f'<div role="tablist" aria-label="Why the pictures differ">{tabs}</div>{panels}'


def _enough(saved: Saved, name: str) -> bool:
    return len(saved.settings.prompts) >= PLOTS[name].least


def _chooser(saved: Saved, names: tuple[str, ...]) -> str:
    """Return how a tab's plots are chosen: all cutouts or the closest, or prompts for the axes."""
    if "every" in PLOTS[names[0]].takes:
        label = f"Show all {saved.settings.cutouts} cutouts"
        return f'<label class="choose"><input type="checkbox" class="every"> {label}</label>'
    if "of" not in PLOTS[names[0]].takes or not _enough(saved, "space"):
        return ""
    prompts = [escape(shorten(text, 40)) for text, _ in saved.settings.prompts]
    choices = "".join(
        f'<label>{axis} <select class="of">'
        + "".join(
            f'<option value="{prompt}"{" selected" if prompt == place else ""}>'
            f"{prompt + 1} {text}</option>"
            for prompt, text in enumerate(prompts)
        )
        + "</select></label>"
        for place, axis in enumerate(_AXES)
    )
    return f'<div class="choose" role="group" aria-label="Prompts of the axes">{choices}</div>'


def _explorer(saved: Saved) -> str:
    """Return the frame of the drawings whose cutouts say what they are; the script fills it."""
    if len(saved.settings.prompts) < 2:
        return ""
    lanes = "".join(
        f'<figure><h3>{title(lane)}</h3><svg viewBox="0 0 300 300" role="img" '
        f'data-lane="{slug(lane)}" data-title="{title(lane)}" aria-label="{title(lane)}">'
        f'</svg><figcaption><i data-lane="{slug(lane)}"></i><p></p></figcaption></figure>'
        for lane in saved.settings.lanes
    )
    turn = (
        '<label>Turn <input class="turn" type="range" min="0" max="360" value="30"></label>'
        if _enough(saved, "space")
        else ""
    )
    hint = "Point at a dot, or step through the cutouts." + (" Drag to turn." if turn else "")
    return (
        f'<details class="explore"><summary>Explore the cutouts</summary><p>{hint}</p>'
        f'<div class="lanes">{lanes}</div><div class="choose"><label>Cutout '
        f'<input class="cutout" type="range" min="0" max="1" value="0"></label>{turn}</div>'
        "</details>"
    )


def _plot(saved: Saved, name: str) -> str:
    """Return a plot in both themes, for both widths, and its downloads: for print, so light."""
    plot = PLOTS[name]
    axes = 0
    if "of" in plot.takes and _enough(saved, "space"):
        axes = max(2, plot.least)
    of = f"&amp;of={'.'.join(map(str, range(axes)))}" if axes else ""

    def file(theme: str, width: str, kind: str = "png") -> str:
        return (
            f"results/{quote(saved.id)}/plot-{name}-{theme}-{width}.{kind}?step={saved.steps}{of}"
        )

    text = escape(words(saved, name))
    pictures = "".join(
        f'<picture class="on-{theme}"><source media="(max-width: 640px)" '
        f'srcset="{file(theme, "narrow")}"><img src="{file(theme, "wide")}" alt="{text}" '
        'loading="lazy"></picture>'
        for theme in ("light", "dark")
    )
    slug = plot.title.lower().replace(",", "").replace(" ", "-")
    links = "".join(
        f'<a class="download" href="{file("light", "wide", kind)}" data-kind="{kind}" '
        f'download="{filename(saved, slug, kind)}"><span aria-hidden="true">↓</span> '
        f'{kind.upper()}<span class="visually-hidden"> of “{escape(plot.title)}”</span></a>'
        for kind in ("png", "svg")
    )
    base = filename(saved, slug, "png").removesuffix(".png")
    return (
        f'<figure data-name="{name}" data-takes="{" ".join(plot.takes)}" data-axes="{axes}" '
        f'data-file="{base}">{pictures}<figcaption>{links}</figcaption></figure>'
    )
