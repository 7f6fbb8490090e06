"""The plan of a run: its settings, resolved once for all later stages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from otgen.guidance.words import check_words, vocabulary
from otgen.models import catalogue
from otgen.painters.catalogue import GeneratorCard, Sizes, card
from otgen.recipe.prompts import (
    InputError,
    Prompt,
    number,
    parted,
    picture_of,
    placed,
    rows,
    shorten,
    signed,
)
from otgen.recipe.rules import origin
from otgen.recipe.settings import Settings, rule, seeded
from otgen.results import parents
from otgen.results.result import STATE, Saved


@dataclass(frozen=True)
class Plan:
    """A resolved run.

    Args:
        settings: without the painter's defaults, so that a recipe has one form.
        id: the run's, known before it starts. card: the painter's. encoder: its name. height,
            width: pixels of the picture. models: all that the run needs, the encoder last.
            revisions: of those models.
    """

    settings: Settings
    id: str
    card: GeneratorCard
    encoder: str
    height: int
    width: int
    models: tuple[str, ...]
    revisions: dict[str, str]

    @property
    def texts(self) -> tuple[str, ...]:
        """The prompts without their weights."""
        return tuple(prompt.text for prompt in self.settings.prompts)

    @property
    def words(self) -> tuple[str, ...]:
        """The prompts that are texts, not pictures."""
        return tuple(text for text in self.texts if not picture_of(text))

    @property
    def places(self) -> tuple[str, ...]:
        """Where each prompt belongs; none if all do anywhere."""
        return placed(self.settings.prompts)

    @property
    def negative(self) -> tuple[str, ...]:
        """The negative prompts without their weights."""
        return tuple(prompt.text for prompt in self.settings.negative)


def plan(settings: Settings) -> Plan:
    """Resolve settings, and validate all that can be validated before a run.

    It downloads nothing. Raises InputError.
    """
    about = suits(vars(settings))
    height, width = settings.height or about.sizes.usual, settings.width or about.sizes.usual
    encoder = settings.encoder or about.encoder
    if encoder not in catalogue.TABLE:
        known = vocabulary(catalogue.asset(encoder))
        every = [prompt.text for prompt in (*settings.prompts, *settings.negative)]
        check_words(known, [text for text in every if not picture_of(text)])
    settings = _canonical(settings, about)
    models = about.models(settings.encoder)
    revisions = catalogue.revisions(*models)
    id = settings.id(revisions)
    return Plan(settings, id, about, encoder, height, width, models, revisions)


def from_texts(values: Mapping[str, object]) -> Settings:
    """Return settings as the command line and programs give them. Raises InputError.

    values: of the fields, by name; prompts as a text ("a cat @left :2 | a castle") or a list of
        such texts or of {"text", "weight", "place"}, where a weight below 0 makes a negative
        prompt; negative alike, with weights above 0; lanes as a text ("ot,mean") or a list, steps
        None for what suits the painter; seed -1, "random", "" or None for a random one. Fields that
        are left out have their defaults.
    """
    steps, lanes = values["steps"], values["lanes"]
    about = suits(values)
    prompts, negative = parted(_prompts(values["prompts"]))
    given = {
        "prompts": prompts,
        "negative": (*negative, *_prompts(values.get("negative") or [])),
        "lanes": tuple(lanes) if isinstance(lanes, list) else tuple(str(lanes).split(",")),
        "steps": about.steps if steps is None else steps,
        "seed": seeded(values.get("seed", Settings.seed)),
    }
    return Settings(**{**values, **given})


def _prompts(given: object) -> tuple[Prompt, ...]:
    """Read prompts: a text, or a list of texts and of {"text", "weight"}. Raises InputError."""
    if not isinstance(given, list):
        return rows(str(given))
    found: list[Prompt] = []
    for row in given:
        if isinstance(row, Prompt):
            found.append(row)
        elif isinstance(row, dict):
            found.append(signed(row.get("text"), row.get("weight", 1.0), row.get("place", "")))
        elif isinstance(row, str):
            found += rows(row)
        else:
            raise InputError(
                f'A prompt is {shorten(row)}; it must be a text, or {{"text", "weight"}}: try '
                "“a cat :2”."
            )
    return tuple(found)


def suits(values: Mapping[str, object]) -> GeneratorCard:
    """Reject what the painter does not use or paint; return its card. Raises InputError.

    values: of the fields, by name, as given. They are checked before the bounds that hold for all
        painters: what those advise, the painter might refuse.
    """
    name = values["generator"]
    about = card(name)
    _check_use(name, about, values)
    for side in ("height", "width"):
        _check_side(name, about.sizes, side, values.get(side))
    return about


def _canonical(settings: Settings, about: GeneratorCard) -> Settings:
    """Return the settings without the painter's defaults."""
    usual = {
        "encoder": about.encoder,
        "height": about.sizes.usual,
        "width": about.sizes.usual,
        "guidance": about.guidance,
        "sprites": about.sprites,
        "strength": about.strength,
        "truncation": about.truncation,
    }
    named = {name: value for name, value in usual.items() if getattr(settings, name) is not None}
    left = {name: None for name, value in named.items() if getattr(settings, name) == value}
    return replace(settings, **left) if left else settings


