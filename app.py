"""Build the page and serve it."""

import gc
import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported

# What is imported stays: looking through it for garbage would take a sixth of the start.
gc.disable()
from otgen.ui.page import serve  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    serve()
