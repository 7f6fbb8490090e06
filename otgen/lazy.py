"""Imports of a library that take long and that nothing here needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader


class _Lazy(MetaPathFinder):
    def __init__(self, names: tuple[str, ...]) -> None:
        self.names, self.asked = names, []

    def find_spec(self, name: str, path, target=None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in self.names else None
        if spec and spec.loader:
            spec.loader = LazyLoader(spec.loader)
            self.asked.append(name)
        return spec


@contextmanager
def lazy(*names: str) -> Iterator[None]:
    """Let modules be loaded when they are used, not when a library imports them here.

    Of two lines they differ: ``import scipy`` waits, ``from scipy import stats`` does not.
    """
    finder = _Lazy(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        # The library has them. Who looks through all modules, as ``inspect`` does, would load them.
        for name in finder.asked:
            sys.modules.pop(name, None)
