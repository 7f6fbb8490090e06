"""The files of a result, written to a folder that nobody reads yet."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from otgen.explain.evidence import arrays_of
from otgen.recipe.lanes import slug
from otgen.results import uploads
from otgen.results.disk import sync, write
from otgen.results.result import STATE, UNFINISHED, Result, Saved, describe, picture_info, uploaded


def write_files(result: Result, made: Path, kept: Saved | None) -> None:
    """Write a result's files into a new folder, and beside it the result.json that names it.

    Raises OSError.

    Args:
        kept: an earlier result of the same run, which may have the pictures that both need.
    """
    made.mkdir()
    for lane, picture in zip(result.settings.lanes, result.pictures, strict=True):
        write(made / f"{slug(lane)}.png", png(picture, result, lane, result.sampler))
    record = result.record
    names = arrays_of(bool(record.negative), weighted=record.weights.size > 0)
    arrays = {name: getattr(record, name) for name in names}
    write(made / "arrays.npz", packed(arrays))
    if left := result.unfinished:
        rest = {"error": left.error, "seconds": left.seconds, "machine": left.machine}
        rest |= {} if left.need is None else {"need": left.need}
        write(made / UNFINISHED, packed(left.state | rest))
    if result.state is not None:
        write(made / STATE, packed(result.state))
    for name, file in uploaded(result.settings):
        if data := _uploaded(name, file, kept):
            write(made / file, data)
    _describe(describe(result), made)


def copy_files(files: Mapping[str, bytes], made: Path) -> None:
    """Write a result's files, given by name, as ``write_files`` does. Raises OSError."""
    made.mkdir()
    for name, data in files.items():
        if name != "result.json":
            write(made / name, data)
    try:
        data = dict(json.loads(files["result.json"]))
    except (KeyError, TypeError, ValueError):
        return  # it is no result, and whoever reads it says so
    _describe(data, made)


def _describe(data: dict, made: Path) -> None:
    """Write result.json into a folder, and beside it the one that names it."""
    for file, said in ((made, data), (made.parent, data | {"files": made.name})):
        text = json.dumps(said, indent=2, ensure_ascii=False) + "\n"
        write(file / "result.json", text.encode())
        file.chmod(0o755)
        sync(file)


def png(picture: np.ndarray, result: Result | Saved, lane: str, sampler: str) -> bytes:
    """Encode a lane's picture [h, w, 3] uint8, with its recipe inside; sampler: as in Result."""
    encoded = io.BytesIO()
    info = picture_info(result, lane, *picture.shape[:2], sampler)
    Image.fromarray(picture).save(encoded, "PNG", pnginfo=info)
    return encoded.getvalue()


def packed(arrays: dict) -> bytes:
    """Return the bytes of a .npz file."""
    made = io.BytesIO()
    np.savez_compressed(made, **arrays)
    return made.getvalue()


def _uploaded(name: str, file: str, kept: Saved | None) -> bytes | None:
    """Return an uploaded picture of a run; None where it is on this machine no more."""
    for place in (uploads.file(name), *([kept.folder / file] if kept else [])):
        with suppress(OSError):
            return place.read_bytes()
    return None
