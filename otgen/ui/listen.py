"""Where the page listens: checked before the page is built, with one sentence if it can't."""

from __future__ import annotations

import errno
import os
import re
import socket

from otgen.recipe.prompts import InputError, shorten

PORT = 7860
_TRIED = 100  # ports above one that is taken


def listening() -> tuple[str, int]:
    """Return the address and the port: GRADIO_SERVER_NAME and PORT. Raises InputError."""
    host = os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    value = os.environ.get("PORT") or os.environ.get("GRADIO_SERVER_PORT") or str(PORT)
    if not re.fullmatch("[0-9]{1,5}", value) or not 1 <= int(value) <= 65535:
        raise InputError(
            f"PORT is {shorten(value, 20)}; allowed is a whole number from 1 to 65535: try {PORT}."
        )
    port = int(value)
    if said := refusal(host, port):
        raise InputError(said)
    return host, port


def refusal(host: str, port: int) -> str:
    """Say in a sentence why nobody can listen here, and what to try; "" if one can."""
    wrong = _refused(host, port)
    return _sentence(host, port, wrong) if wrong else ""


def _refused(host: str, port: int) -> OSError | None:
    """Return why nobody can listen here; None if one can."""
    try:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as wrong:
        return wrong
    return None


def _sentence(host: str, port: int, wrong: OSError) -> str:
    if wrong.errno == errno.EADDRINUSE:
        above = range(port + 1, min(port + _TRIED, 65535) + 1)
        free = next((other for other in above if not _refused(host, other)), PORT)
        return (
            f"Port {port} is taken, by another program or another otgen: end that one, or try "
            f"PORT={free}."
        )
    if wrong.errno == errno.EACCES:
        return f"Port {port} is not for this user: try one above 1023, such as PORT={PORT}."
    return (
        f"Nobody can listen on {shorten(host)} ({wrong.strerror}): GRADIO_SERVER_NAME is an IPv4 "
        "address of this machine; try 127.0.0.1, or 0.0.0.0 for all of them."
    )
