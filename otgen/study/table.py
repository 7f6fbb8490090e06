"""The table of a study: one row a run and lane, as ``runs.parquet`` with its columns documented."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from otgen.recipe.prompts import InputError, shorten
from otgen.recipe.rules import Number
from otgen.recipe.settings import rule
from otgen.results.result import Saved, ending
from otgen.results.store import read
from otgen.study.measures import LISTS, MEASURES, OF_RESULTS, measured
from otgen.study.recipe import SETTINGS, Run, Study

FILE = "runs.parquet"
Row = dict[str, object]
_KEYS = {
    "run": ("string", "The id of the run's result."),
    "set": ("int64", "The number of the set of prompts in the study's file, from 1."),
    "prompts": ("string", "The prompts, in one line."),
    "prompt_count": ("int64", "How many prompts there are."),
    "seed": ("int64", "The seed."),
    "lane": ("string", "The loss."),
    "state": ("string", "done, diverged, stopped, failed or missing."),
    "why": ("string", "Why a run diverged or failed, in a sentence."),
}


def columns() -> dict[str, tuple[str, str]]:
    """Return column -> Arrow's type and what it is; "list<double>" has one number a prompt."""
    settings = {name: (_type(name), rule(name).describe()) for name in SETTINGS}
    results = {name: (column.type, column.about) for name, column in OF_RESULTS.items()}
    measures = {name: ("double", measure.about) for name, measure in MEASURES.items()}
    lists = {name: (f"list<{kind}>", about) for name, (kind, about) in LISTS.items()}
    return _KEYS | settings | results | measures | lists


def _type(name: str) -> str:
    allowed = rule(name)
    if not isinstance(allowed, Number):
        return "string"
    return "int64" if allowed.unit else "double"


def rows(study: Study, store: Path, failed: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows of a study from what the store holds.

    Args:
        failed: the sentences of the runs that failed just now, by id.
    """
    blank: Row = dict.fromkeys(columns())
    for run in study.runs:
        saved = read(store / run.plan.id)
        for lane in run.plan.settings.lanes:
            yield blank | _row(study, run, lane, saved, failed.get(run.plan.id, ""))


def _row(study: Study, run: Run, lane: str, saved: Saved | None, failed: str) -> Row:
    """Return the columns that are known of a run and lane."""
    settings = run.plan.settings
    row: Row = {name: getattr(settings, name) for name in SETTINGS}
    row |= dict(zip(study.varied, run.varied, strict=True))
    row |= {
        "run": run.plan.id,
        "set": run.set + 1,
        "prompts": study.sets[run.set],
        "prompt_count": len(settings.prompts),
        "seed": settings.seed,
        "lane": lane,
        "state": "failed" if failed else "missing",
        "why": failed,
    }
    if saved:
        row |= {name: column.of(saved) for name, column in OF_RESULTS.items()}
        if not (failed and not saved.over):
            row |= {"state": ending(saved), "why": saved.diverged}
        if saved.complete:
            row |= measured(settings, saved.numbers[lane])
    return row


def write_rows(table: list[Row], file: Path) -> None:
    """Write rows as Parquet; the file is whole or as it was. Raises InputError, OSError."""
    arrow, parquet = _arrow()
    schema = arrow.schema(
        [
            arrow.field(name, _arrow_type(arrow, kind), metadata={"description": about})
            for name, (kind, about) in columns().items()
        ]
    )
    aside = file.with_suffix(".writing")
    parquet.write_table(arrow.Table.from_pylist(table, schema), aside, compression="zstd")
    os.replace(aside, file)


def _arrow_type(arrow, kind: str):
    inner = kind.removeprefix("list<").removesuffix(">")
    plain = getattr(arrow, {"double": "float64"}.get(inner, inner))()
    return plain if inner == kind else arrow.list_(plain)


def read_rows(file: Path) -> list[Row]:
    """Read the rows of a study that was painted. Raises InputError."""
    arrow, parquet = _arrow()
    try:
        table = parquet.read_table(file)
    except (OSError, arrow.ArrowException) as wrong:
        said = "is not there" if isinstance(wrong, FileNotFoundError) else "can't be read"
        raise InputError(f"{shorten(file, 200)} {said}: paint the study first.") from None
    lacking = columns().keys() - set(table.column_names)
    if lacking:
        raise InputError(
            f"{shorten(file, 200)} lacks the column {sorted(lacking)[0]}, as it is of another "
            "otgen: run the study again."
        )
    return table.select(list(columns())).to_pylist()


def check_installed() -> None:
    """Raise InputError unless what a study needs beside a run is installed."""
    _arrow()


def _arrow():
    """Return Arrow and its Parquet."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(
            "A study needs the package pyarrow, which is not installed here: install it with "
            "“.venv/bin/python -m pip install -r requirements-study.txt”."
        ) from None
    return pyarrow, pyarrow.parquet
