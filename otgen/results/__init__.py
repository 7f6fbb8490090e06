"""Results on disk.

``result`` says what a result is. ``store`` reads one, ``saving`` puts it there, and ``library``
lists, pins, deletes and prunes them. ``writing`` makes a result's files, ``disk`` locks and syncs.
``archive`` zips a result, ``parcel`` moves it to another store, ``thumbnails`` shrinks its
pictures. ``figures`` draws an experiment's results, ``figure_text`` says what they show, and
``spread`` how far they differ between seeds.

``uploads`` keeps the pictures that people bring, which ``pictures`` reads, and ``parents`` the
states of results that other runs go on from.
"""
