"""Train vqgan-mini: taming's autoencoder on scenes of the mini world."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from otgen.models.autoencoder import VQAutoencoder, load
from otgen.training.loop import autocast, device, fit, ship
from otgen.training.mini.pool import Pool

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
ADVERSARIAL = (
    0.3  # pull of the discriminator on a picture in the finish, as a part of the likeness's pull
)
CORRUPTION = 0.1  # deviation of the noise on latents in the finish, in deviations of the latent


class Codebook:
    """Codes as moving averages of the cells they attract; unused codes start anew at a cell."""

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
        """Move the codes towards the cells they are nearest to; return how many are in use.

        cells: [N, c]. index: [N], the nearest codes.
        """
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


def _batch(pool: Pool, step: int, generator: torch.Generator) -> Tensor:
    """Return BATCH scenes [B, 3, h, w] in [0, 1], mirrored every other step."""
    rows = torch.randint(len(pool.pictures), (BATCH,), generator=generator)
    picture = torch.from_numpy(pool.pictures[rows.sort().values.numpy()]).to(device())
    picture = picture.permute(0, 3, 1, 2).float() / 255
    return picture.flip(-1) if step % 2 else picture


def _likeness(painted: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss between two pictures (colours and edges), and the PSNR in dB."""
    square = (painted - picture).square().mean()
    absolute = (painted - picture).abs().mean()
    pairs = zip(_edges(painted), _edges(picture), strict=True)
    edges = sum((ours - theirs).abs().mean() for ours, theirs in pairs)
    return 4 * square + absolute + edges, -10 * square.log10()


def train(
    pool: Pool, steps: int, folder: Path, assets: Path, seed: int = 0, rate: float = 1e-3
) -> None:
    """Train for ``steps`` updates and ship the result to ``assets/vqgan-mini``."""
    on = device()
    torch.manual_seed(seed)  # initial weights only: this is the main thread of a training process
    model = VQAutoencoder(**CONFIG)
    codebook = Codebook(model)
    model.to(on)

    def loss_of(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        picture = _batch(pool, step, generator)
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
        loss, psnr = _likeness(painted.float(), picture)
        loss = loss + 0.25 * commitment
        return {"loss": loss, "psnr": psnr, "commit": commitment, "codes": used}

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
        picture = torch.from_numpy(pool.pictures[first : min(first + 64, count)].copy()).to(on)
        with autocast(on):
            latent = model.encode(picture.permute(0, 3, 1, 2).float() / 255)
        parts.append(latent.float().cpu())
    return torch.cat(parts)


class _Discriminator(nn.Sequential):
    """Judges patches of about 30 pixels: [B, 3, h, w] -> logits [B, 1, h / 8, w / 8]."""

    def __init__(self) -> None:
        widths, layers = (3, 32, 64, 128), []
        for before, after in pairwise(widths):
            convolution = nn.Conv2d(before, after, 4, stride=2, padding=1)
            layers += [nn.utils.parametrizations.spectral_norm(convolution), nn.LeakyReLU(0.2)]
        super().__init__(*layers, nn.Conv2d(widths[-1], 1, 3, padding=1))


def finish(
    pool: Pool, steps: int, folder: Path, assets: Path, seed: int = 10, rate: float = 5e-4
) -> None:
    """Train the shipped decoder on: crisper pictures from slightly corrupted latents.

    Encoder and codes stay, so latents keep their meaning for a diffusion model. A light
    discriminator (hinge loss) sharpens what an average of likely pictures would leave soft.
    """
    on = device()
    model = load(assets / "vqgan-mini", on)
    torch.manual_seed(seed)  # initial weights only: this is the main thread of a training process
    parts = {"decoder": model.decoder, "post": model.post_quant_conv, "critic": _Discriminator()}
    trained = nn.ModuleDict(parts).to(on).requires_grad_()
    critic = trained["critic"]

    def loss_of(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        picture = _batch(pool, step, generator)
        with torch.no_grad(), autocast(on):
            latent = model.encode(picture)
        latent = latent.float()
        continuous = torch.rand((BATCH, 1, 1, 1), generator=generator).to(on) < 0.5
        noise = torch.randn(latent.shape, generator=generator).to(on)
        noisy = latent + CORRUPTION * model.latent_scale[:, None, None] * noise
        decoded = torch.where(continuous, noisy, model.quantise(latent).latent)
        with autocast(on):
            painted = model.decode(decoded).float()
            real, fake = critic(picture), critic(painted.detach())
            fixed = {name: weight.detach() for name, weight in critic.named_parameters()}
            opinion = -functional_call(critic, fixed, painted).float().mean()
        likeness, psnr = _likeness(painted, picture)
        (pull,) = torch.autograd.grad(likeness, painted, retain_graph=True)
        (push,) = torch.autograd.grad(opinion, painted, retain_graph=True)
        weight = ADVERSARIAL * min(step / 300, 1) * pull.norm() / push.norm().clamp(min=1e-12)
        hinge = (1 - real.float()).relu().mean() + (1 + fake.float()).relu().mean()
        loss = likeness + weight * opinion + hinge
        return {"loss": loss, "psnr": psnr, "hinge": hinge, "opinion": opinion}

    fit("finish", trained, loss_of, steps, rate, folder, seed)
    ship(model, CONFIG, assets / "vqgan-mini")
