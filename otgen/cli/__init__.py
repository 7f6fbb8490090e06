"""The command line: ``main`` reads arguments, ``interruption`` ends a run that is stopped."""
