"""From a cost to a plan: how much of each cutout belongs to each prompt.

``distances`` computes the cost of embeddings. ``couplings`` computes the plan of a cost, some by
``sinkhorn``, the only module that imports OTT; ``direct`` computes those that need no jax.
``coupled`` is what a coupling returns, and ``units`` has the units of epsilon. ``bridge`` passes
costs and plans between PyTorch and JAX, and ``compiled`` keeps what jax compiles on disk.
``pushforward`` shows a gradient on the cost plane (the paper's Eq. 7).

"The paper" is Tian, Cuturi and Ha, "Simultaneous Multiple-Prompt Guided Generation Using
Differentiable Optimal Transport" (arXiv 2204.08472), here and in all other modules.
"""
