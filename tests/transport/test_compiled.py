"""What jax compiles is kept on disk, where another process finds it."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
from otgen.transport.compiled import keep_compiled
keep_compiled()
import jax
print(jax.jit(lambda x: x + 1)(1.0))
"""


def _run(folder) -> None:
    apart = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(
        command, env=apart | {"OTGEN_CACHE": str(folder)}, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "2.0"), ended.stderr[-2000:]


def test_what_one_process_compiled_the_next_one_finds(tmp_path):
    seen = []
    for _ in range(2):
        _run(tmp_path)
        seen.append({path: path.stat().st_ino for path in tmp_path.rglob("*-cache")})
    assert len(seen[0]) > 0
    assert seen[0] == seen[1]
    assert len({path.parent.parent for path in seen[0]}) == 1  # one kind of CPU


def test_cache_that_can_t_be_made_is_done_without(tmp_path):
    (tmp_path / "compiled").write_text("in the way")
    _run(tmp_path)
