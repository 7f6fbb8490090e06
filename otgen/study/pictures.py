"""Small pictures of runs, kept beside a report so that it can be made again without the store."""

from __future__ import annotations

import base64
import io
from contextlib import suppress
from pathlib import Path

from PIL import Image

from otgen.recipe.lanes import slug
from otgen.results.store import read
from otgen.study.table import Row

FOLDER = "pictures"
_SIDE = 208  # pixels


def picture(row: Row, store: Path | None, folder: Path) -> str:
    """Return a run's picture of a lane as a data address; "" where there is none any more.

    Args:
        store: that has the run's result, None to take what was kept in ``folder``.
    """
    kept = folder / FOLDER / f"{row['run']}-{slug(str(row['lane']))}.webp"
    data = None
    with suppress(OSError):
        data = _small(store / str(row["run"]), str(row["lane"])) if store else None
        if data is not None and not (kept.is_file() and kept.read_bytes() == data):
            kept.parent.mkdir(exist_ok=True)
            kept.write_bytes(data)
    with suppress(OSError):
        data = data or kept.read_bytes()
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}" if data else ""


def _small(result: Path, lane: str) -> bytes | None:
    saved = read(result)
    if saved is None:
        return None
    with Image.open(saved.folder / f"{slug(lane)}.png") as opened:
        small = opened.convert("RGB")
    small.thumbnail((_SIDE, _SIDE), Image.LANCZOS)
    encoded = io.BytesIO()
    small.save(encoded, "WEBP", quality=80)
    return encoded.getvalue()
