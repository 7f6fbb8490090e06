"""Compiled couplings on disk: to compile one takes a second of a CPU, at each start of a painter.

A coupling is compiled for the shape of its cost. jax finds it again by what it computes and by the
versions of jax and its compiler, but not by the CPU that it was compiled for: each kind of CPU has
a folder of its own.
"""

from __future__ import annotations

import hashlib
import platform
from contextlib import suppress
from pathlib import Path

import jax

from otgen.models.cache import cache_folder

_MOST = 50_000_000  # bytes, of some 10,000 each; jax lets the least recently used ones go


def _cpu() -> str:
    """Return what a CPU can do, or its name where the system does not list that."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split("\n"):
            if line.startswith(("flags", "Features")):
                return line
    return platform.processor()


def keep_compiled() -> None:
    """Let jax cache what it compiles, unless a cache is set already or no folder can be made."""
    if jax.config.jax_compilation_cache_dir is not None:
        return
    kind = hashlib.sha256(f"{platform.machine()} {_cpu()}".encode()).hexdigest()[:16]
    folder = cache_folder() / "compiled" / kind
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        jax.config.update("jax_compilation_cache_max_size", _MOST)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        jax.config.update("jax_compilation_cache_dir", str(folder))
