"""The storybook: a painter whose pictures are a place and sprites, and the words of its world.

``words`` is the one table to grow: things, places, styles, colours and other words for them.
``captions`` makes phrases and the tokenizer of them. ``decoder`` makes a sprite of a code,
``places`` and ``styles`` are drawn by procedure, ``compositor`` lays sprites over a place.
"""
