"""Where in the picture a prompt belongs: ``left``, ``top-right!`` or ``0.1,0.2,0.5,0.8``.

A place is kept as such a text, "" for anywhere. A box is (left, top, right, bottom), parts of the
picture's width and height. ``!`` at the end makes a place hard.
"""

from __future__ import annotations

import re

Box = tuple[float, float, float, float]

NAMED: dict[str, Box] = {
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 1.0, 1.0),
    "top": (0.0, 0.0, 1.0, 0.5),
    "bottom": (0.0, 0.5, 1.0, 1.0),
    "centre": (0.25, 0.25, 0.75, 0.75),
    "top-left": (0.0, 0.0, 0.5, 0.5),
    "top-right": (0.5, 0.0, 1.0, 0.5),
    "bottom-left": (0.0, 0.5, 0.5, 1.0),
    "bottom-right": (0.5, 0.5, 1.0, 1.0),
}
ANYWHERE = "anywhere"
LEAST = 0.05  # of a box's sides
_EVERYTHING: Box = (0.0, 0.0, 1.0, 1.0)
_SAME = {"center": "centre", "middle": "centre", "upper": "top", "lower": "bottom"}
_BY_WORDS = {frozenset(name.split("-")): name for name in NAMED}
_BY_BOX = {box: name for name, box in NAMED.items()} | {_EVERYTHING: ""}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_BOX = re.compile(rf"\[?\s*{_NUMBER}(?:\s*[,;]\s*{_NUMBER}){{3}}\s*\]?")


def place(given: str) -> str | None:
    """Return the one form of a place, None for what is none.

    Raises ValueError for four numbers that are no box.
    """
    bare = given.strip().removesuffix("！").removesuffix("!")
    mark = "!" if bare != given.strip() else ""
    bare = bare.strip().lower()
    if bare.count(";") == 3:  # then commas stand before decimals
        bare = bare.replace(",", ".")
    if _BOX.fullmatch(bare):
        # + 0.0: minus nought is nought
        box = tuple(round(float(number), 3) + 0.0 for number in re.findall(_NUMBER, bare))
        left, top, right, bottom = box
        sides = round(right - left, 3), round(bottom - top, 3)
        if min(box) < 0 or max(box) > 1 or min(sides) < LEAST:
            raise ValueError(given)
        name = _BY_BOX.get(box, ",".join(f"{side:g}" for side in box))
    elif bare == ANYWHERE or given.strip() == "":
        name, mark = "", ""
    else:
        words = re.split(r"[\s_-]+", bare)
        name = _BY_WORDS.get(frozenset(_SAME.get(word, word) for word in words))
    return name + mark if name else name


def box(place: str) -> Box:
    """Return the box of a place."""
    bare = place.removesuffix("!")
    if bare in NAMED:
        return NAMED[bare]
    return tuple(map(float, bare.split(","))) if bare else _EVERYTHING


def hard(place: str) -> bool:
    """Tell whether a place is hard."""
    return place.endswith("!")
