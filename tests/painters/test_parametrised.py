"""Pictures of a SIREN and of waves: the same at any size, and what their sources say of them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from helpers import CPU, uniform
from torch.nn import functional as F

from otgen.models.catalogue import asset
from otgen.painters.base import Options
from otgen.painters.colours import LEVEL, MIX
from otgen.painters.fourier import Fourier, fourier
from otgen.painters.parametrised import sized
from otgen.painters.siren import Siren, siren
from otgen.painters.storybook import decoder, places
from otgen.world.storybook.words import PLACES

BUILDERS = {"siren": siren, "fourier": fourier}


@pytest.fixture(params=BUILDERS.values(), ids=BUILDERS)
def painter(request):
    return sized(request.param(CPU), Options(height=32, width=32))


def _moved(painter, lanes=1, steps=20):
    """Return a state some steps on the way to a picture of a disc."""
    down, across = (torch.linspace(-1, 1, side) for side in painter.guided())
    disc = (down[:, None].square() + across.square() < 0.4).float()
    state = painter.init(lanes, 5, steps + 1)
    for _ in range(steps):
        drawing = painter.draw(state)
        wrong = (drawing.image - disc).square().mean((1, 2, 3))
        state = painter.step(state, drawing, torch.autograd.grad(wrong.sum(), drawing.leaves))
    return state, float(wrong[0].detach())


@pytest.mark.parametrize(
    ("size", "guided"),
    [
        ((64, 64), (64, 64)),
        ((256, 256), (128, 128)),
        ((400, 800), (200, 400)),
        ((136, 1024), (128, 964)),
        ((1024, 1024), (256, 256)),
    ],
)
def test_pictures_that_guide_a_run_are_half_as_large_within_bounds(size, guided):
    painter = sized(siren(CPU), Options(height=size[0], width=size[1]))
    assert painter.guided() == guided


def test_pictures_are_small_while_a_run_goes_on_and_as_asked_for_at_its_end(painter):
    painter = replace(painter, height=136, width=144)
    state = painter.init(2, 1, 3)
    image = painter.draw(state).image
    assert image.shape == (2, 3, 128, 136)
    shown = painter.show(state, image.detach())
    assert shown.shape == (2, 3, 136, 144)
    last = painter.draw(state._replace(count=3)).image
    assert torch.equal(last, shown)
    assert painter.show(state, last) is last
    assert painter.show(state, image, 140).shape == (2, 3, 132, 140)
    assert painter.show(state, image, 100) is image


@pytest.mark.parametrize("size", [(32, 64), (65, 33)])
def test_a_large_picture_is_the_small_one_with_more_pixels(painter, size):
    """It is the same function of the place: reduced, it is the small one but for what reducing
    takes away of detail."""
    height, width = size
    painter = replace(painter, height=height, width=width)
    state, _ = _moved(painter, steps=10)
    picture = painter.parametrisation.picture
    small, large = (picture(state.parameters, k * height, k * width) for k in (1, 3))
    middle = large[..., 1::3, 1::3]  # of 3 x 3 pixels, the one that has the small one's place
    assert small.std() > 0.02
    assert (middle - small).abs().max() < 2e-3  # sines multiply float32's errors by 30 a layer


def test_lanes_do_not_touch_each_other(painter):
    state = _moved(painter, steps=3)[0]
    other = state.parameters + 0.01 * (uniform(*state.parameters.shape) - 0.5)
    both = torch.cat([state.parameters, other])
    picture = painter.parametrisation.picture
    together = picture(both, 32, 40)
    assert (together[:1] - picture(state.parameters, 32, 40)).abs().max() < 1e-5
    assert (together[0] - together[1]).abs().max() > 1e-3


def test_steps_lead_to_a_picture(painter):
    first = _moved(painter, steps=1)[1]
    assert _moved(painter, steps=30)[1] < first / 2


def test_steps_shrink_to_nothing_at_the_end(painter):
    """They are Adam's with a rate that falls along a quarter of a cosine."""
    painter = replace(painter, height=16, width=16)
    state = painter.init(1, 0, 10)
    weights = state.parameters.clone().requires_grad_()
    adam = torch.optim.Adam([weights], lr=1.0, betas=(0.9, 0.99), eps=1e-8)
    for step in range(10):
        grad = uniform(*weights.shape, seed=step) - 0.5
        state = painter.step(state, painter.draw(state), (grad,))
        adam.param_groups[0]["lr"] = painter.rate * math.cos(math.pi / 2 * step / 10)
        weights.grad = grad.clone()
        adam.step()
    assert (state.parameters - weights.detach()).abs().max() < 1e-4 * painter.rate * 10


# SIREN


