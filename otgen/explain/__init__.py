"""Numbers and plots that explain a run, from numpy arrays only.

``evidence`` is the data that a run records. ``metrics`` and ``territory`` measure it, ``plots``
draws it and describes it in words, ``timelapse`` makes a film of it, and ``crops`` shows its
cutouts. ``palette`` gives each prompt its colour.
"""
