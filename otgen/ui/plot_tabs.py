"""The plots of a result in tabs: how to read them, how to choose, and their downloads."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from otgen.explain.plots import PLOTS
from otgen.recipe.lanes import slug, title
from otgen.recipe.prompts import shorten
from otgen.results.result import Saved
from otgen.ui.files import filename
from otgen.ui.render import words

# A tab: its plots, and how to read them.
_TABS = (
    (
        ("sheets",),
        "Each cutout of the step on show is under its nearest prompt, the closest first. Even "
        "counts mean that no prompt was drowned out. The mark on a bar is the share that was asked "
        "for.",
    ),
    (
        ("plane", "space"),
        "A dot is a cutout, placed by its distances to the prompts. Its arrow is the pull of the "
        "loss on it. Under the mean, all arrows point the same way. Under optimal transport they "
        "differ, and each prompt gets cutouts of its own.",
    ),
    (
        ("maps", "shares", "avoided"),
        "How much of the plan's mass at each place belongs to each prompt. A strong colour marks a "
        "prompt's own area. Under the mean, every place belongs to all prompts alike. Below, each "
        "prompt gets its share of the mass; its nearest cutouts may be more or fewer. A "
        "negative prompt has no share: its nearest cutouts come last. Its curve should stay below "
        "0.",
    ),
    (
        ("lines",),
        "Above, the thickness of a colour is the part of the cutouts nearest to that prompt, step "
        "by step. Below are the losses and what they do to the cutouts. With a balance of 1 all "
        "prompts have as many cutouts; with 0 one prompt has them all.",
    ),
)
_AXES = ("→ across", "↑ up", "third, in space")


def tabs(saved: Saved) -> str:
    """Return the tabs, each with its plots and a sentence on how to read them."""
    heads = panels = ""
    for place, (names, reading) in enumerate(_TABS):
        first = place == 0
        heads += (
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
    return f'<div role="tablist" aria-label="Why the pictures differ">{heads}</div>{panels}'


def _enough(saved: Saved, name: str) -> bool:
    asked = saved.settings
    return PLOTS[name].suits(len(asked.prompts), len(asked.negative))


def _chooser(saved: Saved, names: tuple[str, ...]) -> str:
    """Return how a tab's plots are chosen: all cutouts or the closest, or prompts for the axes."""
    if "every" in PLOTS[names[0]].takes:
        label = f"Show all {saved.settings.cutouts} cutouts"
        return f'<label class="choose"><input type="checkbox" class="every"> {label}</label>'
    if "of" not in PLOTS[names[0]].takes or not _enough(saved, "space"):
        return ""
    prompts = [escape(shorten(prompt.text, 40)) for prompt in saved.settings.prompts]
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
