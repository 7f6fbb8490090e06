"""Random generators that are functions of (seed, step, stream): runs repeat and resume exactly."""

from __future__ import annotations

import hashlib

import torch


def generator(seed: int, step: int, stream: str, device: torch.device | str = "cpu"):
    """Return a fresh torch generator; no global random state is touched.

    Args:
        seed: the run's seed.
        step: the step that draws, 0 for what is drawn once.
        stream: what draws ("boxes", "noise", ...), so that two of them never share numbers.
    """
    digest = hashlib.blake2b(f"{seed}/{step}/{stream}".encode(), digest_size=8).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "little") >> 1)
