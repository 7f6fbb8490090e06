"""Build the page and serve it."""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported

from otgen.ui.page import serve

if __name__ == "__main__":
    serve()
