"""Build the page and serve it."""

from otgen.ui.page import serve

if __name__ == "__main__":
    serve()
