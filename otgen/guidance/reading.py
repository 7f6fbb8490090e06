"""What a CLIP reads of texts: whole words, all of them known, or pieces of words up to a length."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
from tokenizers import Tokenizer
from torch import Tensor

from otgen.guidance.words import Vocabulary, check_words, readable, vocabulary

if TYPE_CHECKING:  # takes a second, which no shipped encoder needs
    from transformers import PreTrainedTokenizerBase

_reading = threading.Lock()


class Truncation(NamedTuple):
    """A text that is longer than CLIP's context.

    prompt: its index among the prompts. tokens: how many it has. read: how many of them CLIP reads.
    part: the part of the text that is read.
    """

    prompt: int
    tokens: int
    read: int
    part: str


class Reader(Protocol):
    """How an encoder reads texts."""

    def tokens(self, texts: list[str]) -> dict[str, Tensor]:
        """Return what its network is given, each [m, t]. Raises InputError for unknown words."""

    def truncated(self, texts: list[str]) -> list[Truncation]:
        """Return the texts that are truncated, and where."""


class Words(NamedTuple):
    """Reads whole words, of texts that are not longer than it can read."""

    tokenizer: Tokenizer
    vocabulary: Vocabulary

    def tokens(self, texts: list[str]) -> dict[str, Tensor]:
        """Return ids, 0 behind the end of the shorter texts."""
        check_words(self.vocabulary, texts)
        rows = self.tokenizer.encode_batch([readable(text, self.vocabulary) for text in texts])
        return {"input_ids": torch.tensor([row.ids for row in rows])}

    def truncated(self, texts: list[str]) -> list[Truncation]:
        """Return no text: one that is too long is refused."""
        return []


class Pieces(NamedTuple):
    """Reads any text, by pieces of words. longest: tokens that are read, with both ends.

    Threads share it: how a tokenizer pads and truncates is a state that each call sets anew.
    """

    tokenizer: PreTrainedTokenizerBase
    longest: int

    def tokens(self, texts: list[str]) -> dict[str, Tensor]:
        """Return ids and masks."""
        with _reading:
            return self.tokenizer(
                texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt"
            )

    def truncated(self, texts: list[str]) -> list[Truncation]:
        """Return the texts of which only the first ``longest`` tokens are read."""
        most = self.longest - self.tokenizer.num_special_tokens_to_add()
        truncations = []
        for prompt, text in enumerate(texts):
            with _reading:
                tokens = self.tokenizer(
                    text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
                )
            offsets = tokens["offset_mapping"]
            if len(offsets) > most:
                truncations.append(
                    Truncation(prompt, len(offsets), most, text[: offsets[most - 1][1]])
                )
        return truncations


def words_of(folder: Path) -> Words:
    """Return the reader of a shipped encoder."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding()
    return Words(tokenizer, vocabulary(folder))
