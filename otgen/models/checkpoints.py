"""Checkpoints of PyTorch, read without running their pickle, and converted to safetensors once.

``torch.load(weights_only=True)`` rejects a Lightning checkpoint because of one name, the class of a
callback that Lightning stored as a key. An inert class replaces that name, and no other. How each
architecture names its tensors is in ``layouts``.
"""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

CALLBACK = "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"

# What files of torch before 1.6 begin with, which are no zip files.
_OLD = pickle.dumps(torch.serialization.MAGIC_NUMBER, protocol=2)
_LOADING = threading.Lock()  # torch's list of safe names belongs to the whole process


class UnusableCheckpoint(ValueError):
    """A checkpoint can't be used; the message says why."""


class Layout(NamedTuple):
    """How the checkpoints of an architecture are laid out, and what is kept of them.

    title: of the architecture, in messages. config: what the network is built from, kept beside its
    tensors. shapes: config -> name -> shape of every tensor that a checkpoint must have. finish:
    (those tensors in float32, config) -> the network's own. kept: what their names begin with in
    the ``state_dict`` of a Lightning checkpoint; without it a file is a state_dict, all of it kept.
    """

    title: str
    config: dict
    shapes: Callable[[dict], dict[str, torch.Size]]
    finish: Callable[[dict[str, Tensor], dict], dict[str, Tensor]]
    kept: tuple[str, ...] = ()


class _Callback:
    """Replaces Lightning's ModelCheckpoint and does nothing."""


def _unpickled(checkpoint: Path) -> object:
    """Return what a checkpoint holds; its pickle is never executed. Raises UnusableCheckpoint."""
    with checkpoint.open("rb") as stream:
        old = stream.read(len(_OLD)) == _OLD
    with _LOADING:
        try:
            names = torch.serialization.get_unsafe_globals_in_checkpoint
            unsafe = set() if old else set(names(checkpoint)) - {CALLBACK}
            if unsafe:
                named = ", ".join(sorted(unsafe)[:3])
                raise UnusableCheckpoint(
                    f"The file asks to run code ({named[:120]}); it was not read any further."
                )
            with torch.serialization.safe_globals([(_Callback, CALLBACK)]):
                return torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=not old)
        except UnusableCheckpoint:
            raise
        except pickle.UnpicklingError:
            raise UnusableCheckpoint(
                "The file holds more than tensors and plain data; it was not read."
            ) from None
        except OSError:
            raise
        except Exception:  # RuntimeError, ValueError, EOFError, KeyError and more, on bad bytes
            raise UnusableCheckpoint(
                "The file is no PyTorch checkpoint, or it is damaged."
            ) from None


def read(checkpoint: Path, layout: Layout) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint that its layout keeps. Raises UnusableCheckpoint."""
    content, what = _unpickled(checkpoint), "checkpoint"
    if layout.kept:
        what = "Lightning checkpoint: it has no state_dict"
        content = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(content, dict):
        raise UnusableCheckpoint(f"The file is a PyTorch file but no {what}.")
    return {
        key: value
        for key, value in content.items()
        if isinstance(key, str) and key.startswith(layout.kept or "") and isinstance(value, Tensor)
    }


def fitting(tensors: dict[str, Tensor], layout: Layout) -> dict[str, Tensor]:
    """Return all tensors of the layout's network, float32.

    Raises UnusableCheckpoint if names or shapes differ, or if a number is not finite.
    """
    expected = layout.shapes(layout.config)
    missing, extra = expected.keys() - tensors.keys(), tensors.keys() - expected.keys()
    other = [key for key in expected.keys() & tensors.keys() if tensors[key].shape != expected[key]]
    if missing or extra or other:
        raise UnusableCheckpoint(
            f"The checkpoint is of another architecture than {layout.title}: {len(missing)} "
            f"tensors are missing, {len(extra)} unknown, {len(other)} of another shape."
        )
    whole = {key: tensors[key].float().contiguous().clone() for key in sorted(expected)}
    broken = sum(not value.isfinite().all() for value in whole.values())
    if broken:
        raise UnusableCheckpoint(
            f"The checkpoint is damaged: {broken} tensors hold numbers that are not finite."
        )
    return layout.finish(whole, layout.config)


def convert(checkpoint: Path, folder: Path, layout: Layout) -> Path:
    """Write a checkpoint as ``config.json`` and ``model.safetensors`` into the folder, once.

    It is written to a temporary folder and renamed, under a lock between processes. Raises
    UnusableCheckpoint and OSError.
    """
    from huggingface_hub.utils import WeakFileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(folder.with_name(f".{folder.name}.lock")):
        if folder.is_dir():
            return folder
        tensors = fitting(read(checkpoint, layout), layout)
        aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
        try:
            (aside / "config.json").write_text(
                json.dumps(layout.config, indent=2) + "\n", encoding="utf-8"
            )
            save_file(tensors, aside / "model.safetensors")
            aside.chmod(0o755)
            aside.rename(folder)
        except SafetensorError as wrong:  # it wraps the disk's errors in text
            raise OSError(_errno(str(wrong)), str(wrong)) from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return folder


def _errno(text: str) -> int:
    """Return the errno of a disk error, which safetensors reports as "(os error 28)"."""
    _, _, rest = text.partition("os error ")
    digits = rest.split(")")[0]
    return int(digits) if digits.isdigit() else 5  # EIO
