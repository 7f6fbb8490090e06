"""Weights that are not shipped: downloaded once, checked, converted where needed.

No model is loaded before its size and SHA-256 are verified, where anybody states them. A file of
which nobody does is read as tensors only, and refused unless it has all the names and shapes of its
architecture. huggingface_hub downloads into its own cache (HF_HOME). Converted checkpoints, and
notes of verified files, are in ``cache_folder()``.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from otgen.models import mirrors
from otgen.models.cache import cache_folder, converted, local_file, missing_bytes, put
from otgen.models.catalogue import TABLE, asset
from otgen.models.checkpoints import UnusableCheckpoint, convert
from otgen.models.layouts import LAYOUTS
from otgen.models.weights import File, Source
from otgen.recipe.prompts import InputError

Report = Callable[[str, int, int], None]  # what is downloaded, bytes that are here, bytes in all


class Unavailable(InputError):
    """The weights of a model are not available; the message says why and what to try."""


def silent(what: str, here: int, of: int) -> None:
    """Report nothing."""


def fetch(name: str, report: Report = silent) -> Path:
    """Return the folder of a model; download, check and convert it first if needed.

    Safe for several processes at once. Raises Unavailable.
    """
    if name not in TABLE:
        return asset(name)
    weights = TABLE[name]
    if weights.convert and converted(name).is_dir():
        return converted(name)
    try:
        _room(name)
        if not weights.convert:
            return _snapshot(name, report)
        (file,) = weights.files
        path, _ = _first(name, file, weights.sources, report)
        return convert(path, converted(name), LAYOUTS[weights.convert])
    except UnusableCheckpoint as wrong:
        raise Unavailable(f"The weights of {name} can't be used. {wrong}") from None
    except OSError as wrong:
        raise _explained(name, wrong) from wrong


def _room(name: str) -> None:
    """Raise OSError if the disk has no room for the rest of the download."""
    from huggingface_hub import constants

    weights = TABLE[name]
    wanted = {constants.HF_HUB_CACHE: missing_bytes(name)}
    if weights.convert:
        wanted[cache_folder()] = weights.memory
    places = {
        folder: next(p for p in (Path(folder), *Path(folder).parents) if p.exists())
        for folder in wanted
    }
    by_disk: dict[int, int] = {}
    for folder, place in places.items():
        disk = place.stat().st_dev
        by_disk[disk] = by_disk.get(disk, 0) + wanted[folder]
    for place in places.values():
        if shutil.disk_usage(place).free < by_disk[place.stat().st_dev]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place))


def _explained(name: str, wrong: OSError) -> Unavailable:
    weights = TABLE[name]
    if wrong.errno in (errno.ENOSPC, errno.EDQUOT):
        need = (weights.download + (weights.memory if weights.convert else 0)) / 1e9
        return Unavailable(
            f"The disk is full: {name} needs about {need:.1f} GB; make room, or point HF_HOME "
            "and OTGEN_CACHE to a larger disk."
        )
    reason = wrong.strerror or type(wrong).__name__
    return Unavailable(
        f"The weights of {name} can't be stored ({reason}): look at HF_HOME and OTGEN_CACHE."
    )


def _snapshot(name: str, report: Report) -> Path:
    """Fetch every file of a model from one source; return the folder that holds them."""
    weights = TABLE[name]
    sources = weights.sources
    for file in weights.files:
        path, source = _first(name, file, sources, report)
        sources = (source,)  # files of two repositories never mix
    return path.parents[len(Path(file.path).parts) - 1]


def _first(
    name: str, file: File, sources: tuple[Source, ...], report: Report
) -> tuple[Path, Source]:
    """Return a file from the first source that delivers it intact. Raises Unavailable."""
    problems = []
    for source in sources:
        try:
            here = local_file(source, file)
            if here is not None and _wrong(here, file):
                _discard(here)  # spoilt since it was stored: fetch it anew
            path = _download(source, file, report)
        except Unavailable as problem:
            problems.append(f"{source.repository}: {problem}")
            continue
        wrong = _wrong(path, file)
        if wrong is None:
            return path, source
        _discard(path)
        problems.append(f"{source.repository}: {wrong}")
    raise Unavailable(
        f"The weights of {name} could not be downloaded ({'; '.join(problems)}): try again later, "
        "or take a mini painter."
    )


def _download(source: Source, file: File, report: Report) -> Path:
    """Download a file, and resume if the connection breaks.

    Raises Unavailable, or OSError if the file can't be stored.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import FileMetadataError, HfHubHTTPError, LocalEntryNotFoundError

    what = f"{source.repository}/{file.path}"
    try:
        if source.address:
            return mirrors.get(source, file, _bar(what, report))
        return Path(
            hf_hub_download(
                source.repository,
                source.folder + file.path,
                revision=source.revision,
                tqdm_class=_bar(what, report),
            )
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, FileMetadataError) as wrong:
        raise Unavailable(_why(wrong)) from wrong
    except OSError as wrong:
        if wrong.errno:
            raise  # the disk's doing
        raise Unavailable(
            _why(wrong)
        ) from wrong  # huggingface_hub: the size is not the one announced
    except Exception as wrong:  # the HTTP and the Xet client each have their own family of errors
        raise Unavailable(_why(wrong)) from wrong


