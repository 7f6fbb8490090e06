"""Models in memory: built or loaded at their first use, the ones used last kept."""

from __future__ import annotations

from functools import lru_cache

from otgen import weights
from otgen.downloads import fetch
from otgen.embeddings import ENCODERS, ClipEncoder, load
from otgen.generators import card
from otgen.generators.base import ImageGenerator


@lru_cache(maxsize=2)
def generator_of(name: str) -> ImageGenerator:
    """Build a generator, or return the one built before; the two used last are kept."""
    return card(name).build(weights.device())


@lru_cache(maxsize=2)
def encoder_of(name: str) -> ClipEncoder:
    """Load an encoder, or return the one loaded before; the two used last are kept."""
    return load(fetch(name), weights.device(), ENCODERS[name])
