"""What is known of a model's weights: files, where they come from, licence, size."""

from __future__ import annotations

from typing import NamedTuple


class File(NamedTuple):
    """A file of a model: its path in the repository, its bytes and SHA-256.

    None: not known when this table was written. The file is then checked against the SHA-256 that
    the hub states for it at the pinned revision (its name in huggingface_hub's cache). Small text
    files have neither: the revision pins them, and nothing in them is executed. Where no hub has a
    checkpoint of unknown SHA-256, only its conversion checks it: names, shapes, finite numbers.
    """

    path: str
    bytes: int | None = None
    sha256: str | None = None

    @property
    def model(self) -> bool:
        """Whether it holds parameters."""
        return self.path.endswith((".bin", ".ckpt", ".pt", ".safetensors"))


class Source(NamedTuple):
    """A repository on the hub. ``folder`` contains the files ("" or "name/").

    ``address``: that of a single file elsewhere; ``repository`` is then the host's name, and there
    is no revision.
    """

    repository: str
    revision: str
    folder: str = ""
    address: str = ""


class Weights(NamedTuple):
    """One model: its files, the sources to try in this order, its licence, its bytes in memory.

    ``terms``: the address of the licence's text, or of the card that states terms. ``convert``: the
    one file is a checkpoint of this layout of ``layouts``, to be converted once; "": it is none.
    """

    files: tuple[File, ...]
    sources: tuple[Source, ...]
    licence: str
    memory: int
    terms: str = ""
    convert: str = ""

    @property
    def download(self) -> int:
        """Bytes to download. A model of unknown size counts as its parameters in float32."""
        return sum(file.bytes or file.model * self.memory for file in self.files)

    @property
    def measured(self) -> bool:
        """Whether the sizes of all model files are known."""
        return all(file.bytes or not file.model for file in self.files)
