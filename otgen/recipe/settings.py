"""Settings: everything that decides what a run paints.

The annotation of a field defines its allowed values, default, help text and error message. The
form, links, JSON, the command line and the endpoint all use it. Existing settings are always valid:
creating or replacing them with an invalid value raises InputError.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, fields
from functools import cache
from typing import Annotated, get_args, get_type_hints

from pydantic.dataclasses import dataclass

from otgen.recipe.prompts import Prompt, number
from otgen.recipe.rules import (
    Choice,
    Generator,
    Lanes,
    Negative,
    Number,
    Parent,
    Prompts,
    Rule,
    Seed,
    StartPicture,
)

LANES = ("ot", "mean")  # of a run that names none
HIGHEST_SEED = 2**32 - 1


_EPSILON = Number(
    "how softly cutouts are matched, in units of the cost's spread: 0.01 is sharp, 1000 is "
    "the mean",
    0.001,
    1000,
    "0.1, or 1000 for what is in effect the mean",
    unit=0,
)
# What a painter allows differs: what is to be tried has to hold for all of them.
_UNSET = "leaving it out, for what suits the painter"
_SIDE = (128, 1024, _UNSET, 8, True)  # pixels


@dataclass(frozen=True)
class Settings:
    """One run. For an optional setting, None means the painter's default."""

    prompts: Annotated[tuple[Prompt, ...], Prompts("1 to 16 texts, each with a weight")]
    generator: Annotated[str, Generator("the painter")] = "storybook"
    lanes: Annotated[
        tuple[str, ...], Lanes("losses that run side by side, at most 6", _EPSILON)
    ] = LANES
    steps: Annotated[int, Number("updates of the picture", 1, 2000, "100")] = 50
    cutouts: Annotated[int, Number("looks at the picture per step", 2, 256, "64")] = 64
    epsilon: Annotated[float, _EPSILON] = 0.1
    distance: Annotated[
        str,
        Choice(
            "between a cutout and a prompt",
            "distance",
            ("cosine", "geodesic", "great-circle", "euclidean"),
        ),
    ] = "great-circle"
    seed: Annotated[
        int, Seed("of all that is random", 0, HIGHEST_SEED, "1234, or -1 for a random one")
    ] = 1234
    encoder: Annotated[
        str | None,
        Choice(
            "the CLIP that compares cutouts and prompts",
            "encoder",
            (
                "storybook-clip",
                "clip-mini",
                "clip-vit-b32",
                "clip-vit-b16",
                "clip-vit-l14",
                "laion-b32",
            ),
            optional=True,
        ),
    ] = None
    height: Annotated[int | None, Number("of the picture, in pixels", *_SIDE)] = None
    width: Annotated[int | None, Number("of the picture, in pixels", *_SIDE)] = None
    guidance: Annotated[
        float | None,
        Number(
            "how hard the prompts steer a diffusion",
            0,
            10,
            _UNSET,
            unit=0,
            optional=True,
        ),
    ] = None
    conditioning: Annotated[
        str,
        Choice(
            "what Stable Diffusion's own text network reads",
            "conditioning",
            ("nothing", "prompts"),
        ),
    ] = "nothing"
    start: Annotated[str, StartPicture("the name of an uploaded picture to start from")] = ""
    sprites: Annotated[
        int | None,
        Number("things in a storybook's picture, at most", 1, 16, _UNSET, optional=True),
    ] = None
    truncation: Annotated[
        float | None,
        Number(
            "of BigGAN's noise: less is more typical, more is more varied",
            0.02,
            1,
            _UNSET,
            unit=0,
            optional=True,
        ),
    ] = None
    imagenet_class: Annotated[
        int | None,
        Number(
            "the number of BigGAN's class of ImageNet, unless the prompts are to mix classes",
            0,
            999,
            "leaving it out, for a mixture",
            optional=True,
        ),
    ] = None
    negative: Annotated[
        tuple[Prompt, ...],
        Negative('what the picture is not to show, at most 8; "a dog :2" is pushed away harder'),
    ] = ()
    strength: Annotated[
        float | None,
        Number(
            "how much noise a diffusion lays over what it starts from; 1 leaves nothing of it",
            0.01,
            1,
            _UNSET,
            unit=0,
            optional=True,
        ),
    ] = None
    anchor: Annotated[
        float,
        Number(
            "how firmly the picture is held to what it started from; 0 is not at all",
            0,
            100,
            "1",
            unit=0,
        ),
    ] = 0.0
    parent: Annotated[str, Parent("the result to go on from, and its step: 0123456789ab@50")] = ""
    sampling: Annotated[
        str,
        Choice(
            "where cutouts are drawn, anywhere, spread evenly or more where they are needed",
            "sampling",
            ("uniform", "stratified", "adaptive"),
        ),
    ] = "uniform"

    def as_dict(self) -> dict:
        """Return plain data for JSON, without the painter's defaults, so a recipe has one form."""
        defaults = {field.name: field.default for field in fields(self)}
        unsaid = (None, "", "nothing", "uniform", (), 0)
        left_out = {name for name, default in defaults.items() if default in unsaid}
        data = {
            name: value
            for name, value in asdict(self).items()
            if name not in left_out or value != defaults[name]
        }
        for name in {"prompts", "negative"} & data.keys():
            rows = [prompt._asdict() for prompt in getattr(self, name)]
            data[name] = [{part: row[part] for part in row if row[part] != ""} for row in rows]
        data["lanes"] = list(self.lanes)
        return data

    def id(self, revisions: dict[str, str]) -> str:
        """Return 12 hex digits that identify this run with these revisions of its models."""
        data = self.as_dict()
        if "conditioning" in data:  # the field's first name, kept so that ids stay what they were
            data["told"] = data.pop("conditioning")
        canonical = json.dumps([data, revisions], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def seeded(given: object) -> object:
    """Return a seed as given; a random one where none or -1 is given, or "random"."""
    word = given.strip().lower() if isinstance(given, str) else given
    if word in (None, "", "random") or number(word) == -1:
        return secrets.randbelow(HIGHEST_SEED + 1)
    return given


@cache
def rules() -> dict[str, Rule]:
    """Return the rule of every field, by its name."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        name: next(part for part in get_args(hint) if isinstance(part, Rule))
        for name, hint in hints.items()
        if not name.startswith("_")
    }


def rule(name: str) -> Rule:
    """Return the rule of a field."""
    return rules()[name]
