"""The registry of painters, and the generators in it.

``base`` is the interface of every generator, and ``opinion`` what one may ask about parts of its
pictures. ``catalogue`` is the one table of painters, ``builders`` builds them. ``adam`` updates
latents, and ``randomness`` makes all random generators of a run.

``storybook`` is the default. ``vqgan`` and ``diffusion`` are the paper's kinds, and ``biggan`` is
Big Sleep's: ``full`` builds them around downloaded weights, ``mini`` around small ones that ship.
``parametrised`` needs no weights: ``siren`` and ``fourier`` say what its parameters mean, and
``colours`` how their numbers become colours.
"""
