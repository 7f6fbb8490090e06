"""Whole numbers that environment variables give."""

from __future__ import annotations

import os
import re

from otgen.recipe.prompts import InputError, shorten


def whole(variable: str, least: int, most: int, usual: int | None) -> int | None:
    """Return the number that a variable gives, ``usual`` where it is not set.

    Raises InputError where it is not a whole number from ``least`` to ``most``.
    """
    said = os.environ.get(variable)
    if not said:
        return usual
    if not re.fullmatch("[0-9]{1,9}", said) or not least <= int(said) <= most:
        raise InputError(
            f"{variable} is {shorten(said, 20)}; allowed is a whole number from {least} to "
            f"{most:,}: try {max(least, 1) if usual is None else usual}."
        )
    return int(said)
