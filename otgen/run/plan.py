"""The plan of a run: its settings, resolved once for all later stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from otgen.guidance.words import check_words, vocabulary
from otgen.models import catalogue
from otgen.painters.catalogue import GeneratorCard, card
from otgen.recipe.prompts import (
    InputError,
    Prompt,
    parted,
    picture_of,
    placed,
    rows,
    shorten,
    signed,
)
from otgen.recipe.rules import origin
from otgen.recipe.settings import Settings, seeded
from otgen.results import parents
from otgen.results.result import STATE, Saved
from otgen.run.suitability import suits, validated


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
    return Plan(
        settings=settings,
        id=id,
        card=about,
        encoder=encoder,
        height=height,
        width=width,
        models=models,
        revisions=revisions,
    )


def from_texts(values: Mapping[str, object]) -> Settings:
    """Return settings as the command line and programs give them. Raises InputError.

    values: of the fields, by name; prompts as a text ("a cat @left :2 | a castle") or a list of
        such texts or of {"text", "weight", "place"}, where a weight below 0 makes a negative
        prompt; negative alike, with weights above 0; lanes as a text ("ot,mean") or a list, steps
        None for what suits the painter; seed -1, "random", "" or None for a random one. Fields that
        are left out have their defaults.
    """
    steps, lanes = values["steps"], values["lanes"]
    prompts, negative = parted(_prompts(values["prompts"]))
    read = {
        "prompts": prompts,
        "negative": (*negative, *_prompts(values.get("negative") or [])),
        "lanes": tuple(lanes) if isinstance(lanes, list) else tuple(str(lanes).split(",")),
        "steps": card(values["generator"]).steps if steps is None else steps,
        "seed": seeded(values.get("seed", Settings.seed)),
    }
    return validated({**values, **read})


def _prompts(entries: object) -> tuple[Prompt, ...]:
    """Read prompts: a text, or a list of texts and of {"text", "weight"}. Raises InputError."""
    if not isinstance(entries, list):
        return rows(str(entries))
    prompts: list[Prompt] = []
    for row in entries:
        if isinstance(row, Prompt):
            prompts.append(row)
        elif isinstance(row, dict):
            prompts.append(signed(row.get("text"), row.get("weight", 1.0), row.get("place", "")))
        elif isinstance(row, str):
            prompts += rows(row)
        else:
            raise InputError(
                f'A prompt is {shorten(row)}; it must be a text, or {{"text", "weight"}}: try '
                "“a cat :2”."
            )
    return tuple(prompts)


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
            f"{settings.generator} paints pixels, which can't be drawn again larger or as SVG: "
            "leave that out, or take storybook."
        )


def check_redrawable(saved: Saved) -> Plan:
    """Return the plan of a result; raise InputError unless its pictures can be drawn anew."""
    settings = saved.settings
    check_scalable(settings)
    if not saved.complete:
        raise InputError(
            f"The run ended at step {saved.steps} of {settings.steps}, and only finished pictures "
            "can be drawn again: continue the run first."
        )
    if not (saved.folder / STATE).is_file():
        raise InputError(
            "The result was made by an earlier otgen, which did not keep what the picture is drawn "
            "from: delete it and paint it again."
        )
    planned = plan(settings)
    if planned.id != saved.id:
        raise InputError(
            "The picture was painted with other models than this otgen's: paint it again."
        )
    return planned
