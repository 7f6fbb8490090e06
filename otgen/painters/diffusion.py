"""Guided diffusion: a sampler whose prediction of the finished picture is moved along the gradient.

One step is one gradient. It moves the denoiser's prediction of the finished latent x0; after every
``moves`` steps the sampler (DDIM, from diffusers) goes on from there to less noise. Until then the
moves add up on one prediction or, with ``renewed``, noise is laid over each and the denoiser
predicts again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from otgen.models import precision
from otgen.painters.base import Drawing, WithoutParts, unit_interval
from otgen.painters.randomness import generator

if TYPE_CHECKING:
    from diffusers import DDIMScheduler


class DiffusionState(NamedTuple):
    """Where a run stands.

    noisy: x_t [L, c, h, w]. clean: the moved prediction, or None where the denoiser must predict
    anew. count: steps taken. seed, steps: of the run. sampler: its timesteps; never changed after
    ``init``.
    """

    noisy: Tensor
    clean: Tensor | None
    count: int
    seed: int
    steps: int
    sampler: DDIMScheduler


@dataclass(frozen=True)
class Diffusion(WithoutParts):
    """Sample a picture under guidance.

    Args:
        denoise: (x_t, timestep) -> the network's output. decode: x0 -> picture, about [0, 1].
        schedule: noise levels and the meaning of the output (``prediction_type``).
        shape: (c, h, w) of a latent.
        moves: gradient moves per step of the sampler.
        strength: length of a move, in standard deviations of the latent.
        eta: 0 for DDIM, towards 1 for ancestral sampling: fresh noise mends what guidance distorts.
            Below 1: at the noisiest level 1 leaves a variance that rounding makes negative.
        renewed: part of the noise that is drawn anew between the moves of one step of the sampler.
            The network then mends each move (self-recurrence: Bansal et al. 2023, "Universal
            Guidance for Diffusion Models", section 3.3).
        through_denoiser: take the gradient at x_t, through the network (dearer), instead of at x0.
        finish: a better ``decode`` for the last picture alone, which nothing is differentiated
            through.
        pixels: the latent is the picture itself, in [-1, 1]. Predictions are clamped to it: where
            nearly all is noise, a small error of the network is a large one of its prediction.
    """

    denoise: Callable[[Tensor, Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]
    schedule: DDIMScheduler
    shape: tuple[int, int, int]
    moves: int
    strength: float
    eta: float
    device: torch.device
    renewed: float = 0.0
    through_denoiser: bool = False
    finish: Callable[[Tensor], Tensor] | None = None
    pixels: bool = False

    def _timestep(self, state: DiffusionState) -> int:
        timesteps = state.sampler.timesteps
        return int(timesteps[min(state.count // self.moves, len(timesteps) - 1)])

    def _signal(self, timestep: int) -> Tensor:
        """Return alpha-bar, the signal's part of the variance."""
        return self.schedule.alphas_cumprod[timestep].to(self.device)

    def predict(self, noisy: Tensor, timestep: int) -> Tensor:
        """Return the predicted finished latent x0 of x_t."""
        at = torch.tensor(timestep, device=self.device)
        output = precision.run(lambda noisy: self.denoise(noisy, at), noisy)
        alpha = self._signal(timestep)
        if self.schedule.config.prediction_type == "v_prediction":
            clean = alpha.sqrt() * noisy - (1 - alpha).sqrt() * output
        else:  # "epsilon"
            clean = (noisy - (1 - alpha).sqrt() * output) / alpha.sqrt()
        return 2 * unit_interval((clean + 1) / 2) - 1 if self.pixels else clean

    def _noise(self, seed: int, count: int, purpose: str = "sampler") -> Tensor:
        """Return fresh noise [1, c, h, w], the same for every lane."""
        draw = generator(seed, count, purpose)
        return torch.randn((1, *self.shape), generator=draw).to(self.device)

    def _renew(self, state: DiffusionState, clean: Tensor, timestep: int) -> Tensor:
        """Return x_t for a moved prediction, a part of its noise drawn anew."""
        alpha = self._signal(timestep)
        held = (state.noisy - alpha.sqrt() * clean) / (1 - alpha).sqrt()
        part = self.renewed
        noise = (1 - part) ** 0.5 * held + part**0.5 * self._noise(state.seed, state.count)
        return alpha.sqrt() * clean + (1 - alpha).sqrt() * noise

    def init(self, lanes: int, seed: int, steps: int) -> DiffusionState:
        """Start from noise."""
        noise = self._noise(seed, 0, "start")
        sampler = type(self.schedule).from_config(
            self.schedule.config,
            prediction_type="sample",
            clip_sample=False,
            set_alpha_to_one=True,
            timestep_spacing="trailing",
        )
        sampler.set_timesteps(max(1, -(-steps // self.moves)))
        return DiffusionState(
            noise.expand(lanes, -1, -1, -1).contiguous(), None, 0, seed, steps, sampler
        )

    def draw(self, state: DiffusionState) -> Drawing:
        """Decode the predicted finished latent."""
        noisy = state.noisy.detach()
        timestep = self._timestep(state)
        if self.through_denoiser:
            noisy.requires_grad_()
            leaf, clean = noisy, self.predict(noisy, timestep)
            clean = clean if state.clean is None else clean + (state.clean - clean).detach()
        else:
            with torch.no_grad():
                clean = self.predict(noisy, timestep) if state.clean is None else state.clean
            leaf = clean = clean.detach().requires_grad_()
        if self.finish is not None and state.count >= state.steps:
            with torch.no_grad():
                image = precision.run(self.finish, clean).clamp(0, 1)
        else:
            image = unit_interval(precision.run(self.decode, clean))
        return Drawing(image, (leaf,), clean.detach())

    def step(
        self, state: DiffusionState, drawing: Drawing, grads: tuple[Tensor, ...]
    ) -> DiffusionState:
        """Move the prediction against the gradient; after the last move the sampler goes on."""
        (grad,) = grads
        timestep = self._timestep(state)
        length = grad.square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-12)
        # The prediction is surer the less noise is left, so moves shrink with it.
        clean = drawing.aux - self.strength * (1 - self._signal(timestep)).sqrt() * grad / length
        count = state.count + 1
        if count % self.moves and count < state.steps:
            if self.renewed:
                return state._replace(noisy=self._renew(state, clean, timestep), count=count)
            return state._replace(clean=clean, count=count)
        noise = self._noise(state.seed, state.count).expand_as(clean)
        noisy = state.sampler.step(clean, timestep, state.noisy, eta=self.eta, variance_noise=noise)
        finished = clean if count >= state.steps else None
        return state._replace(noisy=noisy.prev_sample, clean=finished, count=count)
