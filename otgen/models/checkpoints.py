"""A Lightning checkpoint of taming's VQGAN, read without Lightning and without running its pickle.

``torch.load(weights_only=True)`` rejects these files because of one name, the class of a callback
that Lightning stored as a key. An inert class replaces that name, and no other.
"""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
import threading
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from otgen.models.autoencoder import VQAutoencoder

# f16-16384: 16384 codes; 256 x 256 pixels from 16 x 16 cells. The ddconfig of taming's own
# configs/vqgan_imagenet_f16_16384.yaml.
F16_16384 = {
    "ddconfig": {
        "double_z": False,
        "z_channels": 256,
        "resolution": 256,
        "in_channels": 3,
        "out_ch": 3,
        "ch": 128,
        "ch_mult": [1, 1, 2, 2, 4],
        "num_res_blocks": 2,
        "attn_resolutions": [16],
        "dropout": 0.0,
    },
    "n_embed": 16384,
    "embed_dim": 256,
}
KEPT = (
    "encoder.",
    "decoder.",
    "quantize.",
    "quant_conv.",
    "post_quant_conv.",
)  # "loss." is for training only
CALLBACK = "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"

_LOADING = threading.Lock()  # torch's list of safe names belongs to the whole process


class UnusableCheckpoint(ValueError):
    """A checkpoint can't be used; the message says why."""


class _Callback:
    """Replaces Lightning's ModelCheckpoint and does nothing."""


def read(checkpoint: Path) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint that a generator needs; its pickle is never executed.

    Raises UnusableCheckpoint.
    """
    with _LOADING:
        try:
            unsafe = set(torch.serialization.get_unsafe_globals_in_checkpoint(checkpoint)) - {
                CALLBACK
            }
            if unsafe:
                named = ", ".join(sorted(unsafe)[:3])
                raise UnusableCheckpoint(
                    f"The file asks to run code ({named[:120]}); it was not read any further."
                )
            with torch.serialization.safe_globals([(_Callback, CALLBACK)]):
                loaded = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
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
    tensors = loaded.get("state_dict") if isinstance(loaded, dict) else None
    if not isinstance(tensors, dict):
        raise UnusableCheckpoint(
            "The file is a PyTorch file but no Lightning checkpoint: it has no state_dict."
        )
    return {
        key: value
        for key, value in tensors.items()
        if isinstance(key, str) and key.startswith(KEPT) and isinstance(value, Tensor)
    }


def fitting(tensors: dict[str, Tensor], config: dict) -> dict[str, Tensor]:
    """Return all tensors of the autoencoder of ``config``, float32.

    Raises UnusableCheckpoint if names or shapes differ, or if a number is not finite.
    """
    with torch.device("meta"):
        expected = {key: value.shape for key, value in VQAutoencoder(**config).state_dict().items()}
    scale = expected.pop("latent_scale")  # ours: taming has none
    missing, extra = expected.keys() - tensors.keys(), tensors.keys() - expected.keys()
    other = [key for key in expected.keys() & tensors.keys() if tensors[key].shape != expected[key]]
    if missing or extra or other:
        raise UnusableCheckpoint(
            f"The checkpoint is of another architecture than f16-16384: {len(missing)} tensors "
            f"are missing, {len(extra)} unknown, {len(other)} of another shape."
        )
    whole = {key: tensors[key].float().contiguous().clone() for key in sorted(expected)}
    broken = sum(not value.isfinite().all() for value in whole.values())
    if broken:
        raise UnusableCheckpoint(
            f"The checkpoint is damaged: {broken} tensors hold numbers that are not finite."
        )
    return whole | {"latent_scale": torch.ones(scale)}


def convert(checkpoint: Path, folder: Path, config: dict) -> Path:
    """Write a checkpoint as ``config.json`` and ``model.safetensors`` into the folder, once.

    It is written to a temporary folder and renamed, under a lock between processes. Raises
    UnusableCheckpoint and OSError.
    """
    from huggingface_hub.utils import WeakFileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(folder.with_name(f".{folder.name}.lock")):
        if folder.is_dir():
            return folder
        tensors = fitting(read(checkpoint), config)
        aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
        try:
            (aside / "config.json").write_text(
                json.dumps(config, indent=2) + "\n", encoding="utf-8"
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
