"""The studies of a store: ``<store>/studies/<name>/report.html``, read and never run."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

FOLDER, REPORT = "studies", "report.html"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_LARGEST = 50_000_000  # bytes of a report; one of eight runs of six lanes has about 1,000,000
_MOST = 50  # studies that are listed


def name_of(file: Path) -> str:
    """Return the name of the folder of a study's file."""
    plain = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:60].strip("-")
    return plain or "study"


def studies(store: Path) -> list[str]:
    """Return the names of a store's studies that have a report, the newest first."""
    reports = []
    with suppress(OSError), os.scandir(store / FOLDER) as rows:
        for row in rows:
            with suppress(OSError):
                if _NAME.fullmatch(row.name) and row.is_dir(follow_symlinks=False):
                    about = os.lstat(f"{row.path}/{REPORT}")
                    reports += [(about.st_mtime_ns, row.name)] if S_ISREG(about.st_mode) else []
    return [name for _, name in sorted(reports, reverse=True)[:_MOST]]


def report_of(store: Path, name: str) -> bytes | None:
    """Return a study's report, None if there is none. Symbolic links are not followed out."""
    if not _NAME.fullmatch(name):
        return None
    file, within = store / FOLDER / name / REPORT, (store / FOLDER).resolve()
    try:
        if file.resolve() != within / name / REPORT or file.stat().st_size > _LARGEST:
            return None
        return file.read_bytes()
    except OSError:
        return None
