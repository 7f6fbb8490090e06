"""What every generator owes the loop, and each generator's update rule against its source."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from diffusers import DDIMScheduler
from helpers import (
    CPU,
    objective,
    slope,
    tiny_autoencoder,
    tiny_biggan,
    tiny_diffusion,
    tiny_encoder,
    tiny_pixels,
    tiny_unet,
    tiny_vqgan,
    uniform,
)

from otgen.guidance.clip import load
from otgen.guidance.loop import descend
from otgen.models.catalogue import TABLE, asset
from otgen.painters.base import Options, frozen, unit_interval
from otgen.painters.builders import BUILDERS
from otgen.painters.catalogue import GENERATORS, card
from otgen.painters.mini import diffusion_mini
from otgen.recipe.lanes import EXAMPLES
from otgen.recipe.prompts import InputError

STEPS = 10
FEW = 2  # sprites: each tries all things on
SMALL = 64  # pixels of a side, of painters that may have any
SHIPPED = [name for name, about in GENERATORS.items() if not set(about.weights) & set(TABLE)]
# Kinds of painters whose weights don't ship, thin and random.
THIN = {"biggan-256": tiny_biggan, "diffusion-imagenet": tiny_pixels}
NAMES = [*SHIPPED, *THIN]
_built, _encoders = {}, {}


def _generator(name):
    """Build a generator once."""
    if name in THIN:
        return THIN[name]()
    if name not in _built:
        about = GENERATORS[name]
        side = None if about.weights else SMALL
        small = Options(side, side, sprites=FEW if about.sprites else None)
        _built[name] = BUILDERS[name].adapt(BUILDERS[name].build(CPU), small)
    return _built[name]


def _encoder(name):
    """Load the encoder of a generator once."""
    if name in THIN:
        return tiny_encoder()
    encoder = GENERATORS[name].encoder
    if encoder not in _encoders:
        _encoders[encoder] = load(asset(encoder))
    return _encoders[encoder]


def _tensors(state) -> list[torch.Tensor]:
    return [part for part in state if isinstance(part, torch.Tensor)]


@pytest.mark.parametrize("name", NAMES)
def test_start_is_the_same_in_every_lane_and_a_function_of_the_seed(name):
    generator = _generator(name)
    image = generator.draw(generator.init(2, 1, STEPS)).image
    assert image.shape[:2] == (2, 3)
    assert image.dtype == torch.float32
    assert image.min() >= 0
    assert image.max() <= 1
    assert torch.equal(image[0], image[1])
    assert torch.equal(image, generator.draw(generator.init(2, 1, STEPS)).image)
    assert not torch.equal(image, generator.draw(generator.init(2, 2, STEPS)).image)


@pytest.mark.parametrize("name", NAMES)
def test_step_leaves_its_input_as_it_was(name):
    generator = _generator(name)
    state = generator.init(1, 1, STEPS)
    for _ in range(3):
        before = [tensor.clone() for tensor in _tensors(state)]
        drawing = generator.draw(state)
        grads = torch.autograd.grad((drawing.image - 0.2).square().sum(), drawing.leaves)
        after = generator.step(state, drawing, grads)
        again = generator.step(state, drawing, grads)
        assert all(torch.equal(a, b) for a, b in zip(before, _tensors(state), strict=True))
        assert all(torch.equal(a, b) for a, b in zip(_tensors(after), _tensors(again), strict=True))
        assert not any(tensor.requires_grad for tensor in _tensors(after))
        assert torch.equal(generator.draw(state).image, drawing.image.detach())
        state = after


@pytest.mark.parametrize(
    ("name", "coupling"),
    [
        *((name, coupling) for name in SHIPPED for coupling in ("ot", "mean")),
        *((name, "mean") for name in THIN),
        *(("vqgan-mini", coupling) for coupling in EXAMPLES if coupling not in ("ot", "mean")),
    ],
)
def test_loss_falls(name, coupling):
    look = objective(_encoder(name), couplings=(coupling,), cutouts=16)
    snapshots = list(descend(_generator(name), look, 1, 3, STEPS))
    with torch.no_grad():  # averaged over cutouts that neither end was painted for
        first, last = (
            sum(look(snapshot.image, 1000 + view).value.item() for view in range(3)) / 3
            for snapshot in (snapshots[0], snapshots[-1])
        )
    assert last < first - 1e-3


@pytest.mark.parametrize("name", SHIPPED)
def test_usual_strength_is_the_cards(name):
    assert getattr(_generator(name), "depth", None) == GENERATORS[name].strength


@pytest.mark.parametrize("name", SHIPPED)
def test_run_goes_on_from_the_lanes_that_are_picked(name):
    generator = _generator(name)
    state = generator.init(2, 1, 4)
    for _ in range(2):
        drawing = generator.draw(state)
        loss = (drawing.image - torch.tensor([0.2, 0.8])[:, None, None, None]).square().sum()
        state = generator.step(state, drawing, torch.autograd.grad(loss, drawing.leaves))
    begun = generator.onward(state, [1, 0, 1], 1, STEPS)
    image = generator.draw(begun).image
    assert torch.equal(image[0], image[2])
    assert not torch.equal(image[0], image[1])
    assert torch.equal(image, generator.draw(generator.onward(state, [1, 0, 1], 1, STEPS)).image)
    like = generator.init(3, 1, STEPS)  # a run's checkpoints are read into such a state
    assert frozen(begun).keys() == frozen(like).keys()
    assert all(a.shape == b.shape for a, b in zip(_tensors(begun), _tensors(like), strict=True))
    if name == "vqgan-mini":
        assert torch.equal(image, generator.draw(state).image[[1, 0, 1]].detach())


def test_unknown_generator_is_named_with_those_there_are():
    with pytest.raises(InputError) as wrong:
        card("stylegan")
    assert "stylegan" in str(wrong.value)
    assert all(name in str(wrong.value) for name in GENERATORS)


def test_weights_are_loaded_without_a_word(capfd, monkeypatch):
    monkeypatch.setattr("diffusers.utils.logging._tqdm_active", True)
    diffusion_mini(CPU)  # its weights are in three files, over which diffusers counts
    assert "".join(capfd.readouterr()) == ""


def test_unit_interval_lets_gradients_lead_back_inside():
    image = torch.tensor([-0.5, -0.5, 0.5, 0.5, 1.5, 1.5], requires_grad=True)
    grad = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    clamped = unit_interval(image)
    clamped.backward(grad)
    assert clamped.tolist() == [0, 0, 0.5, 0.5, 1, 1]
    # Descent subtracts the gradient: below 0 only a negative one leads back, above 1 only a
    # positive one.
    assert image.grad.tolist() == [0, -1, 1, -1, 1, 0]


# VQGAN


@pytest.mark.parametrize("absolute", [False, True])
def test_vqgan_step_is_adam(absolute):
    generator = replace(tiny_vqgan(rate=0.001 if absolute else 0.01), absolute=absolute)
    state = generator.init(2, 0, 5)
    # The start lies on codes, at most on the box's rim: from the middle of the box nothing is
    # clamped.
    state = state._replace(
        z=0.3 * state.z + 0.7 * generator.autoencoder.codebook.mean(0)[:, None, None]
    )
    deviation = generator.autoencoder.codebook.std(0)[:, None, None]
    if absolute:
        deviation = torch.ones_like(deviation)
    # Adam's steps are of the size of its rate: in the unit of each channel, so is ours.
    scaled = (state.z / deviation).clone().requires_grad_()
    adam = torch.optim.Adam([scaled], lr=generator.rate, eps=1e-8)
    for step in range(5):
        drawing = generator.draw(state)
        grad = uniform(*state.z.shape, seed=step) - 0.5
        state = generator.step(state, drawing, (grad,))
        scaled.grad = grad.clone()
        adam.step()
        assert (state.z - scaled.detach() * deviation).abs().max() < 1e-5  # float32


def test_vqgan_stays_in_the_box_of_its_codebook():
    generator = tiny_vqgan(rate=50.0)
    state = generator.init(1, 0, 5)
    state = generator.step(state, generator.draw(state), (uniform(*state.z.shape) - 0.5,))
    codebook = generator.autoencoder.codebook
    for channel in range(codebook.shape[1]):
        z = state.z[:, channel]
        assert z.min() == codebook[:, channel].min()
        assert z.max() == codebook[:, channel].max()


def test_quantise_snaps_to_the_nearest_code_and_passes_gradients_straight_through():
    autoencoder = tiny_autoencoder()
    z = (0.3 * (uniform(2, 4, 8, 8) - 0.5)).requires_grad_()
    codes = autoencoder.quantise(z)
    cells = z.detach().permute(0, 2, 3, 1).reshape(-1, 4)
    nearest = torch.cdist(cells, autoencoder.codebook).argmin(-1)
    assert torch.equal(codes.index.flatten(), nearest)
    snapped = autoencoder.codebook[nearest].reshape(2, 8, 8, 4).permute(0, 3, 1, 2)
    assert (codes.latent - snapped).abs().max() < 1e-6  # latent + (code - latent) in float32
    weight = uniform(2, 4, 8, 8, seed=1)
    (grad,) = torch.autograd.grad((codes.latent * weight).sum(), z)
    assert torch.equal(grad, weight)


def test_vqgan_gradient_is_the_gradient_at_the_snapped_latent():
    generator = tiny_vqgan()
    state = generator.init(1, 0, 5)
    target = uniform(1, 3, 32, 32)
    drawing = generator.draw(state)
    (grad,) = torch.autograd.grad((drawing.image * target).sum(), drawing.leaves)
    snapped = generator.autoencoder.quantise(state.z).latent.requires_grad_()
    image = unit_interval(generator.autoencoder.decode(snapped))
    (expected,) = torch.autograd.grad((image * target).sum(), snapped)
    assert (grad - expected).abs().max() < 1e-5 * expected.abs().max()


# Diffusion


@pytest.mark.parametrize("prediction_type", ["v_prediction", "epsilon"])
def test_prediction_equals_the_schedulers_own(prediction_type):
    generator = tiny_diffusion(prediction_type)
    scheduler = DDIMScheduler.from_config(generator.schedule.config)
    scheduler.set_timesteps(10)
    noisy = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    unet = tiny_unet()
    for timestep in (900, 500, 0):
        with torch.no_grad():
            output = unet(noisy, timestep).sample
            expected = scheduler.step(output, timestep, noisy).pred_original_sample
            ours = generator.predict(noisy, timestep)
        # Divided by the root of alpha-bar, down to 0.15 at 900: float32.
        assert (ours - expected).abs().max() < 1e-4


@pytest.mark.parametrize("moves", [1, 2])
@pytest.mark.parametrize("prediction_type", ["v_prediction", "epsilon"])
def test_without_guidance_it_is_plain_ddim(prediction_type, moves):
    generator = tiny_diffusion(prediction_type, strength=0.0, moves=moves)
    calls = 5
    state = generator.init(1, 7, calls * moves)
    start = state.noisy
    for _ in range(calls * moves):
        drawing = generator.draw(state)
        (grad,) = torch.autograd.grad(drawing.image.sum(), drawing.leaves)
        state = generator.step(state, drawing, (grad,))
    ours = generator.draw(state).image

    scheduler = DDIMScheduler.from_config(generator.schedule.config, timestep_spacing="trailing")
    scheduler.set_timesteps(calls)
    unet, noisy = tiny_unet(), start
    with torch.no_grad():
        for timestep in scheduler.timesteps:
            noisy = scheduler.step(
                unet(noisy, timestep).sample, timestep, noisy, eta=0.0
            ).prev_sample
        expected = tiny_autoencoder().decode(noisy).clamp(0, 1)
    # The last alpha-bar is 1, so the last sample is the picture. "epsilon" divides by the root of
    # alpha-bar, 5e-5 at the first timestep, so rounding is amplified there.
    largest = noisy.abs().max().item()
    assert (ours - expected).abs().max() < (1e-4 if prediction_type == "v_prediction" else 1e-3)
    assert (state.clean - noisy).abs().max() < 1e-4 * max(1, largest)


def test_diffusion_of_pixels_keeps_its_predictions_in_range_as_openai_sampled():
    """diffusers' DDIM, whose noise follows from the clipped prediction as in guided-diffusion."""
    generator = tiny_pixels(strength=0.0, eta=0.0)
    state = generator.init(1, 7, 4)
    schedule = DDIMScheduler.from_config(
        generator.schedule.config, clip_sample=True, timestep_spacing="trailing"
    )
    schedule.set_timesteps(4)
    noisy, clamped = state.noisy, 0
    for timestep in schedule.timesteps:
        drawing = generator.draw(state)
        (grad,) = torch.autograd.grad(drawing.image.sum(), drawing.leaves)
        state = generator.step(state, drawing, (grad,))
        eps = generator.denoise(noisy, timestep)
        made = schedule.step(eps, timestep, noisy, use_clipped_model_output=True)
        clamped += int((made.pred_original_sample.abs() == 1).sum())
        assert drawing.aux.abs().max() <= 1
        assert (drawing.aux - made.pred_original_sample).abs().max() < 1e-3
        noisy = made.prev_sample
    assert clamped > 1000
    # At the first timestep a prediction is 157 times the error of float32.
    assert (state.noisy - noisy).abs().max() < 1e-3


