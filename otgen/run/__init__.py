"""One run, from its plan to its result.

``plan`` resolves settings once, as far as the painter allows them (``suitability``). ``painting``
paints a plan into a store and tells ``events`` of it. ``comparison`` runs all lanes of a plan side
by side: ``assembly`` makes painter and loss, with models from ``pool``, and ``recorder`` collects
the evidence. ``judge`` recognises what the pictures show, and ``notes`` says what a person should
know of the run; ``failures`` does so where it failed.

``redrawing`` draws finished pictures again, larger or as SVG. ``machine`` measures what paints, and
``fingerprint`` identifies everything that a picture's exact bits depend on.
"""
