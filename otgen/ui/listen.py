"""Where the page listens: checked before the page is built, with one sentence if it can't."""

from __future__ import annotations

import errno
import os
import re
import socket

from otgen.recipe.prompts import InputError, shorten

PORT = 7860
LOOPBACK = "127.0.0.1"
_TRIED = 100  # ports above one that is taken


def listening() -> tuple[str, int]:
    """Return the address and the port: GRADIO_SERVER_NAME and PORT. Raises InputError.

    An address of IPv6 is in brackets, as in a link.
    """
    host = (os.environ.get("GRADIO_SERVER_NAME") or LOOPBACK).strip("[]")
    value = os.environ.get("PORT") or os.environ.get("GRADIO_SERVER_PORT") or str(PORT)
    if not re.fullmatch("[0-9]{1,5}", value) or not 1 <= int(value) <= 65535:
        raise InputError(
            f"PORT is {shorten(value, 20)}; allowed is a whole number from 1 to 65535: try {PORT}."
        )
    port = int(value)
    if said := refusal(host, port):
        raise InputError(said)
    return f"[{host}]" if ":" in host else host, port


def refusal(host: str, port: int) -> str:
    """Say in a sentence why nobody can listen here, and what to try; "" if one can."""
    host = host.strip("[]")
    wrong = _refused(host, port)
    return _sentence(host, port, wrong) if wrong else ""


def _refused(host: str, port: int) -> OSError | None:
    """Return why nobody can listen here; None if one can."""
    try:
        for address in (host, LOOPBACK):  # where Gradio wants the port to be free, too
            apart = ":" in address
            with socket.socket(socket.AF_INET6 if apart else socket.AF_INET) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if apart:  # "::" takes no port of IPv4
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind((address, port))
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
        f"Nobody can listen on {shorten(host)} ({wrong.strerror}): GRADIO_SERVER_NAME is an "
        "address of this machine; try 127.0.0.1, or 0.0.0.0 for all of them (:: for those of IPv6)."
    )
