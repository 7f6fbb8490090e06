"""BigGAN-deep: checkpoints as pytorch-pretrained-biggan wrote them, and what they paint."""

from __future__ import annotations

import shutil

import pytest
import torch
from checkpoint_files import Hostile, gan_tensors, old_file
from helpers import TINY_GAN, seeded, uniform
from torch import Tensor
from torch.nn import functional as F

from otgen.models import biggan
from otgen.models.biggan import DeepGenerator
from otgen.models.catalogue import TABLE
from otgen.models.checkpoints import UnusableCheckpoint, convert
from otgen.models.layouts import gan


class Published:
    """BigGAN-deep after appendix B of its paper, from a checkpoint's tensors, step by step."""

    def __init__(self, tensors: dict[str, Tensor], config: dict, level: int) -> None:
        self.tensors, self.config, self.level = tensors, config, level

    def weight(self, name: str) -> Tensor:
        held = self.tensors[f"{name}.weight_orig"]
        left, right = self.tensors[f"{name}.weight_u"], self.tensors[f"{name}.weight_v"]
        return held / torch.dot(left, torch.mv(held.reshape(len(held), -1), right))

    def convolved(self, name: str, x: Tensor, padding: int = 0) -> Tensor:
        return F.conv2d(x, self.weight(name), self.tensors.get(f"{name}.bias"), padding=padding)

    def normed(self, name: str, x: Tensor, condition: Tensor | None) -> Tensor:
        mean, variance = (
            self.tensors[f"{name}.{statistic}"][self.level]
            for statistic in ("running_means", "running_vars")
        )
        plain = F.batch_norm(x, mean, variance, eps=1e-4)
        if condition is None:
            scale, shift = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        else:
            scale = 1 + self.weight(f"{name}.scale") @ condition
            shift = self.weight(f"{name}.offset") @ condition
        return F.relu(plain * scale[:, None, None] + shift[:, None, None])

    def attended(self, name: str, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        theta = self.convolved(f"{name}.snconv1x1_theta", x)[0].flatten(1)  # [c, places]
        phi, g = (
            F.max_pool2d(self.convolved(f"{name}.snconv1x1_{part}", x), 2)[0].flatten(1)
            for part in ("phi", "g")
        )
        seen = g @ torch.softmax(theta.T @ phi, -1).T
        out = self.convolved(f"{name}.snconv1x1_o_conv", seen.reshape(1, -1, height, width))
        return x + self.tensors[f"{name}.gamma"] * out

    def __call__(self, noise: Tensor, classes: Tensor) -> Tensor:
        condition = torch.cat([noise, self.tensors["embeddings.weight"] @ classes])
        start = self.weight("generator.gen_z") @ condition + self.tensors["generator.gen_z.bias"]
        x = start.reshape(1, 4, 4, -1).permute(0, 3, 1, 2)
        layer = 0
        for block, (doubles, _, after) in enumerate(self.config["blocks"]):
            if block == self.config["attention"]:
                x = self.attended(f"generator.layers.{layer}", x)
                layer += 1
            name = f"generator.layers.{layer}"
            h = self.convolved(f"{name}.conv_0", self.normed(f"{name}.bn_0", x, condition))
            h = self.normed(f"{name}.bn_1", h, condition)
            h = h.repeat_interleave(2, 2).repeat_interleave(2, 3) if doubles else h
            h = self.convolved(f"{name}.conv_1", h, 1)
            h = self.convolved(f"{name}.conv_2", self.normed(f"{name}.bn_2", h, condition), 1)
            h = self.convolved(f"{name}.conv_3", self.normed(f"{name}.bn_3", h, condition))
            x = x[:, : after * self.config["width"]]
            x = x.repeat_interleave(2, 2).repeat_interleave(2, 3) if doubles else x
            x, layer = x + h, layer + 1
        rgb = self.convolved("generator.conv_to_rgb", self.normed("generator.bn", x, None), 1)
        return (rgb[:, :3].tanh() + 1) / 2


@pytest.mark.parametrize("config", [TINY_GAN, biggan.config(128)], ids=["tiny", "128"])
def test_converted_checkpoint_paints_as_published(config, tmp_path):
    """The whole way at full size: an old file, 211 MB, converted, loaded, drawn.

    1e-4 of a picture in [0, 1]: float32, other order of sums.
    """
    tensors = gan_tensors(config)
    file = old_file(tmp_path / "real.bin", tensors)
    folder = convert(file, tmp_path / "converted", gan(config))
    file.unlink()
    network = biggan.load(folder).requires_grad_(False)
    shutil.rmtree(folder)  # 209 MB that pytest would keep
    noise, classes = uniform(128) - 0.5, uniform(1000, seed=1).softmax(-1)
    condition = torch.cat([noise, network.embeddings(classes)])
    ours = network(condition.expand(1, network.conditions, -1), 0.5)
    assert ours.shape == (1, 3, network.side, network.side)
    assert ours.std() > 0.05
    theirs = Published(tensors, config, level=25)(noise, classes)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


def test_statistics_lie_between_those_of_the_nearest_truncations():
    network = seeded(lambda: DeepGenerator(**TINY_GAN))
    norm = network.generator.bn
    norm.running_means += torch.arange(51.0)[:, None]
    x = torch.zeros(1, 4, 2, 2)
    means = [-float(norm(x, truncation).mean()) for truncation in (0.02, 0.43, 0.435, 1.0)]
    assert means == pytest.approx([1, 21.5, 21.75, 50], rel=1e-3)


def test_each_block_has_a_noise_and_a_class_of_its_own():
    network = seeded(lambda: DeepGenerator(**TINY_GAN))
    conditions = (uniform(1, network.conditions, 256) - 0.5).requires_grad_()
    picture = network(conditions, 1.0)
    (grad,) = torch.autograd.grad((picture * uniform(*picture.shape, seed=1)).sum(), conditions)
    assert (grad[0].abs().amax(-1) > 0).all()


def test_layouts_have_the_size_of_the_published_files():
    """Old files: the tensors, and less than 0.1 % of names around them."""
    names = {128: 506, 256: 602, 512: 698}
    for side, count in names.items():
        shapes = biggan.shapes(biggan.config(side))
        assert len(shapes) == count
        with torch.device("meta"):
            network = DeepGenerator(**biggan.config(side))
        assert network.side == side
        held = sum(tensor.numel() for tensor in network.state_dict().values())
        assert TABLE[f"biggan-{side}"].memory == 4 * held
    stored = 4 * sum(shape.numel() for shape in biggan.shapes(biggan.config(256)).values())
    assert 0 < TABLE["biggan-256"].files[0].bytes - stored < 1e-3 * stored


def test_hostile_old_file_runs_nothing(tmp_path):
    mark = tmp_path / "ran"
    tensors = {"embeddings.weight": torch.zeros(2), "extra": Hostile(mark)}
    with pytest.raises(UnusableCheckpoint, match="more than tensors"):
        convert(old_file(tmp_path / "a.bin", tensors), tmp_path / "converted", gan(TINY_GAN))
    assert not mark.exists()


def test_checkpoint_of_another_size_is_refused(tmp_path):
    file = old_file(tmp_path / "a.bin", gan_tensors(TINY_GAN))
    other = TINY_GAN | {"blocks": [*TINY_GAN["blocks"], [True, 1, 1]]}
    with pytest.raises(UnusableCheckpoint, match=r"another architecture than BigGAN-deep 64: 4\d"):
        convert(file, tmp_path / "converted", gan(other))
