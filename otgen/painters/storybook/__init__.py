"""The storybook: a painter whose pictures are a place and sprites.

``painter`` puts it together, ``latent`` is its state, and ``renderer`` draws it. ``questions`` asks
the encoder about parts of a picture: ``trials`` let sprites try things on, ``attributes`` are
tints, styles and places. ``decoder`` makes a sprite of a code, ``places`` and ``styles`` are drawn
by procedure, ``compositor`` lays sprites over a place, ``description`` says what a picture is made
of. ``finished`` draws a finished picture larger, and as SVG with ``vector``.
"""
