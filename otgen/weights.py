"""Where weights lie, what names their revision, and the device they go to."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import torch

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def asset(name: str) -> Path:
    """Return the folder of a model that otgen ships."""
    return ASSETS / name


@cache
def revision(name: str) -> str:
    """Return 12 hex digits of the SHA-256 over a shipped model's files."""
    digest = hashlib.sha256()
    for file in sorted(path for path in asset(name).rglob("*") if path.is_file()):
        digest.update(file.relative_to(ASSETS).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def revisions(*names: str) -> dict[str, str]:
    """Return name -> revision of each model."""
    return {name: revision(name) for name in names}


def device() -> torch.device:
    """Return the device that runs use: the GPU where torch sees one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
