"""Runs in flight.

``queue`` takes runs and works them off, ``job`` is what is known of one. ``series`` asks for an
experiment's runs one after another. ``availability`` says whether a run can be had here, ``pace``
how fast runs are here. ``engine`` imports torch and jax when they are first needed.
"""
