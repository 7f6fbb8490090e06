"""Who paints: ``process`` in a painter process, ``inline`` in this one, ``zerogpu`` on ZeroGPU,
``ray_cluster`` on a Ray cluster.

``base`` is their interface. A ``painter_process`` is the ``painter`` as the page's process sees it,
and ``messages`` pass between the two. On a cluster, ``ray_connection`` connects, ``ray_pool`` keeps
workers (``ray_worker``), ``ray_run`` follows a run on them, and ``ray_address`` is by where its
results come back.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from otgen.recipe.prompts import InputError, shorten
from otgen.service.executors.base import Executor
from otgen.service.executors.inline import Inline
from otgen.service.executors.process import Process
from otgen.service.variables import whole


def _zerogpu() -> Executor:
    import spaces  # a Space has it; it must be imported before torch

    from otgen.service.executors.zerogpu import LONGEST, ZeroGPU

    return ZeroGPU(spaces.GPU, whole("OTGEN_GPU_SECONDS", 20, 3600, LONGEST))


def _ray() -> Executor:
    from otgen.service.executors import ray_address
    from otgen.service.executors.ray_cluster import RayCluster
    from otgen.service.executors.ray_connection import connect

    address = ray_address.configured()
    return RayCluster(connect(), address)


EXECUTORS: dict[str, Callable[[], Executor]] = {
    "process": Process,
    "inline": Inline,
    "zerogpu": _zerogpu,
    "ray": _ray,
}


def chosen() -> Executor:
    """Return the executor that OTGEN_EXECUTOR names; by default ``zerogpu`` on ZeroGPU, else
    ``process``.

    Raises InputError.
    """
    usual = "zerogpu" if os.environ.get("SPACES_ZERO_GPU") else "process"
    name = os.environ.get("OTGEN_EXECUTOR") or usual
    if name not in EXECUTORS:
        raise InputError(
            f"OTGEN_EXECUTOR is {shorten(name, 40)}; allowed are {', '.join(EXECUTORS)}: try "
            "process."
        )
    return EXECUTORS[name]()
