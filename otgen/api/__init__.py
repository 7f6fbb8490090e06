"""otgen for programs and notebooks.

``comparison`` has ``compare``, which paints, and the ``Comparison`` that it returns.
"""

from otgen.api.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
