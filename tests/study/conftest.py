"""One short study, painted once for all tests of its files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from otgen.service.executors.inline import Inline
from otgen.study.driver import Driver, Progress, missing
from otgen.study.outputs import write
from otgen.study.recipe import Study, read_study

TEXT = """
title: Cats <script>alert(1)</script> & castles
about: "'>\\"<img src=x onerror=alert(1)>"
generator: vqgan-mini
steps: 1
cutouts: [6, 8]
seeds: 2
prompts: ["a cat | a castle", "a tree :3 | a car"]
cited: [{source: "Others <b>", set: 1, counts: {ot: [36, 28]}, says: "a & b"}]
"""


class Painted(NamedTuple):
    """A study that was painted but for one run. seen: what its driver told. folder: its files."""

    study: Study
    store: Path
    folder: Path
    file: Path
    seen: list[Progress]
    left: str


@pytest.fixture(scope="session")
def painted(tmp_path_factory) -> Painted:
    place = tmp_path_factory.mktemp("study")
    file, store, folder, seen = place / "cats.yaml", place / "store", place / "files", []
    file.write_text(TEXT)
    study = read_study(file)
    *plans, left = missing(study.plans.values(), store)
    assert Driver(plans, store, [Inline()], seen.append).run() == {}
    write(study, TEXT, store, folder, {left.id: "It failed <i>."})
    return Painted(study, store, folder, file, seen, left.id)
