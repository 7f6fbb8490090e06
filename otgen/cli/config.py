"""A run's options from a YAML file: ``--config run.yaml``."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

from otgen.recipe.files import read_table
from otgen.recipe.prompts import InputError, shorten

_TEXTS = ("prompts", "negative")
_LISTS = (*_TEXTS, "lanes")


def options(file: Path, known: Collection[str]) -> dict[str, object]:
    """Return the options that a file gives, by name.

    known: the options that it may give. A value is a text, a number or yes/no; those of _LISTS may
    be lists. Raises InputError.
    """
    table = read_table(file)
    for name, value in table.items():
        if name not in known:
            near = difflib.get_close_matches(str(name), known, 1) or sorted(known)
            raise InputError(
                f"{shorten(file)} gives {shorten(name)}, which is no option of this command: try "
                f"{', '.join(near)}."
            )
        rows = value if isinstance(value, list) and name in _LISTS else [value]
        if not all(_plain(row, deep=name in _TEXTS) for row in rows):
            raise InputError(
                f"{shorten(file)} gives {name} as a list or a table; it must be a text or a number"
                + (": try one prompt a line, - a cat." if name == "prompts" else ".")
            )
    return table


def _plain(value: object, deep: bool) -> bool:
    if deep and isinstance(value, dict):  # {text: a cat, weight: 2}
        return all(_plain(part, deep=False) for part in value.values())
    return value is None or isinstance(value, str | int | float)
