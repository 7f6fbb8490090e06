"""Fourier: the picture is a sum of waves, and the parameters are their coefficients.

Long waves count more, as they do in pictures, so that steps of one length move what is large and
what is small alike. In pixels, small things would win. The idea is lucid's: Mordvintsev et al.,
"Differentiable Image Parameterizations" (2018), https://doi.org/10.23915/distill.00012.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from otgen.painters.colours import coloured
from otgen.painters.parametrised import Parametrised
from otgen.painters.randomness import generator


@dataclass(frozen=True)
class Fourier:
    """Waves over the picture: a real and an imaginary part of each, for three numbers a pixel.

    Args:
        decay: amplitudes fall with this power of the waves' number over the picture. finest: the
            waves from which on they fall faster still, as a part of the shortest. A small CLIP
            makes dots of shorter ones. contrast: deviation of the start's numbers.
    """

    decay: float = 1.5
    finest: float = 0.3
    contrast: float = 0.1

    def start(self, seed: int, height: int, width: int) -> Tensor:
        """Draw coefficients [3, 2 v + 1, w + 1, 2] of up to v waves down and w across."""
        down, across = ((side - 1) // 2 for side in (height, width))
        shape = 3, 2 * down + 1, across + 1, 2
        return self.contrast * torch.randn(shape, generator=generator(seed, 0, "fourier"))

    def picture(self, parameters: Tensor, height: int, width: int) -> Tensor:
        """Draw coefficients [L, 3, 2 v + 1, w + 1, 2] at each pixel's middle, v < height / 2."""
        most = parameters.shape[2] // 2
        down = torch.arange(-most, most + 1, device=parameters.device)[:, None]
        across = torch.arange(parameters.shape[3], device=parameters.device)
        short = min(height, width)
        pitch = torch.hypot(down * short / height, across * short / width)
        # Pixels' middles lie half a pixel from the edge, so the picture is the same at any size.
        turn = torch.pi * (down / height + across / width)
        waves = torch.view_as_complex(parameters) * torch.polar(self._amplitude(pitch), turn)
        spectrum = waves.new_zeros(*waves.shape[:2], height, width // 2 + 1)
        spectrum[..., : most + 1, : len(across)] = waves[..., most:, :]
        spectrum[..., height - most :, : len(across)] = waves[..., :most, :]
        return coloured(torch.fft.irfft2(spectrum, s=(height, width), norm="forward"))

    def _amplitude(self, pitch: Tensor) -> Tensor:
        """Return what coefficients are multiplied by, [2 v + 1, w + 1].

        Coefficients of deviation 1 make numbers of deviation 1. pitch: waves over the shorter side.
        """
        most = min(pitch.shape[0] // 2, pitch.shape[1] - 1)
        amplitude = pitch.clamp(min=1) ** -self.decay
        amplitude = amplitude * torch.exp(-((pitch / (self.finest * most)) ** 2) / 2)
        return amplitude / (2 * amplitude.norm())


def fourier(device: torch.device) -> Parametrised:
    """Build the painter. Nothing is loaded."""
    return Parametrised(Fourier(), device, rate=0.2)
