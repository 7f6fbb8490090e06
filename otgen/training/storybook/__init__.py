"""Drawings, scenes, trainings and evaluation of the storybook's networks."""
