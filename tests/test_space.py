"""The README's front matter, which makes the repository a Space, agrees with the rest."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from otgen.models.catalogue import TABLE

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
HOSTING = (ROOT / "docs" / "hosting.md").read_text()
SPACE = yaml.safe_load(README.split("---\n")[1])


def pins() -> dict[str, str]:
    """Return package -> version of requirements.txt, "" where none is pinned."""
    rows = (
        row.split("#")[0].strip() for row in (ROOT / "requirements.txt").read_text().splitlines()
    )
    return {re.split("[=<>]", row)[0]: row.partition("==")[2] for row in rows if row}


def test_front_matter_names_what_the_repository_has():
    assert SPACE["sdk"] == "gradio"
    assert SPACE["sdk_version"] == pins()["gradio"]
    assert (ROOT / SPACE["app_file"]).is_file()
    lowest = re.search(r'requires-python = ">=([\d.]+)"', project())[1]
    assert release(SPACE["python_version"]) >= release(lowest)
    assert len(SPACE["short_description"]) <= 60  # more is refused by the hub
    assert SPACE["license"] == "mit"


def test_front_matter_and_requirements_suit_zerogpu():
    """Which has two versions of Python, and chooses the newest torch of its own that is allowed."""
    assert SPACE["suggested_hardware"] == "zero-a10g"
    assert SPACE["python_version"] in ("3.12.12", "3.10.13")
    row = re.search(r"^torch>=(.*),<=(.*)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    check = (ROOT / "scripts" / "space_check.py").read_text()
    offered = ast.literal_eval(re.search(r"^TORCH = (\(.*\))", check, re.MULTILINE)[1])
    for version in offered:
        assert release(row[1]) <= release(version) <= release(row[2])


def release(version: str) -> tuple[int, ...]:
    """Return "3.12.12" as numbers that compare."""
    return tuple(map(int, version.split(".")))


def project() -> str:
    return (ROOT / "pyproject.toml").read_text()


def test_front_matter_lists_the_repositories_that_weights_come_from():
    sources = [weights.sources[0] for weights in TABLE.values()]
    assert set(SPACE["models"]) == {source.repository for source in sources if not source.address}


def test_preloading_that_the_hosting_page_offers_is_what_the_table_asks_for():
    """Lines of "repository files revision", as the front matter's preload_from_hub wants them."""
    offered = re.findall(r"^ +- (\S+) (\S+) ([0-9a-f]{40})$", HOSTING, re.MULTILINE)
    wanted = {}
    for name in ("vqgan-imagenet", "clip-vit-b32"):
        source = TABLE[name].sources[0]
        files = ",".join(source.folder + file.path for file in TABLE[name].files)
        wanted[source.repository] = (files, source.revision)
    assert {repository: (files, commit) for repository, files, commit in offered} == wanted
