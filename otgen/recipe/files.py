"""YAML files that people write: of a run's options, or of a study."""

from __future__ import annotations

from pathlib import Path

import yaml

from otgen.recipe.prompts import InputError, shorten

LARGEST = 100_000  # bytes; a run of 16 prompts has about 1,000, a study of 50 sets 3,000


def read_table(file: Path) -> dict:
    """Return what a YAML file says, by name. Raises InputError."""
    try:
        if file.stat().st_size > LARGEST:
            raise InputError(
                f"{shorten(file)} has more than {LARGEST // 1000} kB: name a file of a few options."
            )
        table = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise InputError(f"{shorten(file)} can't be read ({wrong.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        where = getattr(wrong, "problem_mark", None)
        line = f" at line {where.line + 1}" if where else ""
        raise InputError(
            f"{shorten(file)} is not YAML{line}: try lines such as “steps: 50”."
        ) from None
    if not isinstance(table, dict):
        raise InputError(f"{shorten(file)} holds no options: try lines such as “steps: 50”.")
    return table
