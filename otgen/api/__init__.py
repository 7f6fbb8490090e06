"""otgen for programs and notebooks: ``otgen.compare`` paints and returns a ``Comparison``."""

from otgen.api.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
