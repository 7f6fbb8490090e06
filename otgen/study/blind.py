"""The blind sheet: pictures in a random order and without labels, the key apart; and its score.

A reader writes into answers.csv what each picture shows. Nobody who reads has to know otgen.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from otgen.recipe.lanes import slug
from otgen.recipe.prompts import InputError, shorten
from otgen.results.result import Saved
from otgen.results.store import read
from otgen.study.inference import difference, interval
from otgen.study.naming import named, names_of
from otgen.study.recipe import Study

RUNS, LANES = 30, 2  # on the sheet: so many runs, each under the study's first lanes
FOLDER, KEY, SCORE, ANSWERS = "blind", "blind-key.json", "blind-score.json", "answers.csv"
_COLUMNS, _ROWS, _SIDE, _LABEL, _GAP = 4, 5, 300, 26, 8  # of a page; pixels
_FIELDS = ("picture", "seen", "unclear")
_DIFFERENCE = "all prompts named, first lane minus second"
_LARGEST = 1_000_000  # bytes of a file of answers


class _Cell(NamedTuple):
    saved: Saved
    lane: str


def lay_out(study: Study, store: Path, folder: Path) -> Path:
    """Write pages of pictures, an empty answers.csv and, apart from them, the key.

    Runs and order are drawn by a fixed seed. Return the folder of the pages. Raises InputError
    where too little is painted, OSError.
    """
    usual = tuple(levels[0] for levels in study.varied.values())
    asked = [run.plan.id for run in study.runs if run.varied == usual]
    results = [saved for id in asked if (saved := read(store / id)) and saved.complete]
    if not results:
        raise InputError("No run of the study is painted: paint it first.")
    rng = random.Random(0)
    chosen = rng.sample(results, min(RUNS, len(results)))
    cells = [_Cell(saved, lane) for saved in chosen for lane in study.lanes[:LANES]]
    rng.shuffle(cells)
    made = folder / FOLDER
    made.mkdir(parents=True, exist_ok=True)
    if (made / ANSWERS).exists() and _answered(made / ANSWERS):
        raise InputError(f"{shorten(made / ANSWERS, 200)} holds answers: move it away first.")
    for old in made.glob("sheet-*.jpg"):
        old.unlink()
    per = _COLUMNS * _ROWS
    for first in range(0, len(cells), per):
        page = _page(cells[first : first + per], first + 1)
        page.save(made / f"sheet-{first // per + 1}.jpg", quality=88)
    with (made / ANSWERS).open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([_FIELDS, *([n, "", ""] for n in range(1, len(cells) + 1))])
    key = {str(number): _key(cell) for number, cell in enumerate(cells, 1)}
    (folder / KEY).write_text(json.dumps(key, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return made


def _key(cell: _Cell) -> dict:
    texts = [prompt.text for prompt in cell.saved.settings.prompts]
    return {
        "run": cell.saved.id,
        "lane": cell.lane,
        "prompts": texts,
        "names": [sorted(names_of(text)) for text in texts],
    }


def _page(cells: list[_Cell], first: int) -> Image.Image:
    rows = -(-len(cells) // _COLUMNS)
    wide, high = _SIDE + _GAP, _SIDE + _LABEL + _GAP
    page = Image.new("RGB", (_COLUMNS * wide + _GAP, rows * high + _GAP), "white")
    pen = ImageDraw.Draw(page)
    for place, cell in enumerate(cells):
        x, y = place % _COLUMNS * wide + _GAP, place // _COLUMNS * high + _GAP
        pen.text((x, y), str(first + place), fill="black", font_size=20)
        with Image.open(cell.saved.folder / f"{slug(cell.lane)}.png") as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((_SIDE, _SIDE), Image.LANCZOS)
        page.paste(picture, (x, y + _LABEL))
    return page


def score(study: Study, folder: Path, answers: Path) -> Path:
    """Compare a reader's answers with the key; print what came out, return the file that says it.

    Raises InputError, OSError.
    """
    try:
        key = json.loads((folder / KEY).read_text("utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"{shorten(folder / KEY, 200)} is no key: lay the sheet out with --blind-sheet first."
        ) from None
    said = _read(answers)
    unknown = sorted(said.keys() - key.keys())
    if unknown:
        raise InputError(
            f"{shorten(answers, 200)} names picture {shorten(unknown[0], 20)}, which is not on the "
            f"sheet: its pictures are 1 to {len(key)}."
        )
    lanes = list(dict.fromkeys(cell["lane"] for cell in key.values()))
    lanes.sort(key=lambda lane: study.lanes.index(lane) if lane in study.lanes else len(lanes))
    runs = list(dict.fromkeys(cell["run"] for cell in key.values()))
    all_named = {lane: np.full((len(runs), 1), np.nan) for lane in lanes}
    some = {lane: np.full((len(runs), 1), np.nan) for lane in lanes}
    unclear = dict.fromkeys(lanes, 0)
    for number, (seen, broken) in said.items():
        cell = key[number]
        hits = named(cell["names"], seen)
        place = runs.index(cell["run"])
        all_named[cell["lane"]][place] = float(all(hits))
        some[cell["lane"]][place] = sum(hits) / len(hits)
        unclear[cell["lane"]] += broken
    scores = {
        "pictures": len(said),
        "of": len(key),
        "lanes": {
            lane: {
                "all prompts named": _plain(interval(all_named[lane])),
                "prompts named": _plain(interval(some[lane])),
                "unclear": unclear[lane],
            }
            for lane in lanes
        },
    }
    if len(lanes) > 1 and (made := difference(all_named[lanes[0]], all_named[lanes[1]])):
        scores[_DIFFERENCE] = {
            **_plain(made.mean),
            "pairs": made.won + made.tied + made.lost,
            "p": made.p,
        }
    (folder / SCORE).write_text(json.dumps(scores, indent=1) + "\n", "utf-8")
    print(_said(scores), file=sys.stderr)
    return folder / SCORE


def _said(scores: dict) -> str:
    """Say a score in a line for all, for each lane and for the difference of two."""

    def parts(one: dict | None) -> str:
        if one is None:
            return "no picture"
        bounds = f" ({one['low']:.0%} to {one['high']:.0%})" if one["low"] is not None else ""
        return f"{one['mean']:.0%}{bounds}"

    lines = [f"{scores['pictures']} of {scores['of']} pictures have answers."]
    for lane, of in scores["lanes"].items():
        unclear = f"; {of['unclear']} unclear" if of["unclear"] else ""
        lines.append(
            f"{lane}: all prompts named in {parts(of['all prompts named'])}, "
            f"of the prompts {parts(of['prompts named'])}{unclear}."
        )
    if made := scores.get(_DIFFERENCE):
        p = "" if made["p"] is None else f", p = {made['p']:.2g}"
        lines.append(f"{_DIFFERENCE[0].upper()}{_DIFFERENCE[1:]}: {parts(made)}{p}.")
    return "\n".join(lines)


def _plain(one) -> dict | None:
    return None if one is None else one._asdict()


def _answered(file: Path) -> bool:
    return bool(_read(file))


def _read(file: Path) -> dict[str, tuple[list[str], bool]]:
    """Return picture -> what is seen, and whether it is unclear; rows left empty are left out.

    Raises InputError.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise InputError(f"{shorten(file, 200)} is too large for answers: name answers.csv.")
        with file.open(newline="", encoding="utf-8-sig") as opened:
            listed = list(csv.DictReader(opened))
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise InputError(f"{shorten(file, 200)} can't be read as answers ({wrong}).") from None
    if listed and not {"picture", "seen"} <= listed[0].keys():
        raise InputError(f"{shorten(file, 200)} must have the columns {', '.join(_FIELDS)}.")
    answers = {}
    for row in listed:
        seen = [name.strip() for name in (row["seen"] or "").split(";") if name.strip()]
        broken = (row.get("unclear") or "").strip().lower() not in ("", "0", "no")
        if seen or broken:
            answers[(row["picture"] or "").strip()] = (seen, broken)
    return answers
