"""CLIP: texts -> v, crops -> u, both unit vectors of the joint space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.guidance.reading import Pieces, Reader, Truncation, words_of
from otgen.models import precision, towers
from otgen.models.bars import without_bars

if TYPE_CHECKING:  # takes seconds, which no shipped encoder needs
    from transformers import CLIPModel

MEAN = (0.48145466, 0.4578275, 0.40821073)  # OpenAI CLIP's preprocessing
STD = (0.26862954, 0.26130258, 0.27577711)


def normalise(crops: Tensor) -> Tensor:
    """Shift and scale crops [..., 3, s, s] in [0, 1] to what CLIP was trained on."""
    mean, std = (crops.new_tensor(value)[:, None, None] for value in (MEAN, STD))
    return (crops - mean) / std


@dataclass(frozen=True)
class ClipEncoder:
    """A frozen CLIP, and how it reads texts."""

    model: CLIPModel | towers.Towers
    reader: Reader

    @property
    def side(self) -> int:
        """Pixels of the encoder's square input, s."""
        return self.model.config.vision_config.image_size

    @torch.no_grad()
    def texts(self, texts: list[str]) -> Tensor:
        """Embed m texts: unit vectors v [m, d]. Raises InputError for unknown words."""
        tokens = {name: x.to(self.model.device) for name, x in self.reader.tokens(texts).items()}
        return F.normalize(self.model.get_text_features(**tokens).pooler_output.float(), dim=-1)

    def crops(self, crops: Tensor) -> Tensor:
        """Embed crops [N, 3, s, s] in [0, 1]: unit vectors u [N, d], differentiable."""
        features = precision.run(self._features, normalise(crops))
        return F.normalize(features, dim=-1)

    def _features(self, pixels: Tensor) -> Tensor:
        return self.model.get_image_features(pixel_values=pixels).pooler_output

    def truncated(self, texts: list[str]) -> list[Truncation]:
        """Return the texts that CLIP truncates, and where."""
        return self.reader.truncated(texts)


def load(folder: Path, device: torch.device | str = "cpu") -> ClipEncoder:
    """Load a shipped CLIP, frozen."""
    model = towers.load(folder).requires_grad_(False).eval()
    return _encoder(model, words_of(folder), device)


def load_downloaded(folder: Path, device: torch.device | str = "cpu") -> ClipEncoder:
    """Load a CLIPModel and its tokenizer, frozen, from a local folder only."""
    from transformers import AutoTokenizer, CLIPModel

    without_bars("transformers")
    model = CLIPModel.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
    )
    model.requires_grad_(False).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    most = model.config.text_config.max_position_embeddings
    reader = Pieces(tokenizer, min(tokenizer.model_max_length, most))
    return _encoder(model, reader, device)


def _encoder(
    model: CLIPModel | towers.Towers, reader: Reader, device: torch.device | str
) -> ClipEncoder:
    """Place a CLIP; texts, which are embedded once a run, stay in float32."""
    for part in (model.vision_model, model.visual_projection):
        precision.lowered(part, device)
    return ClipEncoder(model.to(device), reader)


ENCODERS: dict[str, Callable[[Path, torch.device | str], ClipEncoder]] = {
    "storybook-clip": load,
    "clip-mini": load,
    "clip-vit-b32": load_downloaded,
    "clip-vit-b16": load_downloaded,
    "clip-vit-l14": load_downloaded,
    "laion-b32": load_downloaded,
}
