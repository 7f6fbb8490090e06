"""Results on disk.

``store`` writes one, ``saved`` reads it, ``library`` lists, pins, deletes and prunes them.
``archive`` zips a result, ``thumbnails`` shrinks its pictures, ``figures`` draws an experiment's.
``uploads`` keeps the pictures that runs start from.
"""
