"""The page: the only part of otgen that knows gradio.

It is imported here, without what only takes time: half of what its import takes.

``page`` lays it out and serves it. ``form`` says what its fields mean: ``prompt_rows``,
``picture_rows`` and the ``vocabulary`` below them, ``preset_row``, ``settings_panel`` with the
``shape_field``, ``painter_card``, the ``dial`` and the ``start_picture``, and ``onward``. They
follow the ``painter_choice``, ``filling`` fills them from outside, and ``upload`` takes files.

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

from __future__ import annotations

import gc
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder

from otgen.lazy import lazy


class _NoStubs(MetaPathFinder):
    """Keeps gradio from reading the source of every component, to write stubs for editors."""

    def find_spec(self, name: str, path, target=None) -> ModuleSpec | None:
        if name != "gradio.component_meta":
            return None
        spec = PathFinder.find_spec(name, path, target)
        run = spec.loader.exec_module

        def without(module) -> None:
            run(module)
            module.create_or_modify_pyi = lambda component, name, events: None

        spec.loader.exec_module = without
        return spec


os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
# What is imported stays: looking through it for garbage would take long, too.
gc.disable()
sys.meta_path.insert(0, stubs := _NoStubs())
with lazy("pandas"):  # of caches and of analytics
    import gradio  # noqa: F401
sys.meta_path.remove(stubs)
gc.freeze()
gc.enable()
