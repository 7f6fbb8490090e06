"""YAML files that people write: of a run's options, or of a study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from otgen.recipe.prompts import InputError, shorten

LARGEST = 100_000  # bytes; a run of 16 prompts has about 1,000, a study of 50 sets 3,000


class _Loader(yaml.SafeLoader):
    """Reads 16:9 and 12:30 as texts, as YAML 1.2 does; to YAML 1.1 they are 969 and 750."""


def _number(kind: str) -> Callable[[_Loader, yaml.ScalarNode], object]:
    usual = yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{kind}"]
    return lambda loader, node: node.value if ":" in node.value else usual(loader, node)


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _number(_kind))


def read_table(file: Path) -> dict:
    """Return what a YAML file says, by name. Raises InputError."""
    try:
        if file.stat().st_size > LARGEST:
            raise InputError(
                f"{shorten(file)} has more than {LARGEST // 1000} kB: name a file of a few options."
            )
        given = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # a SafeLoader
    except OSError as wrong:
        raise InputError(f"{shorten(file)} can't be read ({wrong.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        where = getattr(wrong, "problem_mark", None)
        line = f" at line {where.line + 1}" if where else ""
        raise InputError(
            f"{shorten(file)} is not YAML{line}: try lines such as “steps: 50”."
        ) from None
    if not isinstance(given, dict):
        raise InputError(f"{shorten(file)} holds no options: try lines such as “steps: 50”.")
    return given
