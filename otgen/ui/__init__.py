"""The page: the only part of otgen that knows gradio.

It is imported here, without what only takes time: half of what its import takes.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder

from otgen.transport.later import later


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
with later("pandas"):  # of caches and of analytics
    import gradio  # noqa: F401
sys.meta_path.remove(stubs)
gc.freeze()
gc.enable()
