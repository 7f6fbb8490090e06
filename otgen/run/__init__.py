"""One run, from its plan to its result.

``plan`` resolves settings once. ``painting`` paints a plan into a store and tells ``events`` of it.
``comparison`` runs all lanes of a plan side by side, with models from ``pool``, and ``recorder``
collects the evidence. ``judge`` recognises what the pictures show. ``machine`` measures what
paints. ``fingerprint`` identifies everything that a picture's exact bits depend on.
"""
