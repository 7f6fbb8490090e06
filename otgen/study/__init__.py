"""Studies: prompts x seeds x settings, painted, measured and compared: ``otgen study study.yaml``.

``recipe`` reads the file, ``estimate`` says what it costs, ``driver`` paints what the store lacks.
``table`` makes a row of each run and lane, ``measures`` says what is compared, ``inference`` how
sure it is, ``summary`` puts it together, ``report`` shows it. ``blind`` is for readers who are not
to know which loss painted what they see.
"""
