"""From a picture to a loss, and to the next picture.

``cutouts`` crops the picture, ``clip`` embeds crops and prompts, and ``objective`` computes the
loss. ``loop`` repeats the steps: draw, compare, update.
"""
