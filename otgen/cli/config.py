"""A run's options from a YAML file: ``--config run.yaml``."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

import yaml

from otgen.recipe.prompts import InputError, shorten

_TEXTS = ("prompts", "negative")
_LISTS = (*_TEXTS, "lanes")
LARGEST = 100_000  # bytes; a run of 16 prompts has about 1,000


def options(file: Path, known: Collection[str]) -> dict[str, object]:
    """Return the options that a file gives, by name.

    known: the options that it may give. A value is a text, a number or yes/no; those of _LISTS may
    be lists. Raises InputError.
    """
    given = _read(file)
    for name, value in given.items():
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
    return given


def _plain(value: object, deep: bool) -> bool:
    if deep and isinstance(value, dict):  # {text: a cat, weight: 2}
        return all(_plain(part, deep=False) for part in value.values())
    return value is None or isinstance(value, str | int | float)


def _read(file: Path) -> dict:
    try:
        if file.stat().st_size > LARGEST:
            raise InputError(
                f"{shorten(file)} has more than {LARGEST // 1000} kB: name a file of a few options."
            )
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise InputError(f"{shorten(file)} can't be read ({wrong.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as wrong:
        where = getattr(wrong, "problem_mark", None)
        line = f" at line {where.line + 1}" if where else ""
        raise InputError(
            f"{shorten(file)} is not YAML{line}: try lines such as “steps: 50”."
        ) from None
    if not isinstance(given, dict):
        raise InputError(f"{shorten(file)} holds no options: try lines such as “steps: 50”.")
    return given
