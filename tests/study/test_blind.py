"""The blind sheet: no labels on it, the key apart, and a score that is checked by hand."""

from __future__ import annotations

import csv
import json

import pytest
from PIL import Image

from otgen.recipe.prompts import InputError
from otgen.study.blind import ANSWERS, KEY, lay_out, score
from otgen.study.naming import named, names_of


@pytest.fixture
def sheet(painted, tmp_path):
    """A sheet of the painted study, in a folder of its own."""
    return lay_out(painted.study, painted.store, tmp_path)


def _answer(sheet, answers: dict[str, tuple[str, str]]) -> None:
    with (sheet / ANSWERS).open("w", newline="") as out:
        rows = [[number, *said] for number, said in answers.items()]
        csv.writer(out).writerows([["picture", "seen", "unclear"], *rows])


def test_sheet_has_the_first_two_lanes_of_each_run_in_another_order_and_no_labels(painted, sheet):
    key = json.loads((sheet.parent / KEY).read_text())
    usual = {run.plan.id for run in painted.study.runs if run.varied == (6,)} - {painted.left}
    cells = [(cell["run"], cell["lane"]) for cell in key.values()]
    assert sorted(cells) == sorted((id, lane) for id in usual for lane in ("ot", "mean"))
    assert cells != sorted(cells)
    assert {path.name for path in sheet.iterdir()} == {
        "sheet-1.jpg",
        ANSWERS,
    }  # the key is not here
    with Image.open(sheet / "sheet-1.jpg") as page:
        assert page.size == (1240, -(-len(cells) // 4) * 334 + 8)
        assert not page.info.get("comment")
    assert lay_out(painted.study, painted.store, sheet.parent) == sheet
    assert json.loads((sheet.parent / KEY).read_text()) == key


def test_score_counts_what_a_reader_named_by_lane(painted, sheet, capsys):
    key = json.loads((sheet.parent / KEY).read_text())
    _answer(
        sheet,
        {
            number: (
                ("; ".join(cell["prompts"]), "")
                if cell["lane"] == "ot"
                else ("the " + cell["prompts"][0].removeprefix("a "), "1")
            )
            for number, cell in key.items()
        },
    )
    summary = json.loads(score(painted.study, sheet.parent, sheet / ANSWERS).read_text())
    assert list(summary["lanes"]) == ["ot", "mean"]
    assert summary["lanes"]["ot"]["all prompts named"]["mean"] == 1
    assert summary["lanes"]["mean"]["all prompts named"]["mean"] == 0
    assert summary["lanes"]["mean"]["prompts named"]["mean"] == 0.5
    assert [summary["lanes"][lane]["unclear"] for lane in ("ot", "mean")] == [0, len(key) // 2]
    assert summary["all prompts named, first lane minus second"]["mean"] == 1
    first, ot, mean, both = capsys.readouterr().err.splitlines()
    assert first == f"{len(key)} of {len(key)} pictures have answers."
    assert ot.startswith("ot: all prompts named in 100%")
    assert mean.endswith(f"of the prompts 50% (50% to 50%); {len(key) // 2} unclear.")
    assert both.startswith("All prompts named, first lane minus second: 100%")


def test_answers_are_not_lost_by_another_sheet(painted, sheet):
    _answer(sheet, {"1": ("a cat", "")})
    with pytest.raises(InputError, match="holds answers"):
        lay_out(painted.study, painted.store, sheet.parent)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("picture,seen\n99,a cat\n", "names picture “99”, which is not on the sheet"),
        ("a,b\n1,2\n", "must have the columns picture, seen, unclear"),
        ("picture,seen\n1,\xff\n", "can't be read as answers"),
    ],
)
def test_answers_that_can_t_be_used_are_one_sentence(painted, sheet, text, sentence):
    (sheet / ANSWERS).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=sentence):
        score(painted.study, sheet.parent, sheet / ANSWERS)


def test_score_without_a_key_and_sheet_without_runs_are_one_sentence(painted, tmp_path):
    with pytest.raises(InputError, match="is no key"):
        score(painted.study, tmp_path, tmp_path / ANSWERS)
    with pytest.raises(InputError, match="No run of the study is painted"):
        lay_out(painted.study, tmp_path / "empty", tmp_path)


@pytest.mark.parametrize(
    ("prompts", "said", "hits"),
    [
        (("a cat", "a castle"), ("Kitten", "some palace"), [True, True]),
        (("a tree", "a palm tree"), ("a green palm tree",), [False, True]),
        (("a mouse",), ("two mice",), [True]),
        (("the sea floor",), ("The sea floor.",), [True]),
        (("a watercolour of a fox",), ("an orange fox",), [True]),
        (("Walt Disney World.", "a car"), ("walt disney world", "scarf"), [True, False]),
        (("a cat",), (), [False]),
    ],
)
def test_what_a_reader_wrote_names_a_prompt_or_not(prompts, said, hits):
    assert named([sorted(names_of(text)) for text in prompts], said) == hits
