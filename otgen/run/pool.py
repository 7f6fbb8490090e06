"""Models in memory: built or loaded at their first use; the most recently used are kept.

Only one model is loaded at a time. While one thread loads weights, transformers and diffusers make
all modules of the process without data, and a model of another thread would stay without data.
"""

from __future__ import annotations

import threading
from functools import lru_cache

from otgen.guidance.clip import ENCODERS, ClipEncoder
from otgen.models import precision
from otgen.models.downloads import fetch
from otgen.painters.base import ImageGenerator
from otgen.painters.builders import BUILDERS
from otgen.run import judge

_loading = threading.Lock()


@lru_cache(maxsize=2)
def generator_of(name: str) -> ImageGenerator:
    """Build a generator, or return it from the cache of the last two."""
    with _loading:
        return BUILDERS[name].build(precision.device())


@lru_cache(maxsize=2)
def encoder_of(name: str) -> ClipEncoder:
    """Load an encoder, or return it from the cache of the last two."""
    folder = fetch(name)
    with _loading:
        return ENCODERS[name](folder, precision.device())


@lru_cache(maxsize=2)
def judge_of(name: str) -> ClipEncoder:
    """Load a judge, or return it from the cache of the last two."""
    with _loading:
        return judge.judge(name, precision.device())


def forget() -> None:
    """Drop all models from memory, so that they are loaded again in another precision."""
    for kept in (generator_of, encoder_of, judge_of):
        kept.cache_clear()
