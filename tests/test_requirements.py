"""What is imported is asked for by name, not had because another package needs it today."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RUN, DEV = "requirements.txt", "requirements-dev.txt"
RAY, STUDY = "requirements-ray.txt", "requirements-study.txt"
TRAINING = ("otgen/training/",)  # requirements-dev.txt is for training too
STUDIES = "otgen/study/"  # what requirements-study.txt is for


def _plain(name: str) -> str:
    """Return the name of a package as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _asked(file: str) -> dict[str, str]:
    """Return package -> what its version must be, as a requirements file says."""
    rows = [row.split("#")[0].strip() for row in (ROOT / file).read_text().splitlines()]
    matches = [re.fullmatch(r"([\w.-]+)(.*)", row) for row in rows if row]
    return {_plain(row[1]): row[2] for row in matches}


def _modules(node: ast.AST) -> list[str]:
    """Return the outermost modules that a statement imports."""
    named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        named = [node.module]
    return [name.split(".")[0] for name in named]


@cache
def _imported() -> dict[str, set[str]]:
    """Return module -> files that import it, wherever in the file: modules of others alone."""
    files = [*ROOT.glob("*.py")]
    for folder in ("otgen", "tests", "bench", "scripts"):
        files += (ROOT / folder).rglob("*.py")
    own = {"otgen", "bench", *(path.stem for path in files if path.parent.name == "tests")}
    by_name = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            for module in set(_modules(node)) - own - sys.stdlib_module_names:
                by_name.setdefault(module, set()).add(path.relative_to(ROOT).as_posix())
    return by_name


@pytest.fixture(scope="module")
def sold_as() -> Mapping[str, list[str]]:
    """Map modules to the packages that bring them: PIL to pillow."""
    return packages_distributions()


# What only some places have, imported where it is asked for: a Space brings ``spaces``,
# requirements-ray.txt a cluster and what its stores need, and pip setup.py's, by pyproject.toml.
ELSEWHERE = {"spaces", "ray", "fsspec", "setuptools"}


@pytest.mark.parametrize("module", sorted(_imported()))
def test_import_is_declared_where_it_is_needed(module, sold_as):
    # Where several packages lay a module in one folder, any of them will do.
    packages = {_plain(name) for name in sold_as.get(module, [])}
    lacking = [file for file in _imported()[module] if not packages & _had(file, module)]
    assert lacking == [], f"{module}, of {packages}"


def _had(file: str, module: str) -> set[str]:
    """Return the packages that a file may import a module of."""
    names = set(_asked(RUN))
    if file.startswith(("tests/", "bench/", *TRAINING)) or module in ELSEWHERE:
        names |= _asked(DEV).keys()
    return names | _asked(STUDY).keys() if file.startswith(STUDIES) else names


@pytest.mark.parametrize("file", [RUN, DEV, RAY, STUDY])
def test_every_requirement_is_pinned(file):
    loose = [name for name, version in _asked(file).items() if not re.search(r"==|<=", version)]
    assert loose == []


def test_no_package_is_asked_for_twice():
    assert not _asked(RUN).keys() & _asked(DEV).keys()


@pytest.mark.parametrize("file", [RAY, STUDY])
def test_tests_use_what_people_install(file):
    assert _asked(file).items() <= _asked(DEV).items()


def test_imports_of_every_kind_are_seen():
    """One that another package brings, one of another name, one inside a function, one of tests."""
    seen = _imported().keys()
    assert {"starlette", "PIL", "jax", "psutil", "torch", "yaml"} <= seen
    assert not seen & {"conftest", "otgen", "os", "pages"}


_SPOILT = 'raise RuntimeError("operator torchvision::nms does not exist")\n'


def test_a_torchvision_of_another_build_does_no_harm(tmp_path):
    """What `pip install -r requirements.txt` leaves beside a CPU torch: one that can't load."""
    package, about = tmp_path / "torchvision", tmp_path / "torchvision-0.28.0.dist-info"
    for folder in (package, about):
        folder.mkdir()
    (package / "__init__.py").write_text(_SPOILT)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: torchvision\nVersion: 0.28.0\n")
    program = "import otgen; from transformers import CLIPModel; from diffusers import UNet2DModel"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
