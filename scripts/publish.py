"""Publish otgen as a Space: `publish.py user/name`, or with `--dry-run` to see what would go.

The last commit is published, without its history, tests and benchmarks, by huggingface_hub's own
command line. A git push would fail: the hub refuses binary files in plain git, in every commit of
a history. ``hf upload`` asks the hub for each file, and sends those to its large file storage.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HF = Path(sys.executable).with_name("hf")
# What a Space runs and shows. bench/RESULTS.md: the documentation refers to it.
PUBLISHED = (
    *("README.md", "LICENSE", "NOTICES.md", "CHANGELOG.md", "bench/RESULTS.md", "docs"),
    *("app.py", "requirements.txt", "packages.txt", "otgen", "assets"),
)
HARDWARE = "zero-a10g"  # the hub's name of ZeroGPU


def main(arguments: list[str]) -> int:
    """Publish, or say what would be published; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("space", help="the Space, as user/name")
    parser.add_argument("--hardware", default=HARDWARE, help="for a Space that is new")
    parser.add_argument("--dry-run", action="store_true", help="say what would be published")
    asked = parser.parse_args(arguments)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", asked.space):
        parser.error(
            f"{asked.space!r} is no name of a Space: give user/name, as in SPACE=ada/otgen"
        )
    if _git("status", "--porcelain").strip():
        print("The last commit is published; changes that are not committed stay here.")
    with tempfile.TemporaryDirectory(prefix="otgen-space-") as folder:
        stage(Path(folder))
        for line in described(Path(folder)):
            print(line)
        steps = commands(asked.space, Path(folder), asked.hardware)
        if asked.dry_run:
            print("Nothing was sent. It would run:")
            for step in steps:
                print("  hf", " ".join(step[1:]))
            return 0
        for step in steps:
            status = subprocess.run(step).returncode
            if status:
                print(f"The hub did not take it; see above. {_HELP}", file=sys.stderr)
                return status
    print(f"Published: https://huggingface.co/spaces/{asked.space}")
    return 0


_HELP = (
    "Not logged in: hf auth login, with a token that may write. Not allowed to create the Space: "
    "create it on huggingface.co/new-space (Gradio, ZeroGPU), then publish again."
)


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout


def stage(folder: Path) -> None:
    """Lay out what a Space has of the last commit in a folder."""
    archive = _git("archive", "--format=zip", "HEAD", "--", *PUBLISHED)
    zipfile.ZipFile(io.BytesIO(archive)).extractall(folder)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def described(folder: Path) -> list[str]:
    """Return lines that say what is in a folder: files and bytes of each entry, and in all."""
    lines = []
    for entry in sorted(folder.iterdir()):
        sizes = [path.stat().st_size for path in (_files(entry) if entry.is_dir() else [entry])]
        lines.append(f"  {entry.name:<18} {len(sizes):>4} files {sum(sizes) / 1e6:>7.2f} MB")
    total = sum(path.stat().st_size for path in _files(folder))
    return [*lines, f"  {'in all':<18} {len(_files(folder)):>4} files {total / 1e6:>7.2f} MB"]


def commands(space: str, folder: Path, hardware: str) -> list[list[str]]:
    """Return the calls of ``hf``: create the Space unless it exists, then upload the folder.

    What the Space had before and the folder has not is deleted.
    """
    kind = ["--type", "space"]
    create = ["repos", "create", space, *kind, "--sdk", "gradio", "--flavor", hardware]
    upload = ["upload", space, str(folder), ".", *kind, "--delete", "*"]
    said = ["--commit-message", f"Publish {_git('rev-parse', '--short', 'HEAD').decode().strip()}"]
    return [[str(HF), *create, "--exist-ok"], [str(HF), *upload, *said]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
