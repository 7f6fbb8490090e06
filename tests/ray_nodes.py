"""A Ray cluster of two machines with one CPU each, as processes: ``with nodes(...) as cluster``.

It is started by a process of its own: processes are forked for it, which must not have used JAX.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SMALL = {"num_cpus": 1, "object_store_memory": 80_000_000}


class Nodes:
    """The cluster. address: where it is."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process
        self.address = self._answer()

    def _answer(self) -> str:
        while line := self._process.stdout.readline():
            if line.startswith("nodes: "):
                return line.split()[1]
        raise AssertionError("the cluster did not start")

    def lose(self) -> None:
        """Let the second machine be gone at once."""
        self._order("lose")

    def gain(self) -> None:
        """Let another second machine join."""
        self._order("gain")

    def _order(self, what: str) -> None:
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        self._answer()


@contextmanager
def nodes(**environment: str) -> Iterator[Nodes]:
    """Start a cluster, and shut it down after all. It sends nothing to anybody."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__))],
        env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0"} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Nodes(process)
        finally:
            process.stdin.close()
            process.stdout.read()
            process.wait(60)


def main() -> None:
    """Do what standard input says until it ends."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**_SMALL, "include_dashboard": False})
    second = cluster.add_node(**_SMALL)
    print("nodes:", cluster.address, flush=True)
    for order in sys.stdin:
        if order == "lose\n":
            cluster.remove_node(second, allow_graceful=False)
        else:
            second = cluster.add_node(**_SMALL)
        print("nodes: changed", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
