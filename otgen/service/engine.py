"""The heavy part of otgen, torch and jax with it, loaded at first use: the page opens before."""

from __future__ import annotations

import threading

_importing = threading.Lock()


def engine():
    """Return the module ``comparison``; after it, whatever it imports may be imported anywhere.

    One thread at a time: two that first import torch and jax at once may each meet the other's
    half-made modules.
    """
    with _importing:
        from otgen.run import comparison
    return comparison
