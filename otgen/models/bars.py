"""What libraries print while they load weights."""

from __future__ import annotations

from importlib import import_module


def without_bars(*libraries: str) -> None:
    """Let diffusers or transformers print no progress bars of loaded weights: they are no news."""
    for library in libraries:
        import_module(f"{library}.utils.logging").disable_progress_bar()
