"""otgen: one picture from several prompts, matched by optimal transport."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otgen.api import Comparison, compare
    from otgen.recipe.prompts import InputError

__all__ = ["Comparison", "InputError", "compare"]
__version__ = "0.1.0"

# Must be set before jax is imported anywhere: by default jax would take most of a GPU that
# torch needs.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# Must be set before torch is imported. A thread that waits for others spins this often before it
# sleeps. At libgomp's 300,000, on two cores beside one busy process, a run took at least 4 times as
# long as at 1,000; alone both take the same.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# Must be set before torch is imported: what an Apple GPU has no kernel for runs on the CPU.
os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
# Must be set before transformers is imported: it imports torchvision where it finds one, and the
# one from PyPI, which taming-transformers asks for, fails beside torch's CPU build ("operator
# torchvision::nms does not exist"). otgen needs none, so transformers finds none.
sys.modules.setdefault("torchvision", None)


def __getattr__(name: str) -> object:
    """Import what programs use when they use it: torch and JAX take seconds."""
    if name in ("compare", "Comparison"):
        import otgen.api

        return getattr(otgen.api, name)
    if name == "InputError":
        from otgen.recipe.prompts import InputError

        return InputError
    raise AttributeError(f"module 'otgen' has no attribute {name!r}")
