"""Results on disk: ``<store>/<id>/`` with result.json, one PNG a lane, arrays.npz.

A partial result also holds unfinished.npz: where its run goes on."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from otgen.results.library import PINNED, put_aside
from otgen.recipe.lanes import lane_of, slug
from otgen.recipe.codec import VERSION
from otgen.explain.evidence import ARRAYS
from otgen.results.saved import UNFINISHED, read

if TYPE_CHECKING:  # a result is read here, not made: no need of torch and jax
    from otgen.run.comparison import Result


def place() -> Path:
    """Return the folder of results: OTGEN_STORE, a Space's mounted bucket, or ``results``."""
    bucket = Path("/data")
    mounted = "SPACE_ID" in os.environ and bucket.is_dir() and os.access(bucket, os.W_OK)
    return Path(os.environ.get("OTGEN_STORE") or (bucket / "otgen" if mounted else "results"))


def _recipe(result: Result) -> dict:
    return {"version": VERSION, "id": result.id, "settings": result.settings.as_dict()}


def describe(result: Result) -> dict:
    """Return all of a result but its arrays, as plain data."""
    return _recipe(result) | {
        "complete": result.complete,
        "steps": result.steps,
        "numbers": result.numbers,
        "timings": result.timings,
        "versions": result.versions,
        "device": result.device,
        "revisions": result.revisions,
        "notes": list(result.notes),
    }


def picture_info(result: Result, lane: str) -> PngInfo:
    """Return a picture's text: ``otgen`` as JSON, ``parameters`` as other tools write it."""
    settings = result.settings
    height, width = result.pictures.shape[1:3]
    prompts = " | ".join(f"{text} :{weight:g}" for text, weight in settings.prompts)
    info = PngInfo()
    info.add_itxt("otgen", json.dumps(_recipe(result) | {"lane": lane}, ensure_ascii=False))
    info.add_itxt(
        "parameters",
        f"{prompts}\nSteps: {settings.steps}, Seed: {settings.seed}, Size: {width}x{height}, "
        f"Model: {settings.generator}, Lane: {lane}, Cutouts: {settings.cutouts}, "
        f"Epsilon: {lane_of(lane, settings.epsilon).epsilon:g}, Distance: {settings.distance}",
    )
    return info


def save(result: Result, store: Path) -> Path:
    """Write a result aside and rename it to ``store/<id>``; return that folder.

    A result that is there already stays if it is complete or further; else it is replaced, and
    stays pinned if it was. Safe for several processes at once. Raises OSError.
    """
    store.mkdir(parents=True, exist_ok=True)
    folder = store / result.id
    aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=store))
    try:
        for lane, picture in zip(result.settings.lanes, result.pictures, strict=True):
            Image.fromarray(picture).save(
                aside / f"{slug(lane)}.png", pnginfo=picture_info(result, lane)
            )
        arrays = {name: getattr(result.record, name) for name in ARRAYS}
        np.savez_compressed(aside / "arrays.npz", **arrays)
        if left := result.unfinished:
            rest = {"error": left.error, "seconds": left.seconds, "machine": left.machine}
            np.savez_compressed(aside / UNFINISHED, **left.state, **rest)
        (aside / "result.json").write_text(
            json.dumps(describe(result), indent=2, ensure_ascii=False) + "\n"
        )
        aside.chmod(0o755)
        _put(aside, folder, result.steps)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _put(aside: Path, folder: Path, steps: int) -> None:
    """Rename a result to where it belongs, unless a better one is there."""
    while True:
        kept = read(folder)
        if kept and (kept.complete or kept.steps > steps):
            return
        if (folder / PINNED).exists():
            (aside / PINNED).touch()
        before = put_aside(folder.parent, folder.name)
        taken = read(before) if before else None
        try:
            if taken and (taken.complete or taken.steps > steps):  # it came since the look above
                return _put(before, folder, taken.steps)
            aside.rename(folder)  # at once: until then there is none
            return
        except OSError as wrong:
            if wrong.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another process was faster
                raise
        finally:
            if before:
                shutil.rmtree(before, ignore_errors=True)
