"""What the exact bits of a picture depend on, besides its settings."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version

import torch

from otgen import __version__
from otgen.models import precision


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    packages = ("torch", "jax", "ott-jax", "diffusers", "transformers")
    return {
        "otgen": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def fingerprint(device: torch.device) -> str:
    """Return a text that is equal on machines where equal settings give equal bits."""
    ran_on = precision.record(device)
    ran_on.pop("peak memory GB", None)
    # What torch's kernels are chosen by: another instruction set adds in another order.
    kernels = torch.backends.cpu.get_cpu_capability()
    return json.dumps([versions(), platform.machine(), kernels, ran_on], sort_keys=True)
