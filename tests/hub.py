"""A hub on the loopback that speaks huggingface_hub's protocol, faults included, and its files."""

from __future__ import annotations

import hashlib
import sys
import threading
import types
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch

PATIENCE = 120  # seconds that an answer may stall until a test lets it go on
COMMIT = "a" * 40  # the commit that every revision of the hub resolves to
PAGE = b"<!DOCTYPE html><html><title>Sign in to continue</title></html>\n"


class Hub:
    """Serves ``files``: "owner/name/path" -> bytes or Path.

    ``faults``: "owner/name/path" -> what to do at the next GETs of it, one each, before it is
    served well: ("cut", bytes), ("status", code), ("wrong",), ("html",), ("stall", seconds or an
    Event that lets it go on). ("status", code) meets the HEADs as well; ("down", code) stays for
    good. ``gets``: what was asked for, with its Range.
    """

    def __init__(self, files: dict[str, bytes | Path]) -> None:
        self.files = files
        self.faults: dict[str, list[tuple]] = {}
        self.gets: list[tuple[str, str | None]] = []
        self.closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End the server, and what stalls."""
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    def env(self, folder: Path) -> dict[str, str]:
        """Return the environment in which another process uses this hub, caching in the folder."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(folder / "hf"),
            "OTGEN_CACHE": str(folder / "otgen"),
            "NO_PROXY": "127.0.0.1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }

    def use(self, monkeypatch, folder: Path) -> None:
        """Make this process use this hub: set what the package read when it was imported."""
        from huggingface_hub import constants, file_download
        from huggingface_hub.utils import _http

        for name, value in self.env(folder).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(constants, "ENDPOINT", self.url)
        template = self.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "hf" / "hub"))
        for name, value in (("base_wait_time", 0.01), ("max_wait_time", 0.01), ("max_retries", 2)):
            monkeypatch.setitem(_http.http_backoff.__kwdefaults__, name, value)
        monkeypatch.setitem(file_download.http_get.__wrapped__.__kwdefaults__, "_nb_retries", 1)

    def _handler(hub):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_) -> None:
                """Keep the tests' output clean."""

            def _find(self) -> tuple[str, bytes] | None:
                repository, _, rest = self.path.lstrip("/").partition("/resolve/")
                key = f"{repository}/{rest.partition('/')[2]}"
                fault = next(iter(hub.faults.get(key, ())), ("well",))
                if fault[0] in ("status", "down"):
                    if fault[0] == "status" and self.command == "GET":
                        hub.faults[key].pop(0)
                    self._refuse(fault[1])
                    return None
                if key not in hub.files:
                    self._refuse(404, {"X-Error-Code": "EntryNotFound"})
                    return None
                held = hub.files[key]
                return key, held.read_bytes() if isinstance(held, Path) else held

            def _refuse(self, status: int, headers: dict | None = None) -> None:
                self.send_response(status)
                for name, value in ({"X-Repo-Commit": COMMIT} | (headers or {})).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _head(self, content: bytes, status: int = 200, length: int | None = None) -> None:
                self.send_response(status)
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("X-Linked-Size", str(len(content)))
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Length", str(len(content) if length is None else length))
                self.end_headers()

            def do_HEAD(self) -> None:
                file = self._find()
                if file:
                    self._head(file[1])

            def do_GET(self) -> None:
                file = self._find()
                if not file:
                    return
                key, content = file
                wanted = self.headers.get("Range")
                hub.gets.append((key, wanted))
                faults = hub.faults.get(key, [])
                fault = faults.pop(0) if faults else ("well",)
                first = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
                part = content[first:]
                if fault[0] == "html":
                    part = PAGE
                elif fault[0] == "wrong":
                    part = bytes(len(part))
                self._head(content, 206 if wanted else 200, len(part))
                if fault[0] == "stall":
                    go_on = fault[1]
                    if not isinstance(go_on, threading.Event):
                        hub.closed.wait(go_on)
                    elif not go_on.wait(PATIENCE):
                        return
                if fault[0] == "cut":
                    self.wfile.write(part[: fault[1]])
                    self.wfile.flush()
                    self.close_connection = True
                    self.connection.close()
                    return
                self.wfile.write(part)

        return Handler


@contextmanager
def serving(files: dict[str, bytes | Path]):
    """Serve files for a while."""
    hub = Hub(files)
    try:
        yield hub
    finally:
        hub.close()


def lightning(file: Path, tensors: dict[str, torch.Tensor], extra: object = None) -> Path:
    """Write a checkpoint as Lightning 1.x wrote taming's: keys, callback's class, Adam's states.

    Lightning is not installed, so its class is made for the moment of writing.
    """
    path = "pytorch_lightning.callbacks.model_checkpoint"
    modules = {
        name: types.ModuleType(name)
        for name in ("pytorch_lightning", "pytorch_lightning.callbacks", path)
    }
    callback = type("ModelCheckpoint", (), {"__module__": path})
    modules[path].ModelCheckpoint = callback
    loss = {
        "loss.perceptual_loss.net.slice1.0.weight": torch.zeros(8, 3, 3, 3),
        "loss.discriminator.main.0.weight": torch.zeros(8, 3, 4, 4),
        "loss.discriminator.main.3.num_batches_tracked": torch.tensor(7),
    }
    moments = {"step": 100, "exp_avg": torch.zeros(4), "exp_avg_sq": torch.zeros(4)}
    group = {"lr": 4.5e-6, "betas": (0.5, 0.9), "eps": 1e-8, "params": [0]}
    content = {
        "epoch": 12,
        "global_step": 100,
        "pytorch-lightning_version": "1.0.8",
        "state_dict": tensors | loss,
        "callbacks": {
            callback: {"best_model_score": torch.tensor(0.5), "best_model_path": "x.ckpt"}
        },
        "optimizer_states": [{"state": {0: moments}, "param_groups": [group]}] * 2,
        "lr_schedulers": [],
    }
    if extra is not None:
        content["hyper_parameters"] = extra
    assert "pytorch_lightning" not in sys.modules
    sys.modules.update(modules)
    try:
        torch.save(content, file)
    finally:
        for name in modules:
            del sys.modules[name]
    return file
