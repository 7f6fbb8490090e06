"""What is asked for: prompts and settings, as a person, a link or a file gives them.

``prompts`` and ``settings`` check every field. ``lanes`` names the losses that run side by side.
``codec`` writes settings as a link, as JSON and inside a PNG, and reads them back. ``presets`` are
prompts to begin with, ``experiments`` the runs that an experiment is made of.
"""
