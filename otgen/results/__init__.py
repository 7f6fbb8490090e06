"""Results on disk.

``store`` reads one, ``saving`` puts it there, ``library`` lists, pins, deletes and prunes them.
``writing`` makes a result's files, ``disk`` locks and syncs. ``archive`` zips a result, ``parcel``
moves it to another store, ``thumbnails`` shrinks its pictures, ``figures`` draws an experiment's
and ``figure_text`` says what they show. ``uploads`` keeps the pictures that people bring.
"""