def test_noise_is_a_function_of_the_seed_and_shared_by_lanes():
    generator = tiny_diffusion(eta=1.0)

    def last(seed, lanes):
        state = generator.init(lanes, seed, 3)
        for _ in range(3):
            drawing = generator.draw(state)
            state = generator.step(state, drawing, (torch.ones_like(drawing.leaves[0]),))
        return generator.draw(state).image

    both = last(1, 2)
    assert torch.equal(both[0], both[1])
    assert torch.equal(both, last(1, 2))
    assert not torch.equal(both, last(2, 2))


@pytest.mark.parametrize("through_denoiser", [False, True])
def test_leaf_gradient_equals_finite_differences(through_denoiser):
    generator = tiny_diffusion(through_denoiser=through_denoiser)
    state = generator.init(1, 0, 3)
    state = state._replace(count=1)  # a timestep that has both signal and noise
    target = uniform(1, 3, 32, 32, seed=3)
    drawing = generator.draw(state)
    (grad,) = torch.autograd.grad((drawing.image * target).sum(), drawing.leaves)
    direction = grad / grad.norm()

    def value(leaf):
        clean = generator.predict(leaf, generator._timestep(state)) if through_denoiser else leaf
        return (unit_interval(generator.decode(clean)) * target).double().sum()

    expected = slope(value, drawing.leaves[0].detach(), direction, 0.02)
    # Float32 sums over a width of 0.04; curvature; and pixels at 0 or 1, where the gradient is one-
    # sided.
    assert float((grad * direction).sum()) == pytest.approx(expected, rel=0.05)


