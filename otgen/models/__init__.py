"""Weights: the table of models, their files, and how they are loaded.

``catalogue`` lists every model with its source and licence. ``cache`` finds the files that are on
this machine, and ``downloads`` fetches and checks the rest. ``checkpoints`` converts a VQGAN of the
paper for ``autoencoder``. ``precision`` decides in which precision frozen networks compute.
"""
