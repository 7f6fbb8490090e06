"""Make or mend the environment in .venv: `setup.py` for the page, `setup.py dev` for tests too.

The Makefile calls this with the machine's own Python, so it needs the standard library alone. One
process at a time works on an environment; a second one waits, and finds it made. A setup that was
killed leaves a mark, and the next one makes the environment anew: pip may have left a package half
written, which it would trip over for ever.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / ".cache" / "setup.lock"  # not in .venv, which is made anew under it
UNFINISHED = LOCK.with_name("setup.unfinished")
UV = "uv==0.13.9"
TORCH_INDEX = "https://download.pytorch.org/whl/cpu/torch/"
PATIENCE = 5  # seconds that PyTorch's index may take to answer
NO_DEPENDENCIES = "taming-transformers"  # two of its files are used, and they need torch alone
FILES = {"run": "requirements.txt", "dev": "requirements-dev.txt"}

_KILLED = "{} was killed by signal {}. The next setup begins anew."


class Failed(Exception):
    """A step failed; the message says which."""


def main(arguments: list[str]) -> int:
    """Make the environment; return the exit status."""
    with _alone():
        try:
            _environment()
            for kind in ("run", "dev") if arguments == ["dev"] else ("run",):
                _install(kind)
        except Failed as failed:
            print(f"Setup failed: {failed}", file=sys.stderr)
            return 1
    return 0


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of this checkout's environment."""
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:
        os.set_inheritable(lock.fileno(), True)  # a pip that outlives this process holds it on
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another setup of this folder to end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _environment() -> None:
    """Make .venv where there is none, where its Python or pip is gone, or after a kill."""
    if UNFINISHED.exists():
        print("The last setup was killed: making .venv anew", flush=True)
    elif PYTHON.exists() and _call([PYTHON, "-c", "import pip"], stderr=subprocess.DEVNULL) == 0:
        return
    UNFINISHED.touch()
    _run("Making .venv", [sys.executable, "-m", "venv", "--clear", VENV])
    UNFINISHED.unlink()


def _install(kind: str) -> None:
    """Install a file of requirements, unless it is what was installed last."""
    text = (ROOT / FILES[kind]).read_text(encoding="utf-8")
    stamp, made_of = VENV / f".{kind}", hashlib.sha256(text.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == made_of:
        stamp.touch()  # newer than the file again, so that make does not ask
        return
    print(f"Installing {FILES[kind]} (minutes the first time)", flush=True)
    rows = [row for row in text.splitlines() if row and not row.startswith("#")]
    bare = [row for row in rows if row.startswith(NO_DEPENDENCIES)]
    UNFINISHED.touch()
    _torch([row for row in rows if re.match(r"torch\b", row)])
    _pip([row for row in rows if row not in bare])
    if bare:
        _pip(bare, "--no-deps")
    stamp.write_text(made_of)
    UNFINISHED.unlink()


def _torch(rows: list[str]) -> None:
    """Install the build of torch that fits this machine, from PyTorch's own index if it answers.

    PyPI's build for Linux brings gigabytes of CUDA, whether there is a GPU or not, and asks for a
    recent driver. uv looks for a GPU and its driver and takes the index of the build that fits. If
    that is not possible, pip takes what PyPI has, with the other packages.
    """
    if not rows or not sys.platform.startswith("linux"):
        return
    if not _answers(TORCH_INDEX):
        print(
            "PyTorch's index can't be reached: taking torch from PyPI, which on Linux may bring "
            "gigabytes of CUDA",
            flush=True,
        )
        return
    uv = [shutil.which("uv")]
    if uv == [None]:
        _pip([UV])
        uv = [PYTHON, "-m", "uv"]
    environment = {"UV_TORCH_BACKEND": "auto"} | os.environ
    command = [*uv, "pip", "install", "--quiet", "--python", PYTHON, *rows]
    status = _call(command, env=environment)
    if status > 0:
        print("uv could not install torch: taking it from PyPI", flush=True)
    elif status < 0:
        raise Failed(_KILLED.format("uv", -status))


def _answers(address: str) -> bool:
    """Tell whether an index answers; proxies of the environment are used."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return answer.status == 200
    except (OSError, ValueError):
        return False


def _pip(rows: list[str], *options: str) -> None:
    # Its version notice would ask PyPI at each call.
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", *options]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write("\n".join(rows) + "\n")
        wanted.flush()
        _run("pip", [*command, "-r", wanted.name])


def _run(what: str, command: list) -> None:
    """Run a step. Raises Failed where it ends by itself with an error."""
    status = _call(command)
    if status > 0:
        UNFINISHED.unlink(missing_ok=True)
        raise Failed(
            f"{what} ended with status {status}; what it said stands above. If it keeps failing: "
            "make clean, then make setup."
        )
    if status < 0:
        raise Failed(_KILLED.format(what, -status))


def _call(command: list, **options) -> int:
    return subprocess.run(command, close_fds=False, **options).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
