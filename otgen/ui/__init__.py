"""The page: the only part of otgen that knows gradio.

``page`` lays it out and serves it. ``form`` says what its fields mean: ``prompt_rows``,
``picture_rows`` and the ``vocabulary`` below them, ``preset_row``, ``settings_panel`` with the
``shape_field``, ``painter_card``, the ``dial`` and the ``start_picture``, and ``onward``.
``filling`` fills it from outside, and ``upload`` takes files.

``handlers`` do what a person asks for: they ask for runs (``asking``) and follow them
(``watching``, ``pulse``). ``actions`` lets the last one win. ``stage`` shows pictures, with
``live`` curves, a ``tally``, what the picture is made of (``parts``) and links (``sharing``,
``anew``). ``explain`` shows why they differ, with ``plot_tabs`` and the ``explorer``.
``experiments`` shows a grid (``experiment_grid``) and its ``experiment_figure``. ``gallery``,
``examples`` and ``studies`` show what was painted before.

``files`` serves results, and ``render`` what is drawn of them; ``preview`` makes link previews.
``endpoint`` and ``mcp`` serve programs. ``look``, ``messages`` and ``scripts`` are for all of them,
and ``listen`` checks the address before the page is built.
"""
