"""Train vqgan-mini: taming's autoencoder on scenes of the mini world."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from otgen.autoencoder import VQAutoencoder
from otgen.world.pool import Pool
from otgen.world.training import autocast, device, fit, ship

CONFIG = {
    "ddconfig": {
        "double_z": False,
        "z_channels": 64,
        "resolution": 32,
        "in_channels": 48,
        "out_ch": 48,
        "ch": 64,
        "ch_mult": [1, 2],
        "num_res_blocks": 1,
        "attn_resolutions": [],
        "dropout": 0.0,
    },
    "n_embed": 4096,
    "embed_dim": 8,
    "unshuffle": 4,
}
BATCH = 16
WARM = 150  # steps without quantisation; the codebook then starts from latents
EMA = 0.98  # of the codebook's counts and sums
CONTINUOUS = 0.3  # part of the samples decoded without quantisation, so that both ways decode well


class Codebook:
    """Codes as moving averages of the cells they attract; codes that nobody uses start anew at a cell."""

    def __init__(self, model: VQAutoencoder):
        self.codes = model.codebook
        self.codes.requires_grad_(False)
        model.register_buffer("code_count", torch.ones(len(self.codes)), persistent=True)
        model.register_buffer("code_sum", self.codes.detach().clone(), persistent=True)
        self.count, self.sum = model.code_count, model.code_sum

    def start(self, cells: Tensor, generator: torch.Generator) -> None:
        """Take codes from ``cells`` [N, c], with a little noise."""
        chosen = cells[torch.randint(len(cells), (len(self.codes),), generator=generator)]
        chosen = chosen + 0.05 * cells.std(0) * torch.randn(chosen.shape, generator=generator)
        self.codes.data.copy_(chosen)
        self.sum.copy_(chosen)
        self.count.fill_(1.0)

    def update(self, cells: Tensor, index: Tensor, generator: torch.Generator) -> Tensor:
        """Move the codes towards cells [N, c] with nearest codes index [N]; return how many are in use."""
        count = torch.bincount(index, minlength=len(self.codes)).float()
        total = torch.zeros_like(self.sum).index_add_(0, index, cells)
        self.count.lerp_(count, 1 - EMA)
        self.sum.lerp_(total, 1 - EMA)
        dead = self.count < 0.02
        fresh = cells[torch.randint(len(cells), (int(dead.sum()),), generator=generator)]
        self.count[dead], self.sum[dead] = 0.5, 0.5 * fresh
        self.codes.data.copy_(self.sum / self.count[:, None])
        return (~dead).sum()


def _edges(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture.diff(dim=-1), picture.diff(dim=-2)


def train(pool: Pool, steps: int, folder: Path, assets: Path, seed: int = 0, rate: float = 1e-3) -> None:
    """Train for ``steps`` updates and ship the result to ``assets/vqgan-mini``."""
    on = device()
    torch.manual_seed(seed)  # initial weights only: this is the main thread of a training process
    model = VQAutoencoder(**CONFIG)
    codebook = Codebook(model)
    model.to(on)

    def loss_of(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        rows = torch.randint(len(pool.pictures), (BATCH,), generator=generator)
        picture = torch.from_numpy(pool.pictures[rows.sort().values.numpy()]).to(on)
        picture = picture.permute(0, 3, 1, 2).float() / 255
        if step % 2:
            picture = picture.flip(-1)
        with autocast(on):
            latent = model.encode(picture)
        latent = latent.float()
        cells = latent.detach().permute(0, 2, 3, 1).reshape(-1, CONFIG["embed_dim"])
        used = commitment = torch.zeros(())
        decoded = latent
        if step == WARM:
            codebook.start(cells, generator)
        if step >= WARM:
            codes = model.quantise(latent)
            used = codebook.update(cells, codes.index.flatten(), generator)
            snapped = F.embedding(codes.index, model.codebook).permute(0, 3, 1, 2)
            commitment = (latent - snapped).square().mean()
            continuous = torch.rand((BATCH, 1, 1, 1), generator=generator).to(on) < CONTINUOUS
            decoded = torch.where(continuous, latent, codes.latent)
        with autocast(on):
            painted = model.decode(decoded)
        painted = painted.float()
        square = (painted - picture).square().mean()
        absolute = (painted - picture).abs().mean()
        edges = sum((a - b).abs().mean() for a, b in zip(_edges(painted), _edges(picture), strict=True))
        loss = 4 * square + absolute + edges + 0.25 * commitment
        return {"loss": loss, "psnr": -10 * square.log10(), "commit": commitment, "codes": used}

    fit("autoencoder", model, loss_of, steps, rate, folder, seed)
    del model.code_count, model.code_sum
    model.latent_scale.copy_(latents(model, pool, 1024).std((0, 2, 3)))
    ship(model, CONFIG, assets / "vqgan-mini")


@torch.no_grad()
def latents(model: VQAutoencoder, pool: Pool, count: int) -> Tensor:
    """Encode the first ``count`` scenes of a pool: [count, c, h, w] float32 on the CPU."""
    model.eval()
    on = model.codebook.device
    parts = []
    for first in range(0, count, 64):
        picture = torch.from_numpy(pool.pictures[first : min(first + 64, count)]).to(on)
        with autocast(on):
            latent = model.encode(picture.permute(0, 3, 1, 2).float() / 255)
        parts.append(latent.float().cpu())
    return torch.cat(parts)
