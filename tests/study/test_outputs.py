"""The files of a painted study: the table, the summary and the report."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
from PIL import Image
from study_report import Outline

from otgen.recipe.prompts import InputError
from otgen.results.store import read
from otgen.study.inference import difference
from otgen.study.kept import REPORT
from otgen.study.measures import MEASURES, measured
from otgen.study.outputs import FIGURE, SUMMARY, remake
from otgen.study.recipe import read_study
from otgen.study.summary import contrasts
from otgen.study.table import FILE, columns, read_rows, write_rows

ROOT = Path(__file__).resolve().parents[2]


def test_table_has_a_row_of_each_run_and_lane_with_the_numbers_of_its_result(painted):
    table = read_rows(painted.folder / FILE)
    assert len(table) == len(painted.study.runs) * 2
    by_run = {run.plan.id: run for run in painted.study.runs}
    for row in table:
        run = by_run[row["run"]]
        assert (row["seed"], row["cutouts"]) == (run.plan.settings.seed, run.varied[0])
        assert row["prompts"] == painted.study.sets[run.set] == painted.study.sets[row["set"] - 1]
        if row["run"] == painted.left:
            assert (row["state"], row["why"], row["found"]) == ("failed", "It failed <i>.", None)
            continue
        numbers = read(painted.store / row["run"]).numbers[row["lane"]]
        assert row["state"] == "done"
        assert row["found"] == numbers["judge"]["found"]
        assert row["found_all"] == float(min(numbers["judge"]["found"]) >= 5)
        assert row["counts"] == numbers["counts"]
        assert row["correlation"] == numbers["correlation"]
        share = np.array(numbers["counts"]) / sum(numbers["counts"])
        lost = np.maximum(np.array(numbers["asked"]) - share, 0).sum()
        assert row["share_error"] == pytest.approx(lost)
        assert (row["balance"] is None) == (row["set"] == 2)  # it asks for 3 to 1


def test_every_column_is_documented_in_the_file_and_in_the_docs(painted):
    schema = parquet.read_schema(painted.folder / FILE)
    text = (ROOT / "docs" / "study.md").read_text()
    assert schema.names == list(columns())
    for field in schema:
        assert field.metadata[b"description"].decode() == columns()[field.name][1]
        assert f"`{field.name}`" in text


def test_summary_compares_what_is_paired(painted):
    summary = json.loads((painted.folder / SUMMARY).read_text())
    assert summary["runs"] == {"asked": 8, "done": 7, "failed": 1}
    table = read_rows(painted.folder / FILE)
    ot, mean = (
        np.array(
            [[_value(table, lane, place, seed) for seed in painted.study.seeds] for place in (1, 2)]
        )
        for lane in ("ot", "mean")
    )
    made = difference(ot, mean, -1)
    row = next(
        row
        for row in summary["differences"]
        if (row["measure"], row["factor"], row["within"]) == ("share_error", "lane", "cutouts 8")
    )
    assert row["difference"]["mean"] == pytest.approx(made.mean.mean, abs=1e-5)
    assert row["pairs"] == {"won": made.won, "tied": made.tied, "lost": made.lost}
    assert sum(row["pairs"].values()) == 3  # one of the four runs failed
    assert row["q"] >= row["p"]


def _value(table: list[dict], lane: str, place: int, seed: int) -> float:
    wanted = {"lane": lane, "set": place, "seed": seed, "cutouts": 8}
    (row,) = (row for row in table if row.items() >= wanted.items())
    return np.nan if row["share_error"] is None else row["share_error"]


def test_first_level_is_compared_with_the_others_all_else_equal():
    pairs = contrasts({"lane": ("ot", "mean", "ot@2"), "cutouts": (8, 16)})
    assert [(one.first, one.second) for one in pairs if one.factor == "lane"] == [
        *((("ot", n), (lane, n)) for n in (8, 16) for lane in ("mean", "ot@2")),
    ]
    assert [(one.first, one.second) for one in pairs if one.factor == "cutouts"] == [
        *(((lane, 8), (lane, 16)) for lane in ("ot", "mean", "ot@2")),
    ]


def test_report_is_one_inert_file_that_says_what_failed(painted):
    html = (painted.folder / REPORT).read_text()
    outline = Outline(html)
    assert not outline.tags & {"script", "link", "iframe", "object", "form", "a"}
    assert not any(name.startswith("on") for name in outline.attributes)
    assert outline.sources
    assert all(source.startswith("data:image/webp;base64,") for source in outline.sources)
    assert "default-src 'none'" in html
    assert "Cats <script>alert(1)</script> & castles" in outline.text
    assert outline.text.index("What failed") < outline.text.index("Paired differences")
    assert "It failed <i>." in outline.text
    assert "Others <b>" in outline.text
    assert "36 / 28" in outline.text
    for measure in {"found_all", "share_error"}:
        assert MEASURES[measure].title in outline.text
    assert re.search(r"\d+ sets of prompts · 2 seeds", outline.text)


def test_report_is_made_again_to_the_byte_without_the_store(painted, tmp_path):
    folder = tmp_path / "files"
    shutil.copytree(painted.folder, folder)
    for name in (REPORT, SUMMARY, FIGURE):
        (folder / name).unlink()
    remake(painted.study, painted.file.read_text(), folder)
    for name in (REPORT, SUMMARY, FIGURE):
        assert (folder / name).read_bytes() == (painted.folder / name).read_bytes()


def test_figure_says_the_first_settings_differences_in_words(painted):
    summary = json.loads((painted.folder / SUMMARY).read_text())
    with Image.open(painted.folder / FIGURE) as figure:
        text = figure.text["Description"]
    (row,) = (
        row
        for row in summary["differences"]
        if (row["measure"], row["within"]) == ("correlation", "cutouts 6")
    )
    said = f"Cost correlation, ot minus mean: {row['difference']['mean']:+.3f}".replace("-0", "−0")
    assert said in text
    assert "cutouts 6 minus cutouts 8" in text
    assert text.count("ot minus mean") == len(summary["measures"])


def test_table_of_another_study_is_refused(painted, tmp_path):
    file = tmp_path / "other.yaml"
    file.write_text("prompts: [a fox]\n")
    with pytest.raises(InputError, match="does not ask for"):
        remake(read_study(file), "", painted.folder)


@pytest.mark.parametrize(
    ("column", "value"), [("cutouts", 7), ("run", "../../elsewhere"), ("run", None)]
)
def test_table_with_a_row_that_the_study_can_t_have_is_refused(painted, tmp_path, column, value):
    table = read_rows(painted.folder / FILE)
    write_rows([*table[1:], table[0] | {column: value}], tmp_path / FILE)
    with pytest.raises(InputError, match="does not ask for"):
        remake(painted.study, "", tmp_path)


@pytest.mark.parametrize("spoil", ["remove", "garbage"])
def test_table_that_can_t_be_read_is_one_sentence(painted, tmp_path, spoil):
    if spoil == "garbage":
        (tmp_path / FILE).write_bytes(b"PAR1 no parquet")
    with pytest.raises(InputError, match="paint the study first"):
        remake(painted.study, "", tmp_path)


def test_storybook_says_itself_what_it_painted(painted):
    settings = read_study(ROOT / "docs" / "study.yaml").runs[-1].plan.settings
    things = [{"thing": text.removeprefix("a "), "weight": 0.9} for text, *_ in settings.prompts]
    numbers = {
        **{"counts": [1, 2, 61], "asked": [1 / 3] * 3, "coverage": [0.1, 0.2, 0.3]},
        **{"balance": 0.1, "correlation": 0, "resultant": 1, "diversity": 0.1, "mass": [1 / 3] * 3},
        **{"sprites": things, "places": {"city": 1.0}},
    }
    assert measured(settings, numbers)["present_all"] == 1
    things[0]["weight"] = 0.7
    assert measured(settings, numbers)["present_all"] == 0
