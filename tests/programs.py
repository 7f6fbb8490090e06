"""A program that calls the page, as patient as the browser of the tests."""

from __future__ import annotations

from conftest import PATIENCE
from gradio_client import Client


def program(address: str) -> Client:
    """Return Gradio's client, which by itself waits 5 seconds for an answer."""
    return Client(address, verbose=False, httpx_kwargs={"timeout": PATIENCE})
