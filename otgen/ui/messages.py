"""What the page says to a person, as HTML."""

from __future__ import annotations

from html import escape

GONE = "This link's run is not here: it was removed, or made elsewhere."
FAILED = "That failed unexpectedly; the server's log says why. Try it again."


def trouble(sentence: str) -> str:
    """Return a message for a person, as HTML."""
    return (
        f'<p class="trouble" role="alert" tabindex="0">{escape(sentence)}</p>' if sentence else ""
    )


def notice(sentences: tuple[str, ...] | list[str]) -> str:
    """Return news for a person, as HTML."""
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return f'<div class="notice" role="status" tabindex="0">{said}</div>' if said else ""