def test_both_leaves_work_and_differ():
    moved = []
    for through_denoiser in (False, True):
        generator = tiny_diffusion(through_denoiser=through_denoiser)
        state = generator.init(1, 0, 6)
        values = []
        for _ in range(7):
            drawing = generator.draw(state)
            value = (drawing.image - 0.8).square().mean()
            values.append(value.item())
            if len(values) < 7:
                state = generator.step(state, drawing, torch.autograd.grad(value, drawing.leaves))
        assert values[-1] < values[0]
        moved.append(drawing.image.detach())
    assert (moved[0] - moved[1]).abs().max() > 1e-3


def test_moves_between_denoiser_calls_follow_the_gradient():
    generator = tiny_diffusion(moves=3)
    state = generator.init(1, 0, 6)
    drawing = generator.draw(state)
    grad = uniform(1, 4, 8, 8) - 0.5
    after = generator.step(state, drawing, (grad,))
    moved = after.clean - drawing.aux
    length = moved.square().mean().sqrt().item()
    assert length == pytest.approx(
        0.25, rel=1e-3
    )  # ``strength``: all of x_t is noise at the first timestep
    cosine = (moved * -grad).sum() / (moved.norm() * grad.norm())
    assert cosine.item() == pytest.approx(1, abs=1e-5)
    assert torch.equal(after.noisy, state.noisy)


