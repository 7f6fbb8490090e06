"""Results on disk.

``store`` saves and reads one, ``library`` lists, pins, deletes and prunes them. ``writing`` makes a
result's files, ``disk`` locks and syncs.
``archive`` zips a result, ``thumbnails`` shrinks its pictures, ``figures`` draws an experiment's.
``uploads`` keeps the pictures that runs to come start from.
"""
