"""The plan of a run: its settings, resolved once for all later stages."""

from __future__ import annotations

from dataclasses import dataclass, replace

from otgen.guidance.words import check_words, vocabulary
from otgen.models import catalogue
from otgen.painters.catalogue import GeneratorCard, Sizes, card
from otgen.recipe.prompts import InputError, parse
from otgen.recipe.settings import Settings, rule


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
        return tuple(text for text, _ in self.settings.prompts)


def plan(settings: Settings) -> Plan:
    """Resolve settings, and validate all that can be validated before a run.

    It downloads nothing. Raises InputError.
    """
    about = card(settings.generator)
    _check_use(settings, about)
    height, width = settings.height or about.sizes.usual, settings.width or about.sizes.usual
    _check_sides(settings.generator, about, height, width)
    encoder = settings.encoder or about.encoder
    if encoder not in catalogue.TABLE:
        known = vocabulary(catalogue.asset(encoder))
        check_words(known, [text for text, _ in settings.prompts])
    settings = _canonical(settings, about)
    models = about.models(settings.encoder)
    revisions = catalogue.revisions(*models)
    id = settings.id(revisions)
    return Plan(settings, id, about, encoder, height, width, models, revisions)


def from_texts(values: dict) -> Settings:
    """Return settings as the command line and programs give them. Raises InputError.

    values: of the fields, by name; prompts and lanes as texts ("a cat | a castle", "ot,mean"),
        steps None for what suits the painter. Fields that are left out have their defaults.
    """
    steps, lanes = values["steps"], str(values["lanes"]).split(",")
    given = {
        "prompts": parse(str(values["prompts"])),
        "lanes": tuple(lane.strip() for lane in lanes),
        "steps": card(values["generator"]).steps if steps is None else steps,
    }
    return Settings(**values | given)


def _canonical(settings: Settings, about: GeneratorCard) -> Settings:
    """Return the settings without the painter's defaults."""
    usual = {
        "encoder": about.encoder,
        "height": about.sizes.usual,
        "width": about.sizes.usual,
        "guidance": about.guidance,
        "sprites": about.sprites,
    }
    named = {name: value for name, value in usual.items() if getattr(settings, name) is not None}
    left = {name: None for name, value in named.items() if getattr(settings, name) == value}
    return replace(settings, **left) if left else settings


def _check_use(settings: Settings, about: GeneratorCard) -> None:
    """Reject settings that the painter does not use."""
    name = settings.generator
    if settings.guidance is not None and about.guidance is None:
        raise InputError(f"{name} has no guidance scale: leave guidance out, or take a diffusion.")
    nothing = rule("conditioning").allowed[0]
    if settings.conditioning != nothing and not about.reads:
        raise InputError(
            f"{name} has no text network that could read the prompts: choose “{nothing}”, or take "
            "diffusion."
        )
    if settings.sprites is not None and about.sprites is None:
        raise InputError(f"{name} paints no sprites: leave their number out, or take storybook.")
    if settings.start and not about.starts:
        raise InputError(f"{name} can't start from a picture: leave it out, or take a VQGAN.")


def _check_sides(name: str, about: GeneratorCard, height: int, width: int) -> None:
    sizes = about.sizes
    for side, pixels in (("height", height), ("width", width)):
        if pixels % sizes.unit or not sizes.least <= pixels <= sizes.most:
            allowed = (
                f"multiples of {sizes.unit} from {sizes.least} to {sizes.most} pixels"
                if sizes.least < sizes.most
                else f"{sizes.usual} pixels only"
            )
            raise InputError(
                f"{side} is {pixels}; {name} paints {allowed}: try {_nearest(pixels, sizes)}."
            )


def _nearest(pixels: int, sizes: Sizes) -> str:
    """Return the one or two sides that a painter has nearest to ``pixels``: "992 or 1008"."""
    below = min(max(pixels // sizes.unit * sizes.unit, sizes.least), sizes.most)
    above = min(max(below + sizes.unit * (below < pixels), sizes.least), sizes.most)
    return " or ".join(map(str, sorted({below, above})))
