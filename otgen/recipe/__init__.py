"""Prompts and settings, as entered by a person or read from a link or a file.

``prompts`` reads prompts, and ``places`` where they belong. ``settings`` validates every field, by
its ``rules``. ``lanes`` names the losses that run side by side. ``codec`` writes settings as a
link, as JSON and inside a PNG, and reads them back; ``files`` reads the YAML that people write.
``shapes`` reads sizes and aspect ratios. ``presets`` holds example prompts, and ``experiments`` the
runs that an experiment consists of.
"""
