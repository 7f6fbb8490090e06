"""The page's server: start, memory, a painter's death, pages and runs at once, many requests."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import httpx
import psutil
from gradio_client import Client

ROOT = Path(__file__).resolve().parents[1]
REQUESTS, AT_ONCE, PAGES, RUNS = 1000, 20, 50, 20
SMALL = {"generator": "vqgan-mini", "cutouts": 4, "lanes": "ot"}


class _Server:
    """``app.py`` in a process of its own, on an empty store."""

    def __init__(self, folder: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/"
        variables = {"PORT": str(port), "OTGEN_STORE": folder, "OTGEN_RUNS_EACH": "40"}
        began = time.monotonic()
        self.process = psutil.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while True:
            try:
                urllib.request.urlopen(self.address).close()
                break
            except OSError:
                time.sleep(0.02)
        self.start = time.monotonic() - began
        self.memory = self.process.memory_info().rss / 1e6

    def painter(self) -> psutil.Process:
        """Return its painter process."""
        (painter,) = self.process.children()
        return painter


def _until(what):
    while not (answer := what()):
        time.sleep(0.01)
    return answer


def _previewed(job) -> bool:
    return any(news["counts"] for news in job.outputs())


def _death(server: _Server, client: Client) -> float:
    """Kill the painter in a run; return the seconds until the next run's first preview."""
    job = client.submit("a cat | a castle", steps=2000, seed=1, **SMALL, api_name="/compare")
    _until(lambda: _previewed(job))
    server.painter().send_signal(signal.SIGKILL)
    began = time.monotonic()
    _until(job.done)
    again = client.submit("a cat | a castle", steps=2000, seed=2, **SMALL, api_name="/compare")
    _until(lambda: _previewed(again))
    took = time.monotonic() - began
    client.predict(again.outputs()[0]["run"], api_name="/stop")
    _until(again.done)
    return took


async def _requests(address: str, paths: list[str]) -> tuple[list[float], int]:
    """Ask for paths, AT_ONCE at a time; return the seconds of each, and how many failed."""
    took, failed, gate = [], 0, asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:

        async def ask(path: str) -> None:
            nonlocal failed
            async with gate:
                began = time.perf_counter()
                answer = await client.get(path)
                took.append(time.perf_counter() - began)
                failed += answer.status_code != 200

        await asyncio.gather(*map(ask, paths))
    return took, failed


def _crowd(server: _Server) -> tuple[float, float, int]:
    """Let PAGES clients watch a run and RUNS more wait for their turn.

    Return the seconds until all is over, the page's memory in MB then, and runs that failed.
    """
    patient = {"timeout": 120}  # 5 s by themselves, and they share the machine with the server
    clients = [Client(server.address, verbose=False, httpx_kwargs=patient) for _ in range(PAGES)]
    began = time.monotonic()
    asked = {"prompts": "a cat | a castle", "steps": 60, "seed": 5, **SMALL}
    watching = [client.submit(**asked, api_name="/compare") for client in clients]
    queued = [
        clients[0].submit(**asked | {"steps": 3, "seed": 100 + run}, api_name="/compare")
        for run in range(RUNS - 1)
    ]
    states = [job.result()["state"] for job in (*watching, *queued)]
    took = time.monotonic() - began
    for client in clients:
        client.close()
    return took, server.process.memory_info().rss / 1e6, sum(state != "done" for state in states)


def run() -> str:
    """Measure a server from its start to its end; return a table."""
    with tempfile.TemporaryDirectory() as folder:
        server = _Server(folder)
        try:
            client = Client(server.address, verbose=False)
            made = client.predict("a cat | a castle", steps=2, **SMALL, api_name="/compare")
            after = server.process.memory_info().rss / 1e6
            death = _death(server, client)
            files = ("ot.png?step=2", "result.json", "thumbnail.webp", "plot-lines-light-wide.png")
            paths = [f"results/{made['run']}/{files[n % len(files)]}" for n in range(REQUESTS)]
            asyncio.run(_requests(server.address, paths[: len(files)]))  # what is drawn once
            took, failed = asyncio.run(_requests(server.address, paths))
            crowd, crowded, wrong = _crowd(server)
            client.close()
        finally:
            server.process.send_signal(signal.SIGINT)
            ended = time.monotonic()
            server.process.wait()
            ended = time.monotonic() - ended
    p95 = statistics.quantiles(took, n=20)[-1]
    rows = [
        ("from start to the page's first answer", f"{server.start:.1f} s"),
        ("memory of the page's process then", f"{server.memory:.0f} MB"),
        ("the same after a run", f"{after:.0f} MB"),
        ("from a painter's death to the next run's first preview", f"{death:.1f} s"),
        (
            f"{REQUESTS} requests to a result, {AT_ONCE} at a time",
            f"median {1000 * statistics.median(took):.0f} ms, p95 {1000 * p95:.0f} ms, "
            f"{failed} failed",
        ),
        (
            f"{PAGES} clients on one run, {RUNS - 1} runs queued",
            f"{crowd:.0f} s, {wrong} not done, the page at {crowded:.0f} MB",
        ),
        ("from Ctrl-C to the server's end", f"{ended:.1f} s"),
    ]
    lines = "\n".join(f"| {what} | {measured} |" for what, measured in rows)
    return f"## Server\n\n| | |\n|---|---|\n{lines}"