def _check_use(name: str, about: GeneratorCard, values: Mapping[str, object]) -> None:
    """Reject settings that the painter does not use."""
    nothing = rule("conditioning").allowed[0]
    given = {field for field, value in values.items() if value not in (None, "", nothing)}
    if "guidance" in given and about.guidance is None:
        raise InputError(f"{name} has no guidance scale: leave guidance out, or take a diffusion.")
    if "conditioning" in given and not about.reads:
        raise InputError(
            f"{name} has no text network that could read the prompts: choose “{nothing}”, or take "
            "diffusion."
        )
    if "sprites" in given and about.sprites is None:
        raise InputError(f"{name} paints no sprites: leave their number out, or take storybook.")
    for field in sorted({"truncation", "imagenet_class"} & given):
        if about.truncation is None:
            raise InputError(f"{name} has no {field}: leave it out, or take a BigGAN.")
    if "start" in given and not about.starts:
        raise InputError(
            f"{name} can't start from a picture: leave it out, or take a VQGAN or a diffusion."
        )
    if {"start", "parent"} <= given:
        raise InputError(
            "A run starts from a picture or goes on from a result, not from both: leave one out."
        )
    _check_hold(name, about, values, {"start", "parent"} & given)


def _check_hold(
    name: str, about: GeneratorCard, values: Mapping[str, object], begun: set[str]
) -> None:
    """Reject what says how a run keeps to its start where it can't.

    begun: "start" or "parent" where there is something to keep to.
    """
    strength, anchor = values.get("strength"), values.get("anchor", 0)
    if strength not in (None, ""):
        if about.strength is None:
            raise InputError(
                f"{name} lays no noise over its start: leave strength out, or take a diffusion."
            )
        if not begun:
            raise InputError(
                f"strength is {shorten(strength, 20)}, and the run starts from noise alone: give "
                "it a picture to start from, or leave strength out."
            )
    if number(anchor) > 0:
        if not about.starts:
            raise InputError(
                f"{name} can't be held to a picture: leave anchor out, or take a VQGAN or a "
                "diffusion."
            )
        if not begun:
            raise InputError(
                f"anchor is {shorten(anchor, 20)}, and there is nothing to hold on to: give a "
                "picture to start from, or leave anchor out."
            )


def _check_side(name: str, sizes: Sizes, side: str, given: object) -> None:
    """Reject a side that the painter does not paint; what is no number, the setting's rule does."""
    pixels = number(given)
    if not math.isfinite(pixels) or (
        pixels % sizes.unit == 0 and sizes.least <= pixels <= sizes.most
    ):
        return
    allowed = (
        f"multiples of {sizes.unit} from {sizes.least} to {sizes.most} pixels"
        if sizes.free
        else f"{sizes.usual} pixels only"
    )
    raise InputError(
        f"{side} is {shorten(given, 20)}; {name} paints {allowed}: try {_nearest(pixels, sizes)}."
    )


def _nearest(pixels: float, sizes: Sizes) -> str:
    """Return the one or two sides that a painter has nearest to ``pixels``: "992 or 1008"."""
    below = min(max(pixels // sizes.unit * sizes.unit, sizes.least), sizes.most)
    above = min(max(below + sizes.unit * (below < pixels), sizes.least), sizes.most)
    return " or ".join(f"{side:.0f}" for side in sorted({below, above}))


def check_parent(planned: Plan) -> None:
    """Raise InputError unless a run can go on from its parent, whose state is kept here."""
    settings = planned.settings
    if not settings.parent:
        return
    where = origin(settings.parent)
    theirs = parents.settings_of(where)
    if theirs.generator != settings.generator:
        raise InputError(
            f"The result {where.id} was painted by {theirs.generator}, which alone can go on from "
            f"it: take {theirs.generator}, or leave the result out."
        )
    usual = planned.card.sizes.usual
    height, width = theirs.height or usual, theirs.width or usual
    if (height, width) != (planned.height, planned.width):
        raise InputError(
            f"The result {where.id} is {width} x {height} pixels, and the run is {planned.width} x "
            f"{planned.height}: give it the result's size, or leave the result out."
        )
    here, there = (one.sprites or planned.card.sprites for one in (settings, theirs))
    if here != there:
        raise InputError(
            f"The result {where.id} has {there} sprites, and the run {here}: give it {there}, or "
            "leave the result out."
        )
    if where.lane and where.lane not in theirs.lanes:
        raise InputError(
            f"The result {where.id} has no lane {where.lane}; it has {', '.join(theirs.lanes)}: "
            f"try {where.name}/{theirs.lanes[0]}."
        )


def check_scalable(settings: Settings) -> None:
    """Raise InputError unless the painter can draw its finished pictures larger and as SVG."""
    if not card(settings.generator).scalable:
        raise InputError(
            f"{settings.generator} paints pixels, which are not drawn anew larger or as SVG: leave "
            "that out, or take storybook."
        )


def check_redrawable(saved: Saved) -> Plan:
    """Return the plan of a result; raise InputError unless its pictures can be drawn anew."""
    settings = saved.settings
    check_scalable(settings)
    if not saved.complete:
        raise InputError(
            f"The run ended at step {saved.steps} of {settings.steps}; only a finished picture is "
            "drawn anew: continue it."
        )
    if not (saved.folder / STATE).is_file():
        raise InputError(
            "What the picture could be drawn from was not kept, as the result is of an earlier "
            "otgen: delete it and paint it again."
        )
    planned = plan(settings)
    if planned.id != saved.id:
        raise InputError(
            "The picture was painted with other models than this otgen's: paint it again."
        )
    return planned