def _why(wrong: BaseException) -> str:
    """Say in a few words why a download failed."""
    chain: list[BaseException] = []
    while wrong is not None and wrong not in chain:
        chain.append(wrong)
        wrong = wrong.__cause__ or wrong.__context__
    names = {type(link).__name__ for link in chain}
    status = next(
        (
            link.response.status_code
            for link in chain
            if getattr(link, "response", None) is not None
        ),
        None,
    )
    if "OfflineModeIsEnabled" in names:
        return "downloads are switched off (HF_HUB_OFFLINE)"
    if status is not None and status >= 400:
        return f"the hub answered {status}"
    if "FileMetadataError" in names:
        return "what answered is not a hub"
    if any("Timeout" in name for name in names):
        return "no answer in time"
    if any(
        word in name for name in names for word in ("Connect", "Protocol", "Network", "ReadError")
    ):
        return "the connection failed"
    if "Consistency check failed" in str(chain[0]):
        return "it sent another number of bytes than it announced"
    return f"the download failed with {type(chain[0]).__name__}"


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            yield block


def _wrong(path: Path, file: File) -> str | None:
    """Say what is wrong with a file's bytes, or None.

    A verified file is not read again until it changes.
    """
    size = path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        page = next(_blocks(path), b"").lstrip()[:1] == b"<"
        what = "an HTML page" if page else "a file"
        return f"it sent {what} of {size:,} bytes, not the file of {file.bytes:,}"
    named = path.resolve().name  # huggingface_hub names a large file by its SHA-256
    expected = file.sha256 or (named if re.fullmatch("[0-9a-f]{64}", named) else None)
    if expected is None:
        return None
    stat, mark = path.stat(), cache_folder() / "checked" / expected
    seen = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    if mark.is_file() and mark.read_text(encoding="utf-8") == seen:
        return None
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    if digest.hexdigest() != expected:
        return "the SHA-256 of what it sent is wrong"
    put(mark, seen.encode())
    return None


def _discard(path: Path) -> None:
    """Remove a wrong file from huggingface_hub's cache: the link and its target."""
    blob = path.resolve()
    path.unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


def _bar(what: str, report: Report):
    """Return a class of progress bars for the terminal that also call ``report``."""
    from tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args, **options):
            options.pop("name", None)
            super().__init__(*args, **options)
            self.here = int(options.get("initial") or 0)
            report(what, self.here, int(self.total or 0))

        def update(self, n=1):
            self.here += int(n or 0)
            report(what, self.here, int(self.total or 0))
            return super().update(n)

    return Bar
