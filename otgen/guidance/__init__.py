"""From a picture to a loss, and to the next picture.

``cutouts`` crops the picture, ``clip`` embeds crops and prompts, ``objective`` makes a loss of
them, ``loop`` draws, compares and steps.
"""
