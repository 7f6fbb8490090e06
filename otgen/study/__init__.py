"""Studies: prompts x seeds x settings, painted, measured and compared: ``otgen study study.yaml``.

``recipe`` reads the file, and ``sets`` its prompts. ``estimate`` says what it costs, and ``driver``
paints what the store lacks. ``table`` makes a row of each run and lane, ``measures`` says what is
compared, ``inference`` how sure it is, and ``summary`` puts it together. ``outputs`` writes the
files: ``report`` shows the summary, with sentences from ``wording``, a ``figure`` and small
``pictures``. ``kept`` is what the page reads of studies.

``blind`` is for readers who are not to know which loss painted what they see; ``naming`` decides
whether what they wrote names a prompt.
"""
