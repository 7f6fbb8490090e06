"""A button that takes a file into memory."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

import gradio as gr
from gradio.data_classes import FileData, ListFiles

# What a button for pictures accepts: browsers know no type for the last ones.
PICTURES = ["image", ".heic", ".heif", ".avif"]


def upload_button(label: str, **options) -> gr.UploadButton:
    """Return Gradio's button, whose handler gets the bytes; None where the file did not arrive.

    Of a button that takes several files it gets a list of them.

    Gradio would keep each file, readable under its address, for a day, and leave an empty one
    beside it for good. Here it goes once it was read.
    """
    button = gr.UploadButton(label, **options)
    # No class of our own: Gradio writes a file beside the module of each.
    button.preprocess = partial(_files, Path(button.GRADIO_CACHE).resolve())
    return button


def _files(cache: Path, payload: ListFiles | FileData | None) -> list[bytes | None] | bytes | None:
    if isinstance(payload, ListFiles):
        return [_taken(cache, one) for one in payload]
    return _taken(cache, payload)


def _taken(cache: Path, upload: FileData | None) -> bytes | None:
    """Read a file and remove it, with the folder that Gradio made for it."""
    if upload is None:
        return None
    file = Path(upload.path).resolve()
    try:
        data = file.read_bytes()
    except OSError:
        return None
    if file.parent.parent == cache:
        with suppress(OSError):  # the same file may be on its way once more
            file.unlink()
            file.parent.rmdir()
    return data
