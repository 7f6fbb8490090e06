"""The connection to a Ray cluster, and how many runs fit into it, as the environment says."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
from types import ModuleType
from typing import NamedTuple

from otgen.recipe.prompts import InputError, shorten
from otgen.service.variables import whole

REACHED = 5.0  # seconds that a cluster's machine may take to answer
JOINED = 30.0  # seconds that it may take to let this process join
MOST_SLOTS = 64
# Read when ray is imported. Else what is called once the cluster is gone would start another one on
# this machine, and this process would be ended 60 seconds after the cluster's head is gone.
_OURS = {"RAY_ENABLE_AUTO_CONNECT": "0", "RAY_gcs_rpc_server_reconnect_timeout_s": "1000000000"}
_log = logging.getLogger(__name__)
_MISSING = (
    "OTGEN_EXECUTOR is ray, and the package ray is not installed here: install it with "
    "“.venv/bin/python -m pip install -r requirements-ray.txt”, or take process."
)


class Connection(NamedTuple):
    """A cluster that this process is connected to.

    head: where the cluster's head is. slots: runs at once. cpus, gpus: that each takes.
    """

    ray: ModuleType
    head: str
    slots: int
    cpus: int
    gpus: int

    def reached(self) -> bool:
        """Tell whether the head is there. If it is gone, many calls of Ray never return."""
        return listens(self.head)


def connect() -> Connection:
    """Connect to the cluster at OTGEN_RAY_ADDRESS; by default to this machine's. Raises InputError.

    Environment: OTGEN_RAY_GPUS and OTGEN_RAY_CPUS, what a run takes; OTGEN_RAY_SLOTS, runs at once.
    """
    address = os.environ.get("OTGEN_RAY_ADDRESS") or "auto"
    gpus, cpus = whole("OTGEN_RAY_GPUS", 0, 8, None), whole("OTGEN_RAY_CPUS", 1, 256, None)
    slots = whole("OTGEN_RAY_SLOTS", 1, MOST_SLOTS, None)
    _answers(address)
    for name, value in _OURS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise InputError(_MISSING) from None
    _join(ray, address)
    try:
        return _fitting(ray, slots, 1 if cpus is None else cpus, gpus)
    except InputError:
        ray.shutdown()
        raise


def _join(ray: ModuleType, address: str) -> None:
    """Connect to a cluster, in a thread: Ray waits for minutes for what is no cluster.

    Raises InputError.
    """
    joined = threading.Event()

    def join() -> None:
        try:
            ray.init(address, namespace="otgen", logging_level=logging.WARNING)
            joined.set()
        except Exception as wrong:
            _log.warning("no Ray cluster at %s: %s", address, wrong)

    thread = threading.Thread(target=join, name="otgen-ray", daemon=True)
    thread.start()
    thread.join(JOINED)
    if not joined.is_set():
        raise InputError(_unreachable(address))


def _fitting(ray: ModuleType, slots: int | None, cpus: int, gpus: int | None) -> Connection:
    """Let the numbers fit the cluster. Raises InputError where they can't."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if gpus is None:
        gpus = int(any(node.get("GPU", 0) >= 1 for node in nodes))
    wanted = {name: number for name, number in (("CPU", cpus), ("GPU", gpus)) if number}
    fits = sum(
        min(int(node.get(name, 0) // number) for name, number in wanted.items()) for node in nodes
    )
    has = ", ".join(
        f"{node.get('CPU', 0):.0f} CPUs and {node.get('GPU', 0):.0f} GPUs" for node in nodes
    )
    if fits == 0:
        raise InputError(
            f"A run is to take {cpus} CPUs and {gpus} GPUs, and no machine of the Ray cluster has "
            f"so many (they have: {shorten(has, 200)}): lower OTGEN_RAY_CPUS or OTGEN_RAY_GPUS."
        )
    if slots is not None and slots > fits:
        raise InputError(
            f"OTGEN_RAY_SLOTS is {slots}; with {cpus} CPUs and {gpus} GPUs a run, the Ray cluster "
            f"has room for {fits} at once: try {fits}."
        )
    head = ray.get_runtime_context().gcs_address
    return Connection(ray, head, slots or min(fits, MOST_SLOTS), cpus, gpus)


def _answers(address: str) -> None:
    """Raise InputError unless something listens at an address; Ray itself would wait for long."""
    if address == "auto":
        return
    if address.startswith("ray://"):
        raise InputError(
            f"OTGEN_RAY_ADDRESS is {shorten(address, 60)}, which is Ray Client's; allowed is a "
            "page on a machine of the cluster: run “ray start --address=host:6379 --num-cpus=0” on "
            "this one, which then paints nothing, and give host:6379."
        )
    match = re.fullmatch(r"([\w.-]+):(\d{1,5})", address, re.ASCII)
    if match is None or not 0 < int(match[2]) < 65536:
        raise InputError(
            f"OTGEN_RAY_ADDRESS is {shorten(address, 60)}; allowed are “auto” (the cluster that "
            "this machine belongs to) and a host with a port: try 10.0.0.1:6379."
        )
    if not listens(address):
        raise InputError(_unreachable(address))


def listens(address: str) -> bool:
    """Tell whether anything listens at a host and port."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), REACHED).close()
    except OSError:
        return False
    return True


def _unreachable(address: str) -> str:
    where = "on this machine" if address == "auto" else f"at {address}"
    return (
        f"No Ray cluster that this machine belongs to was found {where} (OTGEN_RAY_ADDRESS): start "
        "one with “ray start --head”, join one with “ray start --address=host:6379”, or take the "
        "executor process."
    )
