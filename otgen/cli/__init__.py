"""The command line: the same runs as on the page, by ``python -m otgen``.

``main`` reads the arguments, and ``config`` those in a file. ``painting`` paints a comparison or an
experiment, ``study`` a study. ``interruption`` keeps what was made when a run is stopped.
"""
