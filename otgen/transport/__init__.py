"""From a cost to a plan: how much of each cutout belongs to each prompt.

``distances`` makes the cost of embeddings, ``couplings`` the plan of a cost (the only module that
knows OTT), ``bridge`` carries both between PyTorch and JAX. ``pushforward`` shows a gradient on the
cost plane (paper.md, Eq. 7).
"""
