"""The states of results that other runs go on from.

A run that goes on needs the other result's state, not the result: a copy lies with the uploaded
pictures while runs to come may need it, and beside each result that went on from it. So a result
can be painted again as long as its parent is kept as it was, or any result that has the same one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

import numpy as np

from otgen.models.cache import put
from otgen.recipe.codec import VERSION, from_data
from otgen.recipe.prompts import InputError, shorten
from otgen.recipe.rules import Origin, origin
from otgen.recipe.settings import Settings
from otgen.results import store, uploads
from otgen.results.result import STATE, UNFINISHED, Saved
from otgen.results.writing import packed

# As people name a result: its id or its folder, and perhaps a step and one of its lanes.
_NAMED = re.compile(r"(?:.*[/\\])?([0-9a-f]{12})(?:@([0-9]{1,4}))?(?:/([^/]+))?/?")


def named(text: str, find: Callable[[str], Saved | None]) -> str:
    """Return the setting ``parent`` for a result as people name it. Raises InputError.

    find: returns the result of an id.
    """
    said = _NAMED.fullmatch(text.strip())
    result = find(said[1]) if said else None
    if said and said[2]:
        name = f"{said[1]}@{said[2]}"  # as it was at that step, which another result may know
    elif result is None:
        raise InputError(
            f"There is no result {shorten(text)} to go on from: take the id of one that is kept "
            "here, 12 of 0-9 and a-f."
        )
    elif not able(result):
        raise InputError(
            f"The result {result.id} holds nothing to go on from: it is of an earlier otgen, or "
            "diverged. Delete it and paint it again, or take another one."
        )
    else:
        name = name_of(result)
    return f"{name}/{said[3]}" if said[3] else name


def name_of(saved: Saved) -> str:
    """Return the setting ``parent`` of a run that goes on from a result as it is."""
    return f"{saved.id}@{saved.steps}"


def able(saved: Saved) -> bool:
    """Tell whether a result holds what another run can go on from."""
    return (saved.folder / (STATE if saved.complete else UNFINISHED)).is_file()


def keep(saved: Saved) -> bool:
    """Put a result's state where a run will look for it; tell whether there is one.

    Raises OSError.
    """
    left = None if saved.complete else store.unfinished(saved)
    state = store.state(saved) if saved.complete else left and left.state
    if not state:
        return False
    recipe = {"version": VERSION, "settings": saved.settings.as_dict()}
    put(uploads.file(name_of(saved)), packed(state | {"recipe": json.dumps(recipe)}))
    return True


def settings_of(where: Origin) -> Settings:
    """Return the settings of a result whose state was kept. Raises InputError."""
    arrays = _kept(where, "recipe")
    try:
        return from_data(json.loads(str(arrays["recipe"]))).settings
    except ValueError:
        raise unfit(where) from None


def state_of(where: Origin) -> dict[str, np.ndarray]:
    """Return a state that was kept, as ``painters.base.frozen`` gave it. Raises InputError."""
    arrays = _kept(where)
    arrays.pop("recipe", None)
    return arrays


def _kept(where: Origin, *names: str) -> dict[str, np.ndarray]:
    arrays = store.read_arrays(uploads.file(where.name), *names)
    if arrays is None:
        raise uploads.missing(where.name)
    return arrays


def unfit(where: Origin) -> InputError:
    """Return what to raise where a state can't be used."""
    return InputError(
        f"The state of the result {where.id} does not fit this run: it is damaged, or was painted "
        "with other settings of the painter; go on from another one, or leave it out."
    )


def lanes(parent: Settings, settings: Settings) -> list[int]:
    """Return the parent's lane that each lane of a run goes on from.

    It is the one that is named, or else that of the same name, or else the first.
    """
    chosen = origin(settings.parent).lane
    theirs: Sequence[str] = parent.lanes
    wanted = [chosen or lane for lane in settings.lanes]
    return [theirs.index(lane) if lane in theirs else 0 for lane in wanted]
