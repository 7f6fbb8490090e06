"""The notebook in docs/ works, here with few steps."""

import ast
import json
from functools import partial
from pathlib import Path

import otgen
from otgen.api import Comparison

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebook.ipynb"


def test_every_cell_runs_and_shows_something(monkeypatch, capsys):
    few = partial(otgen.compare, steps=3, cutouts=8, height=128, width=128)
    monkeypatch.setattr(otgen, "compare", few, raising=False)
    names, shown = {}, []
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == [], "kept without outputs: they would age"
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, str(NOTEBOOK), "exec"), names)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names))
    assert [type(one).__name__ for one in shown] == ["Comparison", "Figure", "Comparison"]
    assert isinstance(shown[-1], Comparison)
    assert shown[-1].settings.prompts[0].weight == 3
    assert "3 of 3" in capsys.readouterr().out
