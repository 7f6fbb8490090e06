"""How the storybook's networks are made: drawings, scenes, trainings, their evaluation.

Nothing that runs on a visitor's machine imports this package.
"""
