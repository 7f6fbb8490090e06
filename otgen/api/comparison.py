"""Paint in the calling process, and look at what was painted."""

from __future__ import annotations

import base64
import html
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from otgen.explain.plots import PLOTS
from otgen.guidance.loop import Snapshot
from otgen.recipe.prompts import InputError, shorten
from otgen.recipe.settings import LANES, Settings
from otgen.results import saving, store, uploads
from otgen.results.library import bring
from otgen.results.parents import named
from otgen.results.result import Result
from otgen.results.writing import png
from otgen.run import comparison
from otgen.run.plan import from_texts, plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Progress = Callable[[int, int], object]


class Comparison:
    """What one call of ``compare`` painted.

    A notebook shows its pictures side by side.

    Args:
        result: all of it, as arrays and plain data.
    """

    def __init__(self, result: Result) -> None:
        self.result = result

    @property
    def id(self) -> str:
        """12 hex digits: of the settings and the models' revisions, as on the page."""
        return self.result.id

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self.result.settings

    @property
    def complete(self) -> bool:
        """Whether the run took all its steps."""
        return self.result.complete

    @property
    def numbers(self) -> dict[str, dict]:
        """What was measured, by lane; docs/reference.md says what each number is."""
        return self.result.numbers

    @property
    def pictures(self) -> dict[str, Image.Image]:
        """The pictures, by lane."""
        arrays = self.result.pictures
        return {
            lane: Image.fromarray(picture)
            for lane, picture in zip(self.settings.lanes, arrays, strict=True)
        }

    def plot(self, name: str, **options: Any) -> Figure:
        """Draw one plot: "sheets", "plane", "space", "maps", "shares", "avoided" or "lines".

        options: of that plot, and ``dark`` and ``width``. Raises InputError.
        """
        record = self.result.record
        if name not in PLOTS:
            raise InputError(f"There is no plot {shorten(name)}: try {', '.join(PLOTS)}.")
        least = PLOTS[name].least
        if len(record.prompts) < least:
            raise InputError(
                f"The plot {name} needs {least} prompts, and the run has {len(record.prompts)}: "
                "try plane."
            )
        if not PLOTS[name].suits(len(record.prompts), len(record.negative)):
            raise InputError(
                f"The plot {name} needs a negative prompt, and the run has none: try sheets."
            )
        return PLOTS[name].draw(record, **options)

    def show(self) -> None:
        """Show pictures and plots in a notebook. Raises RuntimeError outside of one."""
        ipython = sys.modules.get("IPython")  # a notebook has loaded it
        if ipython is None or ipython.get_ipython() is None:
            raise RuntimeError("show() needs a notebook: use save() here, or pictures and plot().")
        display = ipython.display.display
        display(self)
        for name, about in PLOTS.items():
            if about.suits(len(self.settings.prompts), len(self.settings.negative)):
                display(self.plot(name))

    def save(self, folder: str | Path | None = None) -> Path:
        """Keep the result as the page does; return its folder, ``folder/id``.

        folder: by default where the page keeps its results, so that the page shows this one too.
        """
        place = store.place() if folder is None else Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        return saving.save(self.result, place)

    def _repr_html_(self) -> str:
        prompts = " | ".join(prompt.text for prompt in self.settings.prompts)
        without = "".join(f", without {prompt.text}" for prompt in self.settings.negative)
        figures = []
        for lane, picture in zip(self.settings.lanes, self.result.pictures, strict=True):
            data = base64.b64encode(png(picture, self.result, lane)).decode()
            alt = html.escape(f"{prompts}{without}, painted under {lane}", quote=True)
            figures.append(
                f'<figure style="display:inline-block;margin:0 1em 0 0">'
                f'<img alt="{alt}" src="data:image/png;base64,{data}">'
                f"<figcaption>{html.escape(lane)}</figcaption></figure>"
            )
        return "".join(figures)

    def __repr__(self) -> str:
        texts, run = [prompt.text for prompt in self.settings.prompts], self.result
        return (
            f"<Comparison {self.id}: {texts} under {list(self.settings.lanes)}, "
            f"{run.steps} of {self.settings.steps} steps>"
        )


Row = str | Path | Image.Image | Mapping[str, object]


def _kept(given: str | Sequence[Row]) -> str | list:
    return given if isinstance(given, str) else [uploads.taken(row) for row in given]


def compare(
    prompts: str | Sequence[Row],
    lanes: Sequence[str] = LANES,
    *,
    generator: str = "storybook",
    steps: int | None = None,
    cutouts: int = 64,
    epsilon: float = 0.1,
    distance: str = "great-circle",
    seed: int | str | None = 1234,
    encoder: str | None = None,
    height: int | None = None,
    width: int | None = None,
    guidance: float | None = None,
    conditioning: str = "nothing",
    start: str | Path | None = None,
    sprites: int | None = None,
    truncation: float | None = None,
    imagenet_class: int | None = None,
    negative: str | Sequence[Row] = (),
    strength: float | None = None,
    anchor: float = 0.0,
    parent: str = "",
    sampling: str = "uniform",
    progress: Progress | None = None,
) -> Comparison:
    """Paint prompts under several losses, side by side, in this process.

    The first call loads the models, which takes some seconds. Everything else is as on the page:
    the same settings give the same pictures.

    Args:
        prompts: one text per prompt, or {"text", "weight", "place"}; "a cat :2" weighs 2, and
            "a cat @left" belongs to the left. A picture is a Path, a PIL image, or {"image": one of
            them, "weight", "place"}. negative: what the picture is not to show, in the
            same forms; "a dog :-1" among the prompts is one too.
        lanes: losses to run, "ot", "mean", "ot@0.01" or others of docs/reference.md, which also
            explains the other settings; None is what suits the painter. start: a file, of a picture
            to start from. parent: the id of a kept result to go on from. seed: None or -1 draws
            one, which ``settings`` of the comparison names.
        progress: called after each step with the steps done and those asked for. If it returns
            False, the run stops there.

    Raises InputError if a setting is wrong, and Diverged if the first step is not finite.
    """
    values = {
        "prompts": _kept(prompts),
        "lanes": lanes if isinstance(lanes, str) else list(lanes),
        "generator": generator,
        "steps": steps,
        "cutouts": cutouts,
        "epsilon": epsilon,
        "distance": distance,
        "seed": seed,
        "encoder": encoder,
        "height": height,
        "width": width,
        "guidance": guidance,
        "conditioning": conditioning,
        "start": uploads.keep(Path(start)) if start else "",
        "sprites": sprites,
        "truncation": truncation,
        "imagenet_class": imagenet_class,
        "negative": _kept(negative),
        "strength": strength,
        "anchor": anchor,
        "parent": named(parent, lambda id: store.read(store.place() / id)) if parent else "",
        "sampling": sampling,
    }
    planned = plan(from_texts(values))
    bring(store.place(), planned.settings)

    def watch(snapshot: Snapshot) -> bool:
        return progress is None or progress(snapshot.step, planned.settings.steps) is not False

    return Comparison(comparison.compare(planned, watch))
