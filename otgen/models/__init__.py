"""Weights: what there is, where it lies, and how it is read.

``catalogue`` lists every model with its source and licence, ``cache`` what of it is on this
machine. ``downloads`` fetches and checks the rest, ``checkpoints`` converts a VQGAN of the paper
for ``autoencoder``. ``precision`` decides what frozen networks compute in.
"""