def test_renewed_noise_keeps_the_moved_prediction_and_the_level_of_noise():
    shares = []
    for renewed in (0.25, 1.0):
        generator = tiny_diffusion(moves=2, renewed=renewed)
        state = generator.init(2, 0, 6)._replace(count=2)  # signal and noise
        drawing = generator.draw(state)
        grad = (uniform(1, 4, 8, 8) - 0.5).expand(2, -1, -1, -1)
        after = generator.step(state, drawing, (grad,))
        assert after.clean is None  # the denoiser predicts again, at the same level
        assert generator._timestep(after) == generator._timestep(state)
        assert torch.equal(after.noisy[0], after.noisy[1])  # lanes share the draw

        again = generator.step(state, drawing, (grad,))
        assert torch.equal(again.noisy, after.noisy)  # a function of seed and step
        clean = tiny_diffusion(moves=2).step(state, drawing, (grad,)).clean
        alpha = generator._signal(generator._timestep(state))
        before, now = (
            ((x - alpha.sqrt() * clean) / (1 - alpha).sqrt())[0].flatten()
            for x in (state.noisy, after.noisy)
        )
        fresh = generator._noise(state.seed, state.count).flatten()
        kept = now - renewed**0.5 * fresh
        assert (kept - (1 - renewed) ** 0.5 * before).abs().max() < 1e-4
        shares.append(float(torch.corrcoef(torch.stack([now, fresh]))[0, 1]))
    assert shares[0] < 0.8
    assert shares[1] > 0.999


