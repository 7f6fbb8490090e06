"""`make space-check` fails where a page would: tried on pages that are not otgen's, and on otgen's.

The environment is the tests' own here; making one as a Space does takes gigabytes.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def check(monkeypatch):
    spec = importlib.util.spec_from_file_location("check", ROOT / "scripts" / "space_check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(module, "SHOWN", ("torch", "gradio"))  # spaces and mcp are a Space's own
    return module


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("raise SystemExit(3)", "The page did not start; exit status 3."),
        ("import http.server as h, os; h.test(h.SimpleHTTPRequestHandler, port=int("
         "os.environ['PORT']), bind='127.0.0.1')", "failed  Traceback"),
    ],
)  # fmt: skip
def test_a_page_that_fails_is_told_by_table_and_status(
    check, monkeypatch, tmp_path, capsys, page, said
):
    (tmp_path / "app.py").write_text(page)
    monkeypatch.setattr(check, "ROOT", tmp_path)
    assert check.main(["--keep"]) == 1
    assert said in capsys.readouterr().out


@pytest.mark.slow
def test_otgens_page_starts_and_paints(check, monkeypatch, capsys):
    monkeypatch.setenv("OTGEN_EXAMPLES", "none")
    program = check.PAINT.replace("steps=4", "steps=1, sprites=1")
    monkeypatch.setattr(check, "PAINT", program)
    assert check.main(["--keep"]) == 0
    table = dict(row.split(maxsplit=1) for row in capsys.readouterr().out.splitlines())
    assert table["paint"].endswith("mean, ot)")
    assert {"python", "torch", "gradio", "start"} <= table.keys()
