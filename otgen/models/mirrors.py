"""Checkpoints from addresses that are no hub: the last sources to try, or the only ones."""

from __future__ import annotations

import tempfile
from pathlib import Path

from otgen.models.cache import mirrored
from otgen.models.weights import File, Source


def get(source: Source, file: File, bar: type) -> Path:
    """Download a file from a source's address into otgen's cache, and return where it is.

    A broken connection is resumed a few times. Nothing is kept of a download that failed. Raises
    errors of huggingface_hub, of its HTTP client, and OSError.
    """
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import WeakFileLock

    path = mirrored(source, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(path.with_suffix(".lock")):
        if not path.is_file():
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as aside:
                try:
                    http_get(source.address, aside, tqdm_class=bar)
                    aside.close()
                    Path(aside.name).replace(path)
                finally:
                    Path(aside.name).unlink(missing_ok=True)
    return path
