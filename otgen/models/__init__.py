"""Weights: the table of models, their files, and how they are loaded.

``catalogue`` lists every model with its source and licence. ``cache`` finds the files that are on
this machine, and ``downloads`` fetches and checks the rest, from ``mirrors`` where no hub has it.
``checkpoints`` converts what ``layouts`` knows for the networks of ``autoencoder``, ``adm`` and
``biggan``. ``precision`` decides where, and in which precision, frozen networks compute.
"""
