"""otgen as pip installs it: from any folder, with its models inside."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("otgen", "assets", "pyproject.toml", "setup.py", "README.md")
REQUIREMENTS = ("requirements.txt", "requirements-study.txt")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel of a copy, and unpack it as pip does."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for part in (*PARTS, *REQUIREMENTS, "LICENSE", "NOTICES.md"):
        of, to = ROOT / part, source / part
        if of.is_dir():
            shutil.copytree(of, to, ignore=shutil.ignore_patterns("__pycache__", "examples"))
        else:
            shutil.copy(of, to)
    (source / "assets" / "examples").mkdir()
    (source / "assets" / "examples" / "one.txt").write_text("one of the examples")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    build += ["--no-build-isolation", "--wheel-dir", folder, source]
    subprocess.run(build, check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def test_wheel_holds_the_models_and_the_page(installed):
    for part in ("assets/storybook-clip/model.safetensors", "assets/examples/one.txt"):
        assert (installed / "otgen" / part).is_file(), part
    for file in (ROOT / "otgen").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            assert (installed / file.relative_to(ROOT)).is_file(), file
    described = next(installed.glob("*.dist-info"))
    assert "Requires-Dist: torch" in (described / "METADATA").read_text()
    assert "otgen = otgen.cli.main:main" in (described / "entry_points.txt").read_text()


def test_installed_otgen_paints_in_another_folder(installed, tmp_path):
    code = (
        "import otgen\n"
        "made = otgen.compare(['a cat'], steps=2, cutouts=4, sprites=1)\n"
        "print(otgen.__file__, made.save().resolve())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    package, folder = run.stdout.split()[-2:]
    assert package == str(installed / "otgen" / "__init__.py")
    assert Path(folder).parent == tmp_path / "results"
