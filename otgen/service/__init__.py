"""Runs in flight.

``queue`` takes the runs that ``admission`` lets in, and hands them to an executor of ``executors``,
which paints them. ``job`` is what is known of a run. ``series`` asks for an experiment's runs one
after another. ``availability`` says whether a run can be painted here, ``pace`` how fast runs are
here, and ``limits`` what one may cost; ``variables`` reads such numbers from the environment.
``redrawing`` draws finished pictures again, each in a process of its own.
"""
