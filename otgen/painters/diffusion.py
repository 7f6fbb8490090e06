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
    anew. count: steps taken. seed, steps: of the run. levels: timesteps of the sampler, of which
    the first ``skipped`` are not taken. sampler: never changed after ``init``.
    """

    noisy: Tensor
    clean: Tensor | None
    count: int
    seed: int
    steps: int
    levels: int
    skipped: int
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
        encode: picture [1, 3, h, w] in [0, 1] -> its latent. start: a picture to start from, None
            for noise alone. depth: part of the noise that is laid over what a run starts from, in
            (0, 1]; 1 leaves nothing of it. Other tools call it strength.
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
    encode: Callable[[Tensor], Tensor] | None = None
    start: Tensor | None = None
    depth: float = 1.0
    pixels: bool = False

    def _moves(self, state: DiffusionState) -> int:
        """Return the gradient moves per step of the sampler: more where it has few timesteps."""
        return -(-state.steps // (state.levels - state.skipped))

    def _timestep(self, state: DiffusionState) -> int:
        place = state.skipped + state.count // self._moves(state)
        return int(state.sampler.timesteps[min(place, state.levels - 1)])

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

    def _sampler(self, levels: int) -> DDIMScheduler:
        sampler = type(self.schedule).from_config(
            self.schedule.config,
            prediction_type="sample",
            clip_sample=False,
            set_alpha_to_one=True,
            timestep_spacing="trailing",
        )
        sampler.set_timesteps(levels)
        return sampler

    def init(self, lanes: int, seed: int, steps: int) -> DiffusionState:
        """Start from noise, or from the picture under a part of it."""
        if self.start is None:
            return self._begun(None, lanes, seed, steps)
        with torch.no_grad():
            clean = precision.run(self.encode, self.start.to(self.device))
        return self._begun(clean, lanes, seed, steps)

    def onward(
        self, state: DiffusionState, lanes: list[int], seed: int, steps: int
    ) -> DiffusionState:
        """Start from another run's predictions of the finished picture, under a part of the noise.

        A finished run has no noise left, and without noise the denoiser would change nothing.
        """
        state = state._replace(sampler=self._sampler(state.levels))
        with torch.no_grad():
            clean = self._clean(state)
        return self._begun(clean[lanes], len(lanes), seed, steps)

    def _begun(self, clean: Tensor | None, lanes: int, seed: int, steps: int) -> DiffusionState:
        """Start from latents [1 or L, c, h, w] under a part of the noise; None: from noise alone.

        The run takes the timesteps that a longer one from noise alone would end with.
        """
        depth = 1.0 if clean is None else self.depth
        known = self.schedule.config.num_train_timesteps
        # No more timesteps than were trained lie below the depth: there may be more moves at each.
        taken = max(1, min(-(-steps // self.moves), int(depth * known)))
        taken = -(-steps // -(-steps // taken))
        levels = min(known, round(taken / depth))
        sampler = self._sampler(levels)
        state = DiffusionState(
            noisy=self._noise(seed, 0, "start"),
            clean=None,
            count=0,
            seed=seed,
            steps=steps,
            levels=levels,
            skipped=levels - taken,
            sampler=sampler,
        )
        noisy = state.noisy
        if depth < 1:
            alpha = self._signal(self._timestep(state))
            noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noisy
        return state._replace(noisy=noisy.expand(lanes, -1, -1, -1).contiguous())

    def _clean(self, state: DiffusionState) -> Tensor:
        """Return the moved prediction of the finished latent, or a new one."""
        if state.clean is not None:
            return state.clean
        return self.predict(state.noisy, self._timestep(state))

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
                clean = self._clean(state)
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
        if count % self._moves(state) and count < state.steps:
            if self.renewed:
                return state._replace(noisy=self._renew(state, clean, timestep), count=count)
            return state._replace(clean=clean, count=count)
        noise = self._noise(state.seed, state.count).expand_as(clean)
        noisy = state.sampler.step(clean, timestep, state.noisy, eta=self.eta, variance_noise=noise)
        finished = clean if count >= state.steps else None
        return state._replace(noisy=noisy.prev_sample, clean=finished, count=count)
