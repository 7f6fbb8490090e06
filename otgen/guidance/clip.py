"""CLIP: texts -> v, crops -> u, both unit vectors of the joint space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoTokenizer, CLIPModel, PreTrainedTokenizerBase

from otgen.guidance.words import Vocabulary, check_words, plain
from otgen.models import precision

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
        if words := self.vocabulary():
            check_words(words, texts)
            texts = [plain(text) for text in texts]
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

    def vocabulary(self) -> Vocabulary | None:
        """Return the words that it knows; None for a tokenizer of pieces, which reads any text."""
        if self.tokenizer.unk_token_id in (None, self.tokenizer.eos_token_id):
            return None
        special = set(self.tokenizer.all_special_tokens)
        known = sorted(word for word in self.tokenizer.get_vocab() if word not in special)
        return Vocabulary(tuple(known), self._longest() - self._ends())

    def _ends(self) -> int:
        return self.tokenizer.num_special_tokens_to_add()

    def _longest(self) -> int:
        """Return how many tokens CLIP reads, including start and end tokens."""
        return min(
            self.tokenizer.model_max_length, self.model.config.text_config.max_position_embeddings
        )

    def truncated(self, texts: list[str]) -> list[Truncation]:
        """Return the texts that CLIP truncates, and where."""
        most = self._longest() - self._ends()
        found = []
        for prompt, text in enumerate(texts):
            tokens = self.tokenizer(
                text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
            )
            offsets = tokens["offset_mapping"]
            if len(offsets) > most:
                found.append(Truncation(prompt, len(offsets), most, text[: offsets[most - 1][1]]))
        return found


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
