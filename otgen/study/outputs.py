"""The files of a study, in one folder: table, summary, report, its pictures, and a figure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from otgen.explain.plots import to_png
from otgen.recipe.prompts import InputError, shorten
from otgen.results.result import ID
from otgen.study.figure import describe, differences
from otgen.study.kept import REPORT
from otgen.study.pictures import picture
from otgen.study.recipe import Study
from otgen.study.report import report
from otgen.study.summary import summary, to_json
from otgen.study.table import FILE, Row, read_rows, rows, write_rows

SUMMARY, FIGURE = "summary.json", "differences.png"


def write(study: Study, source: str, store: Path, folder: Path, failed: Mapping[str, str]) -> Path:
    """Write a study's files from the store; return the report. Raises OSError.

    Args:
        source: the text of its file. failed: the sentences of runs that failed just now, by id.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = list(rows(study, store, failed))
    write_rows(table, folder / FILE)
    return _written(study, source, table, folder, store)


def remake(study: Study, source: str, folder: Path) -> Path:
    """Write summary and report again from ``runs.parquet`` and the pictures beside it.

    Raises InputError, OSError.
    """
    table = read_rows(folder / FILE)
    for row in table:
        place = row["set"] - 1
        known = 0 <= place < len(study.sets) and row["prompts"] == study.sets[place]
        known &= row["seed"] in study.seeds and row["lane"] in study.lanes
        known &= all(row[name] in levels for name, levels in study.varied.items())
        if not (known and ID.fullmatch(str(row["run"]))):  # which names the picture's file
            raise InputError(
                f"{shorten(folder / FILE, 200)} has runs of “{row['prompts']}” that the study's "
                "file does not ask for: paint the study again."
            )
    return _written(study, source, table, folder, None)


def _written(study: Study, source: str, table: list[Row], folder: Path, store: Path | None) -> Path:
    numbers = summary(study, table)
    html = report(study, numbers, table, source, lambda row: picture(row, store, folder))
    made = {SUMMARY: to_json(numbers).encode(), REPORT: html.encode()}
    if numbers["differences"]:
        made[FIGURE] = to_png(differences(numbers), text=describe(numbers))
    for name, data in made.items():
        aside = folder / f"{name}.writing"
        aside.write_bytes(data)
        os.replace(aside, folder / name)
    return folder / REPORT
