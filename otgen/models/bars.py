"""What transformers prints while it loads weights."""

from __future__ import annotations


def without_bars() -> None:
    """Let no progress bars of loaded weights be printed: they are no news to a person."""
    import transformers

    transformers.utils.logging.disable_progress_bar()
