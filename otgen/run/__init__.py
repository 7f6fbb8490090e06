"""One run, from its plan to its result.

``plan`` resolves settings once. ``comparison`` runs every lane of a plan side by side, with models
from ``pool``, and ``recorder`` collects the evidence. ``judge`` names what the pictures show,
``fingerprint`` says what their last bits depend on.
"""
