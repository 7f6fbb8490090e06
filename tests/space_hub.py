"""A hub on the loopback that Spaces are created on and uploaded to, as huggingface_hub asks it to.

Legacy LFS stands for Xet, whose server is not to be had: set HF_HUB_DISABLE_XET. As the real hub,
it refuses who has no token, binary files in plain git, and descriptions of more than 60 characters.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOKEN = "hf_loopback"


def _text(content: bytes) -> bool:
    try:
        return b"\0" not in content and bool(content.decode() or True)
    except UnicodeDecodeError:
        return False


class SpaceHub:
    """Holds Spaces: name -> what it was created with, its files, and the messages of its commits.

    closed_to: hardware that this account may not have.
    """

    def __init__(self, closed_to: str = "") -> None:
        self.closed_to = closed_to
        self.created: dict[str, dict] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.commits: dict[str, list[str]] = {}
        self.large: dict[str, bytes] = {}  # SHA-256 -> content of the large file storage
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def env(self, folder: Path, token: str = TOKEN) -> dict[str, str]:
        """Return the environment in which another process uses this hub."""
        names = {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(folder),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
        }
        return names | ({"HF_TOKEN": token} if token else {})

    def _handler(hub):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_) -> None:
                """Keep the tests' output clean."""

            def _answer(self, content: object, status: int = 200) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def do_GET(self) -> None:
                match = re.match(r"/api/spaces/([^/]+/[^/?]+)/tree/main", self.path)
                if match and match[1] in hub.files:
                    rows = [
                        {"type": "file", "path": path, "size": len(content), "oid": "0" * 40}
                        for path, content in hub.files[match[1]].items()
                    ]
                    self._answer(rows)
                else:
                    self._answer({"error": "Not found"}, 404)

            def do_PUT(self) -> None:
                content = self._body()
                hub.large[hashlib.sha256(content).hexdigest()] = content
                self._answer({})

            def do_POST(self) -> None:
                body = self._body()
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    self._answer({"error": "Invalid username or password."}, 401)
                    return
                for pattern, does in (
                    (r"/api/repos/create", self._create),
                    (r"/api/validate-yaml", self._validate),
                    (r"/api/spaces/(.+)/preupload/main", self._preupload),
                    (r"/spaces/(.+)\.git/info/lfs/objects/batch", self._batch),
                    (r"/api/spaces/(.+)/commit/main", self._commit),
                ):
                    match = re.fullmatch(pattern, self.path.partition("?")[0])
                    if match:
                        does(body, *match.groups())
                        return
                self._answer({"error": f"Not found: {self.path}"}, 404)

            def _create(self, body: bytes) -> None:
                asked = json.loads(body)
                name = f"{asked['organization']}/{asked['name']}"
                address = {"url": f"{hub.url}/spaces/{name}"}
                if name in hub.created:
                    self._answer(address | {"error": "You already created this space repo"}, 409)
                elif hub.closed_to and asked.get("hardware") == hub.closed_to:
                    self._answer({"error": "This hardware is not for you"}, 402)
                else:
                    hub.created[name] = asked
                    hub.files[name], hub.commits[name] = {".gitattributes": b"*.ckpt\n"}, []
                    self._answer(address)

            def _validate(self, body: bytes) -> None:
                text = json.loads(body)["content"]
                described = re.search(r"^short_description: (.*)$", text, re.MULTILINE)
                wrong = len(described[1]) > 60
                errors = [{"message": '"short_description" is too long'}] if wrong else []
                self._answer({"errors": errors, "warnings": []}, 400 if wrong else 200)

            def _preupload(self, body: bytes, name: str) -> None:
                rows = []
                for file in json.loads(body)["files"]:
                    plain = _text(base64.b64decode(file["sample"])) and file["size"] < 10_000_000
                    mode = "regular" if plain else "lfs"
                    rows.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False})
                self._answer({"files": rows})

            def _batch(self, body: bytes, name: str) -> None:
                rows = json.loads(body)["objects"]
                for row in rows:
                    if row["oid"] not in hub.large:
                        row["actions"] = {"upload": {"href": f"{hub.url}/large/{row['oid']}"}}
                self._answer({"transfer": "basic", "objects": rows})

            def _commit(self, body: bytes, name: str) -> None:
                files = hub.files[name]
                for row in map(json.loads, body.splitlines()):
                    key, value = row["key"], row["value"]
                    if key == "header":
                        hub.commits[name].append(value["summary"])
                    elif key == "file":
                        content = base64.b64decode(value["content"])
                        if not _text(content):
                            self._answer({"error": "Your push contains binary files"}, 400)
                            return
                        files[value["path"]] = content
                    elif key == "lfsFile":
                        files[value["path"]] = hub.large[value["oid"]]
                    elif key == "deletedFile":
                        del files[value["path"]]
                    else:
                        self._answer({"error": f"No such operation: {key}"}, 400)
                        return
                made = hashlib.sha1(body).hexdigest()
                address = f"{hub.url}/spaces/{name}/commit/{made}"
                self._answer({"success": True, "commitOid": made, "commitUrl": address})

        return Handler
