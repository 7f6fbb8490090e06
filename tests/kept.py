"""Results for the tests of what shows them: a shipped example under other ids and prompts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from otgen.results.disk import LOCKS
from otgen.results.result import Saved
from otgen.results.store import read

EXAMPLE = Path(__file__).resolve().parents[1] / "assets" / "examples" / "2-elephant-train"

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(2)'>",
    "${alert(3)} {{value}} {{#each x}} {% raw %}",
    "../../etc/passwd",
    "猫 🐈 \u202eright to left $x$",
)


def kept(store: Path, id: str, *texts: str, evidence: bool = False, **changes) -> Saved:
    """Put a result into a store and return it.

    Args:
        texts: the first prompts' texts. evidence: whether its plots can be drawn (3 MB). changes:
            to its result.json.
    """
    folder = store / id
    without = None if evidence else shutil.ignore_patterns("arrays.npz")
    aside = store / f".{id}"  # as the store does: nobody sees half a result
    shutil.copytree(EXAMPLE, aside, ignore=without)
    data = json.loads((aside / "result.json").read_text()) | {"id": id} | changes
    for row, text in zip(data["settings"]["prompts"], texts, strict=False):
        row["text"] = text
    (aside / "result.json").write_text(json.dumps(data))
    aside.rename(folder)
    saved = read(folder)
    assert saved is not None
    return saved


def names(store: Path) -> list[str]:
    """Return what lies in a store beside its locks, sorted."""
    return sorted(path.name for path in store.iterdir() if path.name != LOCKS)


def number(index: int) -> str:
    """Return an id."""
    return f"{index:012x}"
