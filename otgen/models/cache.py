"""Which weights are on this machine, and whether the hub can be reached for the others."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from otgen.models.catalogue import TABLE, address_digest, asset, revision
from otgen.models.weights import File, Source


def cache_folder() -> Path:
    """Return the folder of otgen's cache: OTGEN_CACHE, or ``otgen`` in the user's cache."""
    folder = os.environ.get("OTGEN_CACHE")
    return (
        Path(folder)
        if folder
        else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "otgen"
    )


def converted(name: str) -> Path:
    """Return the folder of a converted checkpoint, which may not exist yet."""
    return cache_folder() / "converted" / f"{name}-{revision(name)}"


def mirrored(source: Source, file: File) -> Path:
    """Return where a file is stored that comes from no hub; it may not be there yet."""
    return cache_folder() / "downloads" / (file.sha256 or f"of-{address_digest(source)}")


def local_file(source: Source, file: File) -> Path | None:
    """Return where a file of a source is on this machine, or None."""
    from huggingface_hub import try_to_load_from_cache

    if source.address:
        path = mirrored(source, file)
        return path if path.is_file() else None
    path = try_to_load_from_cache(
        source.repository, source.folder + file.path, revision=source.revision
    )
    return Path(path) if isinstance(path, str) else None


def present(name: str) -> bool:
    """Tell whether a model is on this machine."""
    if name not in TABLE:
        return asset(name).is_dir()
    weights = TABLE[name]
    if weights.convert and converted(name).is_dir():
        return True
    return any(
        all(local_file(source, file) for file in weights.files) for source in weights.sources
    )


def missing_bytes(*names: str) -> int:
    """Return the bytes still to be downloaded for these models, by ``Weights.download``."""
    return sum(TABLE[name].download for name in names if name in TABLE and not present(name))


def reachable(timeout: float = 2.0) -> bool:
    """Tell whether the hub can be reached: HF_HUB_OFFLINE is not set and its host answers.

    Behind a proxy only HF_HUB_OFFLINE is checked.
    """
    from huggingface_hub import constants

    if constants.is_offline_mode():
        return False
    if any(
        os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    ):
        return True
    hub = urlsplit(constants.ENDPOINT)
    port = hub.port or (443 if hub.scheme == "https" else 80)
    try:
        socket.create_connection((hub.hostname, port), timeout).close()
    except OSError:
        return False
    return True


def put(file: Path, data: bytes) -> None:
    """Write a file at once: whoever reads it sees all of it or none. Raises OSError.

    Any number of threads and processes may put the same one.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    opened, name = tempfile.mkstemp(dir=file.parent, prefix=".")
    aside = Path(name)
    try:
        with open(opened, "wb") as stream:
            stream.write(data)
        aside.chmod(0o644)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
