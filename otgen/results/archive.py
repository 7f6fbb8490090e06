"""A result as one zip archive, made while it is sent, with one plot in memory at a time."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from otgen.explain.plots import files
from otgen.explain.timelapse import film
from otgen.recipe.lanes import slug
from otgen.results.result import PARENT, Saved, uploaded
from otgen.results.store import record


class _Outgoing:
    """A write-only file whose bytes can be taken out as they arrive."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def bundle(saved: Saved, folder: str) -> Iterator[bytes]:
    """Yield a zip of a result's pictures, recipe, plots and time-lapse, file by file.

    Raises OSError before the first file if the result no longer exists.

    Args:
        folder: the zip unpacks to it. Names in the zip do not depend on the prompts.
    """
    outgoing = _Outgoing()
    with zipfile.ZipFile(outgoing, "w") as archive:  # type: ignore[call-overload]
        for name, data in _files(saved):
            squeezed = not name.endswith((".png", ".mp4"))
            archive.writestr(
                zipfile.ZipInfo(f"{folder}/{name}"),  # of 1980: the same result, the same bytes
                data,
                zipfile.ZIP_DEFLATED if squeezed else zipfile.ZIP_STORED,
            )
            yield outgoing.take()
    yield outgoing.take()


def _files(saved: Saved) -> Iterator[tuple[str, bytes]]:
    names = ["result.json", *(f"{slug(lane)}.png" for lane in saved.settings.lanes)]
    pictures = [name for _, name in uploaded(saved.settings) if name != PARENT]
    names += [name for name in pictures if (saved.folder / name).exists()]
    # All is read before the first is given away: a result that is deleted is whole or not begun.
    evidence = record(saved)
    stored = [(name, (saved.folder / name).read_bytes()) for name in names]
    yield from stored
    if evidence is not None:
        yield from files(evidence)
        yield "timelapse.mp4", film(evidence)
