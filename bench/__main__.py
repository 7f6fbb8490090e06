"""``python -m bench [name ...]``: measure and print Markdown."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import warnings

import torch

from otgen.run.fingerprint import versions

NAMES = (
    "whole",
    "lanes",
    "couplings",
    "sampling",
    "parts",
    "options",
    "explanation",
    "sinkhorn",
    "cutouts",
    "server",
    "kills",
)


def machine() -> str:
    """Say on what this was measured, and how busy it was."""
    card = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    malloc = "tcmalloc" if "tcmalloc" in os.environ.get("LD_PRELOAD", "") else "the system's malloc"
    return (
        f"{platform.machine()}, {os.cpu_count()} cores{card}; {torch.get_num_threads()} threads of "
        f"torch, {malloc}; load {os.getloadavg()[0]:.1f} at the start. {packages}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which: {', '.join(NAMES)} (default: all)"
    )
    names = parser.parse_args().names or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are: {', '.join(NAMES)}")
    warnings.filterwarnings("ignore", module="ot")
    print(
        f"# Speed\n\n{machine()}\n\nRatios are medians (between: half of the rounds).\n",
        flush=True,
    )
    for name in names:
        print(importlib.import_module(f"bench.{name}").run() + "\n", flush=True)


if __name__ == "__main__":
    main()
