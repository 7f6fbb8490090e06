"""One run, from its plan to its result.

``plan`` resolves settings once. ``comparison`` runs all lanes of a plan side by side, with models
from ``pool``, and ``recorder`` collects the evidence. ``judge`` recognises what the pictures show.
``fingerprint`` identifies everything that a picture's exact bits depend on.
"""
