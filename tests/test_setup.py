"""`make setup` in a small clone: real make, venv, pip and uv, and packages made for the moment.

PyTorch's index is a loopback server with a certificate of its own, reached as a proxy.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import ssl
import subprocess
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOST = "download.pytorch.org"
ROWS = "small==1.0\ntorch>=2.8,<=2.13.0\n# No more.\ntaming-transformers==0.0.1\n"
PATIENCE = 120  # seconds that a step of a setup may take

pytestmark = pytest.mark.slow


def wheel(folder: Path, name: str, version: str, *needs: str) -> Path:
    """Write a wheel that holds one empty module."""
    module, about = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{module}.py": "",
        f"{about}/METADATA": metadata + "".join(f"Requires-Dist: {need}\n" for need in needs),
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in (*files, f"{about}/RECORD"))
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path


class Index:
    """A package index of a folder, by plain HTTP, or by CONNECT as any host's.

    asked: the paths that were asked for. stalled: set once a file named in ``stall`` is asked for;
    its answer never ends before ``close``.
    """

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        self.folder, self.asked, self.stall = folder, [], ""
        self.stalled, self._closed = threading.Event(), threading.Event()
        self._tls = certificate and ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self._tls:
            self._tls.load_cert_chain(certificate)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(index):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_) -> None:
                """Keep the tests' output clean."""

            def do_CONNECT(self) -> None:
                if self.path != f"{HOST}:443":
                    self.send_error(502)
                    return
                self.send_response(200)
                self.end_headers()
                with index._tls.wrap_socket(self.connection, server_side=True) as inside:
                    Handler(inside, self.client_address, self.server)
                self.close_connection = True

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                index.asked.append(self.path)
                name = unquote(self.path).rstrip("/").rsplit("/", 1)[-1]
                file = index.folder / name
                if index.stall and name.startswith(index.stall):
                    index.stalled.set()
                    index._closed.wait(PATIENCE)
                    self.close_connection = True
                    return
                if name.endswith(".whl") and file.is_file():
                    self._send(file.read_bytes(), "application/octet-stream")
                    return
                wheels = sorted(index.folder.glob(f"{name.replace('-', '_')}-*.whl"))
                if not wheels:
                    self.send_response(404)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                links = [
                    f'<a href="/files/{path.name.replace("+", "%2B")}'
                    f'#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}">{path.name}</a>'
                    for path in wheels
                ]
                page = f"<!DOCTYPE html><html><body>{'<br>'.join(links)}</body></html>"
                self._send(page.encode(), "text/html")

            def _send(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

        return Handler


class Clone:
    """A checkout of the Makefile and the setup, with requirements of its own."""

    def __init__(self, folder: Path, of: Path | None = None) -> None:
        """Make a clone, or a copy of one and its environment."""
        self.folder, self.pypi = folder, Index(folder / "pypi")
        keep = ("PATH", "HOME", "LANG")
        self.environment = {name: os.environ[name] for name in keep if name in os.environ} | {
            "PIP_INDEX_URL": f"{self.pypi.url}/simple",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_CACHE_DIR": "1",
            "NO_PROXY": "127.0.0.1",
            "HTTPS_PROXY": "http://127.0.0.1:9",  # nobody: PyTorch's index can't be reached
        }
        if of:
            shutil.copytree(of, folder, symlinks=True)
            return
        (folder / "pypi").mkdir(parents=True)
        (folder / "scripts").mkdir()
        shutil.copy(ROOT / "Makefile", folder)
        shutil.copy(ROOT / "scripts" / "setup.py", folder / "scripts")
        (folder / "requirements.txt").write_text(ROWS)
        (folder / "requirements-dev.txt").write_text("tests==2.0\n")
        for name, version, *needs in (
            ("small", "1.0"),
            ("tests", "2.0"),
            ("torch", "2.13.0"),
            ("taming-transformers", "0.0.1", "torchvision"),
        ):
            wheel(self.pypi.folder, name, version, *needs)

    def start(self, target: str = "setup") -> subprocess.Popen:
        return subprocess.Popen(
            ["make", target],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def make(self, target: str = "setup") -> str:
        """Make a target well; return what was said."""
        process = self.start(target)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
        return said

    def installed(self) -> dict[str, str]:
        """Return package -> version of what the environment holds, pip's own aside."""
        packages = (self.folder / ".venv").glob("lib/python*/site-packages/*.dist-info")
        rows = [path.name.removesuffix(".dist-info").rsplit("-", 1) for path in packages]
        return {name: version for name, version in rows if name not in ("pip", "setuptools")}


@pytest.fixture
def clone(tmp_path):
    made = Clone(tmp_path / "clone")
    yield made
    made.pypi.close()


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> tuple[Path, str]:
    """Set a clone up; return its folder, to be copied, and what was said."""
    made = Clone(tmp_path_factory.mktemp("first") / "clone")
    said = made.make()
    made.pypi.close()
    return made.folder, said


@pytest.fixture
def set_up(first, tmp_path):
    """A clone that was set up."""
    made = Clone(tmp_path / "clone", first[0])
    yield made
    made.pypi.close()


ALL = {"small": "1.0", "torch": "2.13.0", "taming_transformers": "0.0.1"}


def test_without_pytorchs_index_torch_is_pypis_and_a_second_setup_installs_nothing(first, set_up):
    clone = set_up
    assert "PyTorch's index can't be reached" in first[1]
    assert clone.installed() == ALL  # and not what taming-transformers declares
    asked = len(clone.pypi.asked)
    assert clone.make() == "make: Nothing to be done for 'setup'.\n"
    (clone.folder / "requirements.txt").touch()  # as a checkout does
    assert "Installing" not in clone.make()
    assert len(clone.pypi.asked) == asked
    assert "Installing requirements-dev.txt" in clone.make(".venv/.dev")
    assert clone.installed() == ALL | {"tests": "2.0"}
    assert "Installing" not in clone.make(".venv/.dev")


@pytest.mark.parametrize("gpu", [False, True])
def test_torch_is_the_build_that_fits_this_machine(clone, tmp_path, gpu):
    """uv looks for a GPU; UV_CUDA_DRIVER_VERSION stands for one with its driver."""
    authority, certificate = certified(tmp_path)
    builds = tmp_path / "builds"
    builds.mkdir()
    wheel(builds, "torch", "2.13.0+cu126" if gpu else "2.13.0+cpu")
    index = Index(builds, certificate)
    clone.environment |= {
        "HTTPS_PROXY": index.url,
        "SSL_CERT_FILE": str(authority),
        "UV_DEFAULT_INDEX": f"{clone.pypi.url}/simple",
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "PATH": f"{Path(uv()).parent}:{clone.environment['PATH']}",
    } | ({"UV_CUDA_DRIVER_VERSION": "560.35"} if gpu else {})
    try:
        clone.make()
    finally:
        index.close()
    assert clone.installed() == ALL | {"torch": "2.13.0+cu126" if gpu else "2.13.0+cpu"}


def certified(folder: Path) -> tuple[Path, Path]:
    """Return an authority's certificate, and HOST's with its key, which the authority signed."""
    authority, host = folder / "authority.pem", folder / "host.pem"
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    own = [*new, "-keyout", folder / "authority.key", "-out", authority, "-subj", "/CN=authority"]
    signed = [*new, "-keyout", folder / "host.key", "-out", host, "-subj", f"/CN={HOST}"]
    signed += ["-CA", authority, "-CAkey", folder / "authority.key"]
    for extension in (f"subjectAltName=DNS:{HOST}", "basicConstraints=critical,CA:FALSE"):
        signed += ["-addext", extension]
    for command in (own, signed):
        subprocess.run(command, check=True, capture_output=True)
    host.write_text(host.read_text() + (folder / "host.key").read_text())
    return authority, host


def uv() -> str:
    from uv import find_uv_bin

    return find_uv_bin()


def test_the_setups_uv_is_the_tests_uv():
    pinned = re.search(r'^UV = "(.*)"$', (ROOT / "scripts" / "setup.py").read_text(), re.MULTILINE)
    assert pinned[1] in (ROOT / "requirements-dev.txt").read_text().splitlines()


def test_a_setup_beside_another_waits_and_installs_nothing(clone):
    pair = [clone.start(), clone.start()]
    said = [process.communicate(timeout=PATIENCE)[0] for process in pair]
    assert [process.returncode for process in pair] == [0, 0], said
    assert "".join(said).count("Installing requirements.txt") == 1
    # make runs the setup twice, so each of the two may wait for the other once.
    assert "Waiting for another setup" in "".join(said)
    assert clone.installed() == ALL


def test_what_a_killed_pip_left_is_mended(set_up):
    """A package half written makes pip fail for ever: here its metadata ends early."""
    clone = set_up
    (clone.folder / "requirements.txt").write_text(ROWS + "more==3.0\n")
    wheel(clone.pypi.folder, "more", "3.0")
    clone.pypi.stall = "more-3"
    process = clone.start()
    assert clone.pypi.stalled.wait(PATIENCE)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (packages,) = (clone.folder / ".venv").glob("lib/python*/site-packages")
    (packages / "small-1.0.dist-info" / "METADATA").write_text("Name: small\n")
    clone.pypi.stall = ""
    assert "The last setup was killed" in clone.make()
    assert clone.installed() == ALL | {"more": "3.0"}


def test_a_setup_that_fails_by_itself_leaves_the_environment(set_up):
    """Without a network, say: what was installed goes on serving."""
    clone = set_up
    (clone.folder / "requirements.txt").write_text(ROWS + "missing==1.0\n")
    process = clone.start()
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "Setup failed: pip ended with status 1;" in said
    assert clone.installed() == ALL
    (clone.folder / "requirements.txt").write_text(ROWS)
    assert "killed" not in clone.make()
