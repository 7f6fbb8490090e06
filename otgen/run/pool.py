"""Models in memory: built or loaded at their first use, the ones used last kept.

One at a time: while one thread reads weights, transformers and diffusers let every module of the
process be made without data, and another thread's model would be left so.
"""

from __future__ import annotations

import threading
from functools import lru_cache

from otgen.guidance.clip import ENCODERS, ClipEncoder, load
from otgen.models import catalogue
from otgen.models.downloads import fetch
from otgen.painters.base import ImageGenerator
from otgen.painters.builders import BUILDERS
from otgen.run import judge

_loading = threading.Lock()


@lru_cache(maxsize=2)
def generator_of(name: str) -> ImageGenerator:
    """Build a generator, or return the one built before; the two used last are kept."""
    with _loading:
        return BUILDERS[name].build(catalogue.device())


@lru_cache(maxsize=2)
def encoder_of(name: str) -> ClipEncoder:
    """Load an encoder, or return the one loaded before; the two used last are kept."""
    folder = fetch(name)
    with _loading:
        return load(folder, catalogue.device(), ENCODERS[name])


@lru_cache(maxsize=2)
def judge_of(name: str) -> ClipEncoder:
    """Load a judge, or return the one loaded before."""
    with _loading:
        return judge.judge(name, catalogue.device())
