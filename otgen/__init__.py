"""otgen: one picture from several prompts, matched by optimal transport."""

import os

__version__ = "0.1.0"

# Must be set before jax is imported anywhere: by default jax would take most of a GPU that
# torch needs.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
