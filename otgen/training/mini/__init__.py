"""The renderer of the mini world, and the trainings and evaluation of its models."""
