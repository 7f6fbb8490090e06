"""Weights: the table of models, their files, and how they are loaded.

``catalogue`` lists every model with its source and licence, as ``weights`` describes them.
``cache`` looks for files on this machine. ``downloads`` fetches and checks the others, from
``mirrors`` where no hub has them. ``layouts`` says which checkpoints are known, and ``checkpoints``
converts them for the networks of ``autoencoder``, ``adm`` and ``biggan``; ``towers`` is the network
of the CLIPs that ship. ``precision`` decides on which device and in which precision frozen networks
compute. ``bars`` hides what libraries print.
"""
