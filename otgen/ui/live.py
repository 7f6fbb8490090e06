"""The run so far, as small curves under its pictures: cheap enough to be drawn at every preview."""

from __future__ import annotations

from html import escape

import numpy as np

from otgen.explain import metrics
from otgen.explain.palette import PALETTE
from otgen.recipe.lanes import title
from otgen.recipe.prompts import shares
from otgen.service.job import Job, Status, Trace

_POINTS = 80  # that a curve has at most
_TALL = 50  # units of a chart whose width is 100


def live(job: Job, status: Status) -> str:
    """Return each lane's curves as HTML: the prompts' parts of the cutouts, and the loss."""
    trace = status.trace
    if trace is None:
        return ""
    asked = np.cumsum(shares(job.settings.prompts))[:-1]
    lanes = "".join(
        _lane(name, _thin(trace), lane, asked, job.settings.steps)
        for lane, name in enumerate(job.settings.lanes)
    )
    return (
        '<section class="live" aria-label="The run so far">'
        "<h2>Cutouts by nearest prompt, and the loss, so far</h2>"
        f'<div class="lanes">{lanes}</div></section>'
    )


def _thin(trace: Trace) -> Trace:
    """Return at most _POINTS of the looks, the first and the last among them."""
    k = len(trace.steps)
    kept = np.unique(np.linspace(0, k - 1, min(k, _POINTS)).round().astype(int))
    return Trace(*(values[kept] for values in trace))


def _lane(name: str, trace: Trace, lane: int, asked: np.ndarray, steps: int) -> str:
    loss, counts = trace.losses[:, lane], trace.counts[:, lane]  # [k], [k, m]
    x = 100 * trace.steps / max(steps, 1)
    edges = counts.cumsum(-1) / counts.sum(-1, keepdims=True)  # [k, m], the first prompt on top
    areas = "".join(
        f'<polygon fill="{PALETTE[prompt]}" '
        f'points="{_points(x, _TALL * edges[:, prompt])} {x[-1]:.1f},0 {x[0]:.1f},0"/>'
        for prompt in reversed(range(counts.shape[1]))
    )
    marks = "".join(
        f'<line x1="0" x2="100" y1="{_TALL * at:.1f}" y2="{_TALL * at:.1f}"/>' for at in asked
    )
    low, high = float(loss.min()), float(loss.max())
    y = _TALL * (0.94 - 0.88 * (loss - low) / max(high - low, 1e-9))
    curve = f'<polyline points="{_points(x, y)}"/>'
    balance = metrics.balance(counts[-1])
    said = f"balance {balance:.2f}, loss {loss[-1]:.3f}"
    label = f"{title(name)} at step {trace.steps[-1]}: {said}; it began at {loss[0]:.3f}."
    return (
        f'<figure role="img" aria-label="{escape(label)}"><figcaption>{title(name)}'
        f"<span>{said}</span></figcaption>"
        f"{_chart('areas', areas + marks)}"
        f"{_chart('curve', curve)}</figure>"
    )


def _points(x: np.ndarray, y: np.ndarray) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _chart(kind: str, inside: str) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 100 {_TALL}" preserveAspectRatio="none" '
        f'aria-hidden="true">{inside}</svg>'
    )
