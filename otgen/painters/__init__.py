"""The registry of painters, and the generators in it.

``base`` is the interface of every generator, ``catalogue`` the one table of those that there are.
``vqgan`` and ``diffusion`` are the paper's kinds, and ``biggan`` is Big Sleep's: ``full`` builds
them around downloaded weights, ``mini`` around small ones that ship. ``storybook`` is the default.
"""
