"""Recipes: settings as a link, as JSON, and inside a PNG.

All input is treated as hostile until it is validated.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from typing import NamedTuple
from urllib.parse import urlencode

from PIL import Image

from otgen.recipe.places import ANYWHERE
from otgen.recipe.prompts import InputError, Prompt, exact, parse, parted, rows, shorten
from otgen.recipe.settings import Settings, seeded

VERSION = 1  # of the recipe; raised when a setting changes its meaning
LONGEST_JSON = 100_000  # characters; a recipe of 16 long prompts has about 6,000
LARGEST_FILE = 20_000_000  # bytes
_NEUTRAL = (Prompt("a cat"),)  # lets one field be checked while the others are at their defaults
_RENAMED = {"told": "conditioning"}  # fields by the names that older links and files have


class Recipe(NamedTuple):
    """Settings that were read, and a note for each value that could not be used.

    id: of the run that they painted, "" if it is not known.
    """

    settings: Settings
    notes: tuple[str, ...]
    id: str = ""


def as_text(prompts: tuple[Prompt, ...]) -> str:
    """Return prompts as ``prompts.parse`` reads them, one a line."""
    return "\n".join(map(_row, prompts))


def _row(prompt: Prompt) -> str:
    """Return a prompt as ``prompts.rows`` reads it, as short as can be.

    Its weight and place are named where a part of its text would be read as one: "tram 12 :30".
    """
    place = f" @{prompt.place}" if prompt.place else ""
    weight = f" :{exact(prompt.weight)}"
    short = prompt.text + place + (weight if prompt.weight != 1 else "")
    for row in (short, prompt.text + place + weight):
        with suppress(InputError):
            if rows(row) == (prompt,):
                return row
    return f"{prompt.text} @{prompt.place or ANYWHERE}{weight}"


def to_query(settings: Settings) -> str:
    """Return the query string of a recipe link, without settings at their defaults."""
    query = {"prompts": as_text(settings.prompts)}
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if field.name == "prompts" or value == field.default:
            continue
        if field.name == "negative":
            value = as_text(value)
        query[field.name] = ",".join(value) if isinstance(value, tuple) else value
    return urlencode(query | {"version": VERSION})


def from_query(parameters: Mapping[str, str]) -> Recipe | None:
    """Read a recipe link; return None if it has no prompts.

    A field with an invalid value stays at its default, and a note says so.
    """
    if not parameters.get("prompts"):
        return None
    written = parameters.get("version", "")
    notes = _age(int(written)) if re.fullmatch("[0-9]{1,6}", written) else []
    try:
        prompts, negative = parted(parse(parameters["prompts"]))
        settings = Settings(prompts, negative=negative)
    except InputError as wrong:
        return Recipe(Settings(_NEUTRAL), (f"The link's prompts can't be used. {wrong}",))
    by_name = {_RENAMED.get(name, name): value for name, value in parameters.items()}
    for field in fields(Settings):
        if field.name == "prompts" or field.name not in by_name:
            continue
        given: object = by_name[field.name]
        if field.name == "negative":  # beside those of the prompts with a weight below 0
            given = "\n".join([as_text(settings.negative), str(given)])
        elif isinstance(field.default, tuple):
            given = tuple(part.strip() for part in str(given).split(","))
        settings = _take(settings, field.name, given, notes)
    return Recipe(settings, tuple(notes))


def _age(version: object) -> list[str]:
    """Return a note if a recipe has another version than this otgen."""
    if not isinstance(version, int) or version == VERSION:
        return []
    writer = "a newer" if version > VERSION else "an older"
    return [
        f"The recipe was written by {writer} otgen (version {version}, this one reads {VERSION}): "
        "check the settings before you paint."
    ]


def _take(settings: Settings, name: str, given: object, notes: list[str]) -> Settings:
    """Return the settings with one field replaced. An invalid value adds a note instead."""
    try:
        return replace(settings, **{name: seeded(given) if name == "seed" else given})
    except InputError as wrong:
        notes.append(f"{wrong} The setting {name} was left as it is.")
        return settings


def from_data(data: object) -> Recipe:
    """Read a recipe from plain data: ``{"version": 1, "settings": {...}}``. Raises InputError."""
    settings = data.get("settings") if isinstance(data, dict) else None
    rows = settings.get("prompts") if isinstance(settings, dict) else None
    if not isinstance(rows, list):
        raise InputError(
            "This holds no otgen recipe: take a picture that otgen made, or its result.json."
        )
    notes = _age(data.get("version"))
    recipe = Settings(_prompts(rows))
    known = {field.name: field.default for field in fields(Settings)}
    for name, given in settings.items():
        name = _RENAMED.get(name, name)
        if name == "prompts":
            continue
        if name not in known:
            notes.append(
                f"The recipe's setting {shorten(str(name), 20)} is unknown here and was left out."
            )
        elif name == "negative" and isinstance(given, list):
            recipe = _take(recipe, name, _prompts(given), notes)
        elif isinstance(known[name], tuple):
            lanes = (
                tuple(str(part) for part in given[:16])
                if isinstance(given, list)
                else (str(given),)
            )
            recipe = _take(recipe, name, lanes, notes)
        elif isinstance(given, (str, int, float)) and not isinstance(given, bool):
            recipe = _take(recipe, name, given, notes)
        else:
            notes.append(f"The recipe's setting {name} is no number or text and was left out.")
    id = data.get("id")
    painted = isinstance(id, str) and re.fullmatch("[0-9a-f]{12}", id)
    return Recipe(recipe, tuple(notes[:20]), id if painted else "")


def _prompts(rows: list) -> tuple[Prompt, ...]:
    """Return rows of {"text", "weight", "place"} as prompts to be checked. Raises InputError."""
    prompts = tuple(
        Prompt(row.get("text"), row.get("weight", 1), row.get("place", ""))
        for row in rows[:64]
        if isinstance(row, dict)
    )
    if not all(isinstance(prompt.text, str) for prompt in prompts):
        raise InputError("The recipe's prompts are not texts: take a picture that otgen made.")
    return prompts


def from_json(text: str) -> Recipe:
    """Read a recipe from JSON. Raises InputError."""
    if len(text) > LONGEST_JSON:
        raise InputError(
            f"The recipe has {len(text):,} characters; at most {LONGEST_JSON:,} are read: "
            "take a picture that otgen made."
        )
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(
            "The recipe is not readable JSON: take a picture that otgen made."
        ) from None
    return from_data(data)


def from_file(data: bytes) -> Recipe:
    """Read the recipe in a file that otgen wrote, a PNG or result.json. Raises InputError."""
    if len(data) > LARGEST_FILE:
        raise InputError(
            f"The file has {len(data) / 1e6:.0f} MB; at most {LARGEST_FILE / 1e6:.0f} MB are read: "
            "take a PNG as otgen saved it."
        )
    if data.startswith(b"\x89PNG"):
        return _from_png(data)
    if not data[:64].lstrip().startswith(b"{"):
        raise InputError(
            "The file is neither a PNG nor JSON: take a picture that otgen made, or its "
            "result.json."
        )
    return from_json(data.decode(errors="replace"))


def _from_png(data: bytes) -> Recipe:
    """Read the recipe inside a PNG; no pixel is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                text = picture.info.get("otgen")
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ):
        raise InputError(
            "The file is not a PNG that can be read: take a PNG as otgen saved it."
        ) from None
    if not isinstance(text, str):
        raise InputError(
            "The picture carries no otgen recipe: take the PNG as otgen saved it; a screenshot or "
            "a converted copy has lost it."
        )
    return from_json(text)
