"""Numbers and plots that explain a run, from numpy arrays alone.

``evidence`` is what a run leaves behind. ``metrics`` and ``territory`` measure it, ``plots`` draw
it and say it in words, ``timelapse`` makes a film of it, ``crops`` shows its cutouts. ``palette``
gives each prompt its colour.
"""