def test_siren_is_the_network_of_its_paper():
    """Written again with torch's own layers, a place at a time."""
    network = Siren(width=8, depth=2)
    parameters = 3 * network.start(1, 4, 6)
    inner, layers = 2, []
    rest = parameters.clone()
    for outer in (8, 8, 3):
        layer = torch.nn.Linear(inner, outer)
        block, rest = (
            rest[: (inner + 1) * outer].view(inner + 1, outer),
            rest[(inner + 1) * outer :],
        )
        layer.weight.data, layer.bias.data = block[:-1].T.contiguous(), block[-1]
        layers.append(layer)
        inner = outer
    assert not len(rest)
    image = network.picture(parameters[None], 4, 6)[0]
    for row, column in ((0, 0), (1, 4), (3, 5)):
        x = torch.tensor([(column + 0.5 - 3) / 2, (row + 0.5 - 2) / 2])
        for layer in layers[:-1]:
            x = torch.sin(30 * layer(x))
        colour = torch.sigmoid(torch.tensor(MIX) @ layers[-1](x) + torch.tensor(LEVEL))
        assert (image[:, row, column] - colour).abs().max() < 1e-5


def test_sirens_sines_are_given_numbers_of_one_spread_in_every_layer():
    """The paper's section 3.2: sines are given numbers that are normal, of deviation 1."""
    network = Siren(width=128, depth=4)
    shapes = network._shapes()
    parts = network.start(0, 0, 0).split([inner * outer for inner, outer in shapes])
    x, spread = 2 * uniform(500, 2) - 1, []
    for part, shape in zip(parts[:-1], shapes, strict=False):
        layer = part.view(shape)
        x = torch.sin(30 * (x @ layer[:-1] + layer[-1]))
        spread.append(x.std().item())
    assert spread[1:] == pytest.approx([math.sqrt((1 - math.exp(-2)) / 2)] * 3, abs=0.03)


# Fourier


def test_fourier_is_a_sum_of_waves():
    """Each coefficient, alone: a wave of its number over the picture, through pixels' middles."""
    waves = Fourier(finest=10)  # the shortest count, too
    nothing = torch.zeros(1, *waves.start(0, 9, 13).shape)
    level = torch.tensor(LEVEL)
    x, y = (torch.arange(13) + 0.5) / 13, ((torch.arange(9) + 0.5) / 9)[:, None]
    for down, across in ((0, 1), (-3, 2), (4, 6), (2, 0)):
        parameters = nothing.clone()
        parameters[0, :, 4 + down, across] = torch.tensor([3.0, -2.0])
        image = torch.logit(waves.picture(parameters, 9, 13)[0].double())
        numbers = torch.linalg.solve(
            torch.tensor(MIX).double(), (image - level[:, None, None]).flatten(1)
        )
        phase = 2 * torch.pi * (down * y + across * x)
        wave = 3 * phase.cos() + 2 * phase.sin()
        numbers = numbers[0].view(9, 13)
        cosine = F.cosine_similarity(numbers.flatten(), wave.double().flatten(), 0)
        assert cosine > 1 - 1e-4


def test_fouriers_start_has_its_contrast_and_long_waves_the_largest_part():
    waves = Fourier(contrast=0.3)
    image = torch.logit(waves.picture(waves.start(2, 128, 96)[None], 128, 96)[0])
    numbers = torch.linalg.solve(
        torch.tensor(MIX), (image - torch.tensor(LEVEL)[:, None, None]).flatten(1)
    )
    assert numbers.std().item() == pytest.approx(0.3, rel=0.3)
    spectrum = torch.fft.rfft2(numbers.view(3, 128, 96)).abs().square().mean(0)
    assert spectrum[1:4, 1:4].mean() > 100 * spectrum[12:16, 12:16].mean()


# Colours


def test_colours_are_those_of_the_storybook():
    """MIX is the root of the covariance of its colours' logits, LEVEL their mean."""
    codes = decoder.load(asset("storybook-sprites"))
    sprites = decoder.decoded(codes[0], codes[1][::9], 32)
    grounds = torch.stack(
        [torch.from_numpy(places.draw(name, 0, 32, 32)).permute(2, 0, 1) for name in PLACES]
    )
    behind = grounds[torch.arange(len(sprites)) % len(grounds)]
    pictures = sprites[:, :3] + (1 - sprites[:, 3:]) * behind
    logits = torch.logit(pictures.clamp(0.02, 0.98)).transpose(0, 1).flatten(1)
    mix = torch.tensor(MIX)
    assert (logits.mean(1) - torch.tensor(LEVEL)).abs().max() < 0.15
    assert (torch.cov(logits) - mix @ mix.T).abs().max() < 0.4