@pytest.mark.parametrize(("depth", "skipped"), [(0.25, 15), (0.5, 5), (1.0, 0)])
def test_start_is_the_encoded_picture_under_a_part_of_the_noise(depth, skipped):
    picture = uniform(1, 3, 32, 32)
    generator = replace(
        tiny_diffusion(), encode=tiny_autoencoder().encode, start=picture, depth=depth
    )
    state = generator.init(2, 3, 5)
    alone = replace(generator, start=None).init(2, 3, 5).noisy
    if depth == 1:
        assert torch.equal(state.noisy, alone)
    else:
        timestep = generator._timestep(state)
        assert timestep == 1000 * depth - 1
        alpha = generator._signal(timestep)
        expected = alpha.sqrt() * tiny_autoencoder().encode(picture) + (1 - alpha).sqrt() * alone
        assert torch.equal(state.noisy, expected)
    assert (state.levels, state.skipped) == (5 + skipped, skipped)
    for _ in range(5):
        drawing = generator.draw(state)
        state = generator.step(state, drawing, (torch.zeros_like(drawing.leaves[0]),))
    assert generator._timestep(state) == state.sampler.timesteps[-1]  # no noise is left


@pytest.mark.parametrize("steps", [1, 2, 7, 1999])
@pytest.mark.parametrize("depth", [0.01, 0.3, 1.0])
def test_every_step_has_a_timestep_however_many_there_are(steps, depth):
    generator = replace(tiny_diffusion(moves=2), depth=depth)
    state = generator._begun(torch.zeros(1, 4, 8, 8), 1, 0, steps)
    seen = [generator._timestep(state._replace(count=count)) for count in range(steps)]
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == set(state.sampler.timesteps[state.skipped :].tolist())


def test_finished_picture_goes_on_under_noise_and_a_stopped_one_from_its_prediction():
    generator = replace(tiny_diffusion(moves=2), depth=0.5)
    state = generator.init(1, 0, 4)
    for _ in range(4):
        drawing = generator.draw(state)
        stopped, state = state, generator.step(state, drawing, (torch.ones(1, 4, 8, 8),))
    begun = generator.onward(state, [0, 0], 9, 4)
    alpha = generator._signal(generator._timestep(begun))
    noise = generator._noise(9, 0, "start")
    expected = alpha.sqrt() * state.clean + (1 - alpha).sqrt() * noise
    assert torch.equal(begun.noisy, expected.expand(2, -1, -1, -1))
    halfway = generator.init(1, 0, 4)._replace(noisy=stopped.noisy, count=2)
    clean = generator.predict(stopped.noisy, generator._timestep(halfway))
    begun = generator.onward(halfway, [0], 9, 4)
    expected = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
    assert torch.equal(begun.noisy, expected)
