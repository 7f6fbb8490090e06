"""CLIP: texts -> v, crops -> u, both unit vectors of the joint space."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoTokenizer, CLIPModel, PreTrainedTokenizerBase

from otgen.prompts import InputError, shorten

MEAN = (0.48145466, 0.4578275, 0.40821073)  # OpenAI CLIP's preprocessing
STD = (0.26862954, 0.26130258, 0.27577711)


def normalise(crops: Tensor) -> Tensor:
    """Shift and scale crops [..., 3, s, s] in [0, 1] to what CLIP was trained on."""
    mean, std = (crops.new_tensor(value)[:, None, None] for value in (MEAN, STD))
    return (crops - mean) / std


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
        """Embed m texts: unit vectors v [m, d]. Raises InputError for words it can't know."""
        self.check_words(texts)
        tokens = self.tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        features = self.model.get_text_features(**tokens.to(self.model.device)).pooler_output
        return F.normalize(features.float(), dim=-1)

    def crops(self, crops: Tensor) -> Tensor:
        """Embed crops [N, 3, s, s] in [0, 1]: unit vectors u [N, d], differentiable."""
        features = self.model.get_image_features(pixel_values=normalise(crops)).pooler_output
        return F.normalize(features.float(), dim=-1)

    def known_words(self) -> tuple[str, ...]:
        """Return the whole vocabulary where it is one of whole words, or nothing for a tokenizer of pieces."""
        if self.tokenizer.unk_token_id in (None, self.tokenizer.eos_token_id):
            return ()
        special = set(self.tokenizer.all_special_tokens)
        return tuple(sorted(word for word in self.tokenizer.get_vocab() if word not in special))

    def check_words(self, texts: list[str]) -> None:
        """Raise InputError where a tokenizer of whole words does not know one."""
        known = self.known_words()
        words = re.findall(r"\w+|[^\w\s]+", " ".join(texts).lower())
        unknown = [word for word in dict.fromkeys(words) if known and word not in known]
        if unknown:
            named = ", ".join(shorten(word, 20) for word in unknown[:5])
            raise InputError(
                f"This small model does not know {named}; the words it knows are: {', '.join(known)}."
            )


def load(folder: str | Path, device: torch.device | str = "cpu", **where) -> ClipEncoder:
    """Load a CLIPModel and its tokenizer from a folder (or hub name), frozen, in float32."""
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", **where)
    model.requires_grad_(False).eval()
    return ClipEncoder(model.to(device), AutoTokenizer.from_pretrained(folder, **where))
