"""CLIP: texts -> v, crops -> u, both unit vectors of the joint space."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoTokenizer, CLIPModel, PreTrainedTokenizerBase

from otgen.models import precision
from otgen.recipe.prompts import InputError, shorten

MEAN = (0.48145466, 0.4578275, 0.40821073)  # OpenAI CLIP's preprocessing
STD = (0.26862954, 0.26130258, 0.27577711)


def normalise(crops: Tensor) -> Tensor:
    """Shift and scale crops [..., 3, s, s] in [0, 1] to what CLIP was trained on."""
    mean, std = (crops.new_tensor(value)[:, None, None] for value in (MEAN, STD))
    return (crops - mean) / std


class Truncation(NamedTuple):
    """A text that is longer than CLIP's context.

    prompt: its index among the prompts. tokens: how many it has. read: how many of them CLIP reads.
    part: the part of the text that is read.
    """

    prompt: int
    tokens: int
    read: int
    part: str


@dataclass(frozen=True)
class ClipEncoder:
    """A frozen CLIPModel and its tokenizer."""

    model: CLIPModel
    tokenizer: PreTrainedTokenizerBase

    @property
    def side(self) -> int:
        """Pixels of the encoder's square input, s."""
        return self.model.config.vision_config.image_size

    @torch.no_grad()
    def texts(self, texts: list[str]) -> Tensor:
        """Embed m texts: unit vectors v [m, d]. Raises InputError for unknown words."""
        self.check_words(texts)
        most = self._longest()
        tokens = self.tokenizer(
            texts, padding=True, truncation=True, max_length=most, return_tensors="pt"
        )
        features = self.model.get_text_features(**tokens.to(self.model.device)).pooler_output
        return F.normalize(features.float(), dim=-1)

    def crops(self, crops: Tensor) -> Tensor:
        """Embed crops [N, 3, s, s] in [0, 1]: unit vectors u [N, d], differentiable."""
        features = precision.run(self._features, normalise(crops))
        return F.normalize(features, dim=-1)

    def _features(self, pixels: Tensor) -> Tensor:
        return self.model.get_image_features(pixel_values=pixels).pooler_output

    def known_words(self) -> tuple[str, ...]:
        """Return the vocabulary of a word tokenizer, and nothing for a subword tokenizer."""
        if self.tokenizer.unk_token_id in (None, self.tokenizer.eos_token_id):
            return ()
        special = set(self.tokenizer.all_special_tokens)
        return tuple(sorted(word for word in self.tokenizer.get_vocab() if word not in special))

    def check_words(self, texts: list[str]) -> None:
        """Raise InputError if a word tokenizer lacks a word or would truncate a text."""
        known = self.known_words()
        words = re.findall(r"\w+|[^\w\s]+", " ".join(texts).lower())
        unknown = [word for word in dict.fromkeys(words) if known and word not in known]
        if unknown:
            named = ", ".join(shorten(word, 20) for word in unknown[:5])
            examples = ", ".join(_examples(unknown[:5], known))
            raise InputError(
                f"This small model does not know {named}; it knows few words, such as {examples}: "
                "the page lists them under the prompts."
            )
        for cut in self.truncated(texts) if known else ():
            raise InputError(
                f"{shorten(texts[cut.prompt])} has {cut.tokens} words or parts of words; this "
                f"model reads {cut.read}: shorten it or split it into several prompts."
            )

    def _longest(self) -> int:
        """Return how many tokens CLIP reads, including start and end tokens."""
        return min(
            self.tokenizer.model_max_length, self.model.config.text_config.max_position_embeddings
        )

    def truncated(self, texts: list[str]) -> list[Truncation]:
        """Return the texts that CLIP truncates, and where."""
        most = self._longest() - self.tokenizer.num_special_tokens_to_add()
        found = []
        for prompt, text in enumerate(texts):
            tokens = self.tokenizer(
                text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
            )
            offsets = tokens["offset_mapping"]
            if len(offsets) > most:
                found.append(Truncation(prompt, len(offsets), most, text[: offsets[most - 1][1]]))
        return found


def _examples(unknown: list[str], known: tuple[str, ...], most: int = 5) -> list[str]:
    """Return example words: those nearest to the unknown ones, then some of other letters.

    known: sorted. The nearest of each unknown word come first. Each of the rest begins with another
    letter, so no list of a world's things is needed.
    """
    near = [get_close_matches(word, known, 3) for word in unknown]
    nearest = [found for place in range(3) for each in near for found in each[place : place + 1]]
    others = {word[0]: word for word in reversed(known) if len(word) > 3}
    return list(dict.fromkeys([*nearest, *(others[letter] for letter in sorted(others))]))[:most]


# Encoder -> how its attention runs fastest; for 37 tokens on a CPU plain matrices do.
ENCODERS: dict[str, str] = {
    "storybook-clip": "eager",
    "clip-mini": "eager",
    "clip-vit-b32": "sdpa",
    "clip-vit-b16": "sdpa",
    "clip-vit-l14": "sdpa",
    "laion-b32": "sdpa",
}


def load(folder: Path, device: torch.device | str = "cpu", attention: str = "eager") -> ClipEncoder:
    """Load a CLIPModel and its tokenizer, frozen, in float32, from a local folder only."""
    model = CLIPModel.from_pretrained(
        folder, dtype=torch.float32, attn_implementation=attention, local_files_only=True
    )
    model.requires_grad_(False).eval()
    return ClipEncoder(
        model.to(device), AutoTokenizer.from_pretrained(folder, local_files_only=True)
    )
