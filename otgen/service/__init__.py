"""Runs in flight.

``queue`` takes runs and hands them to an executor of ``executors``, which paints them. ``job`` is
what is known of a run. ``series`` asks for an experiment's runs one after another. ``availability``
says whether a run can be had here, ``pace`` how fast runs are here.
"""
