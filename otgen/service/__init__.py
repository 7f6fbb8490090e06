"""Runs in flight.

``queue`` takes the runs that ``admission`` lets in, and hands them to an executor of ``executors``,
which paints them. ``job`` is what is known of a run. ``series`` asks for an experiment's runs one
after another. ``cost`` says what a run costs here and whether it is allowed: ``pace`` knows how
fast runs are, ``limits`` what one may cost, and ``availability`` whether it can be painted at all.
``variables`` reads numbers from the environment.
``redrawing`` draws finished pictures again, each in a process of its own.
"""
