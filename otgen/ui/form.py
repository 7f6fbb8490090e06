"""The form: what its fields hold, and the settings that they mean. Fields go by their names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from gradio.blocks import Block

from otgen.painters.catalogue import card
from otgen.recipe.places import ANYWHERE
from otgen.recipe.prompts import (
    InputError,
    Prompt,
    exact,
    number,
    parted,
    picture_of,
    rows,
    signed,
    split,
)
from otgen.recipe.settings import Settings, seeded
from otgen.results.result import ID, START, picture_file
from otgen.run.plan import suits

ENCODER_TITLES = {
    "storybook-clip": "Storybook CLIP, of its own world",
    "clip-mini": "Mini CLIP, of the small world",
    "clip-vit-b32": "CLIP ViT-B/32",
    "clip-vit-b16": "CLIP ViT-B/16",
    "clip-vit-l14": "CLIP ViT-L/14",
    "laion-b32": "CLIP ViT-B/32, by LAION",
}


def _typed(text: str, weight: object, place: str) -> list[Prompt]:
    """Return the prompts of a row: several where they were pasted as ``a | b`` or in lines.

    Weights that were pasted with them are multiplied by the row's own. A place that is written in
    the row holds before the one that was chosen for it.
    """
    weight = str(weight).replace("−", "-")  # as people and their keyboards write it
    weighs = number(weight)
    place = "" if weight.lstrip().startswith("-") else place  # the row does not show it
    if not re.search(r"[|\n]", str(text)) or math.isnan(weighs):
        bare, written, own = split(str(text).strip())
        weight = weight if own is None else number(own) * weighs
        return [signed(bare, weight, written or place)]
    return [signed(part, own * weighs, written or place) for part, own, written in rows(str(text))]


def settings(values: Mapping[str, object]) -> Settings:
    """Return what the fields' values ask for; rows without text are left out. Raises InputError.

    What the painter has no use for is left out too: the form does not show it.
    """
    try:
        typed = [
            prompt
            for row in values["prompts"]
            if str(row["text"]).strip()
            for prompt in _typed(row["text"], row["weight"], row.get("place", ""))
        ]
    except (TypeError, KeyError):
        raise InputError(
            "The prompts are not a list of texts and weights: reload the page."
        ) from None
    about = card(values["generator"])
    own = {name: value for name, value in values.items() if name != "prompts"}
    unused = {
        "height": not about.sizes.free,
        "width": not about.sizes.free,
        "guidance": about.guidance is None,
        "conditioning": not about.reads,
        "start": not about.starts,
        "sprites": about.sprites is None,
        "truncation": about.truncation is None,
        "imagenet_class": about.truncation is None,
    }
    own["lanes"] = tuple(own["lanes"] or ())
    own["seed"] = seeded(own["seed"])
    for name in ("start", "parent"):  # then comes what shows it
        own[name] = str(own[name] or "").partition(" ")[0]
    begun = own["parent"] or (own["start"] and about.starts)
    unused["strength"] = about.strength is None or not begun
    unused["anchor"] = not about.starts or not begun
    own["anchor"] = own["anchor"] or 0
    own["conditioning"] = "prompts" if own["conditioning"] else "nothing"
    own = {name: value for name, value in own.items() if not unused.get(name)}
    suits(own)
    prompts, negative = parted(typed)
    return Settings(prompts=prompts, negative=negative, **own)


def fields(settings: Settings) -> dict[str, object]:
    """Return what the form's fields hold for settings, by the fields' names.

    Numbers are held exactly: the form means the same settings again.
    """
    about = card(settings.generator)
    return {
        "prompts": [
            {"text": _shown(text), "weight": sign + exact(weight), "place": place}
            for sign, prompts in (("", settings.prompts), ("-", settings.negative))
            for text, weight, place in prompts
        ],
        "generator": settings.generator,
        "seed": str(settings.seed),
        "steps": settings.steps,
        "cutouts": settings.cutouts,
        "epsilon": settings.epsilon,
        "distance": settings.distance,
        "lanes": list(settings.lanes),
        "encoder": settings.encoder or about.encoder,
        "height": settings.height or about.sizes.usual,
        "width": settings.width or about.sizes.usual,
        "guidance": about.guidance if settings.guidance is None else settings.guidance,
        "conditioning": settings.conditioning == "prompts",
        "start": settings.start,
        "sprites": settings.sprites or about.sprites,
        "sampling": settings.sampling,
        "truncation": settings.truncation or about.truncation,
        "imagenet_class": "" if settings.imagenet_class is None else str(settings.imagenet_class),
        "strength": settings.strength or about.strength,
        "anchor": settings.anchor,
        "parent": settings.parent,
    }


def _shown(text: str) -> str:
    """Return a text as its row shows it, so that no part of it is read as a place."""
    try:
        alone = split(text)[0] == text
    except InputError:  # it ends in numbers that are no box
        alone = False
    return text if alone else f"{text} @{ANYWHERE}"


class Form:
    """The components of the form.

    components: by their fields' names.
    """

    def __init__(self, components: dict[str, Block]) -> None:
        self.components = components

    def __getitem__(self, name: str) -> Block:
        return self.components[name]

    @property
    def inputs(self) -> list[Block]:
        """What an event has to take along so that ``settings`` can read it."""
        return list(self.components.values())

    def values(self, given: Sequence[object]) -> dict[str, object]:
        """Return the values of ``inputs`` by their fields' names."""
        return dict(zip(self.components, given, strict=True))

    def settings(self, given: Sequence[object]) -> Settings:
        """Return the settings that the values of ``inputs`` ask for. Raises InputError."""
        return settings(self.values(given))

    def filled(self, settings: Settings, run: str = "") -> dict[Block, object]:
        """Return what the components have to show for settings.

        run: the id of the result that has them, which shows the pictures that it needed.
        """
        held = fields(settings)
        if settings.start and ID.fullmatch(run):
            held["start"] += f" results/{run}/{START}"
        for row in held["prompts"] if ID.fullmatch(run) else ():
            if name := picture_of(row["text"]):
                row["shown"] = f"results/{run}/{picture_file(name)}"
        return {part: held[name] for name, part in self.components.items()}
