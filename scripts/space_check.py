"""Build an environment as a Space builds it, start the page in it, and paint one short run.

A Space mounts requirements.txt alone and installs it beside Gradio with two extras and its own
packages. ZeroGPU chooses torch among a few versions. None of its hardware is here, so the run is
painted on this machine. What the environment and its downloads take: about 6 GB of disk.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".cache" / "space"
PYTHON = VENV / "bin" / "python"
TORCH = ("2.8.0", "2.9.1", "2.10.0", "2.11.0")  # what ZeroGPU offers
SHOWN = ("torch", "gradio", "spaces", "mcp", "pydantic", "starlette", "transformers", "jax")
PATIENCE = 600  # seconds that starting and painting may take, each
PAINT = """
import sys
from gradio_client import Client
client = Client(sys.argv[1], verbose=False)
news = list(client.submit("a cat | a castle", steps=4, cutouts=8, api_name="/compare"))
last = news[-1]
answer = client.predict(last["run"], api_name="/result")
assert last["state"] == "done", last
assert answer["result"]["complete"], answer
print(len(news), "news;", ", ".join(sorted(answer["files"])))
"""


class Failed(Exception):
    """A step failed; the message says which and how."""


def main(arguments: list[str]) -> int:
    """Check, print a table, and return the exit status: 0 if the page started and painted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--torch", default=TORCH[-1], choices=TORCH)
    parser.add_argument("--keep", action="store_true", help="use the environment made before")
    asked = parser.parse_args(arguments)
    rows: list[tuple[str, str]] = []
    try:
        if not (asked.keep and PYTHON.exists()):
            _timed(rows, "install", lambda: build(asked.torch))
        rows += versions()
        paint(rows)
    except Failed as failed:
        rows.append(("failed", str(failed)))
        return 1
    finally:
        width = max((len(name) for name, _ in rows), default=0)
        print("\n".join(f"{name:<{width}}  {said}" for name, said in rows))
    return 0


def _timed(rows: list[tuple[str, str]], name: str, step) -> None:
    began = time.monotonic()
    said = step()
    rows.append((name, f"{time.monotonic() - began:.1f} s" + (f" ({said})" if said else "")))


def build(torch: str) -> None:
    """Make the environment anew, as the build of a Space does. Raises Failed."""
    version = re.search(r"^sdk_version: (\S+)$", (ROOT / "README.md").read_text(), re.MULTILINE)[1]
    shutil.rmtree(VENV, ignore_errors=True)
    own = [f"gradio[oauth,mcp]=={version}", "uvicorn", "websockets", "spaces", f"torch=={torch}"]
    for command in (
        [sys.executable, "-m", "venv", VENV],
        [PYTHON, "-m", "pip", "install", "-q", "-r", ROOT / "requirements.txt", *own],
        [PYTHON, "-m", "pip", "check"],
    ):
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode:
            raise Failed(f"{command[-1]}: {(ran.stdout + ran.stderr)[-2000:]}")


def versions() -> list[tuple[str, str]]:
    """Return package -> version of what matters on a Space."""
    program = "import sys; from importlib.metadata import version; print(sys.version.split()[0])"
    program += f"; print(*map(version, {SHOWN!r}), sep='\\n')"
    ended = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True)
    if ended.returncode:
        raise Failed(ended.stderr[-2000:])
    return list(zip(("python", *SHOWN), ended.stdout.split(), strict=True))


def paint(rows: list[tuple[str, str]]) -> None:
    """Start the page with what a Space sets, paint through its endpoint, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory(prefix="otgen-space-check-") as folder:
        log = Path(folder) / "log.txt"
        environment = {"SPACE_ID": "ada/otgen", "SYSTEM": "spaces", "GRADIO_MCP_SERVER": "True"}
        environment |= {"PORT": str(port), "OTGEN_STORE": folder, "HF_HUB_OFFLINE": "1"}
        with log.open("w") as output:
            page = subprocess.Popen(
                [PYTHON, "app.py"],
                cwd=ROOT,
                env=os.environ | environment,
                stdout=output,
                stderr=output,
            )
        try:
            _timed(rows, "start", lambda: _answers(page, address))
            _timed(rows, "paint", lambda: _painted(address))
        except Failed as failed:
            raise Failed(f"{failed}\n{log.read_text()[-3000:]}") from None
        finally:
            page.terminate()
            page.wait(60)


def _answers(page: subprocess.Popen, address: str) -> None:
    """Wait until the page answers."""
    until = time.monotonic() + PATIENCE
    while page.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise Failed(f"The page did not start; exit status {page.poll()}.")


def _painted(address: str) -> str:
    """Paint a run of 4 steps; return what came."""
    ran = subprocess.run(
        [PYTHON, "-c", PAINT, address], capture_output=True, text=True, timeout=PATIENCE
    )
    if ran.returncode:
        raise Failed(ran.stderr[-2000:])
    return ran.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
