"""The full-size generators and encoders, tiny and random, in the layout of the real ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import adm_tensors, gan_tensors, new_file, old_file, tensors_of
from diffusers import (
    DDIMScheduler,
)
from helpers import CPU, objective, seeded, slope, tiny_diffusion, tiny_encoder, uniform
from hub import COMMIT, Hub, lightning
from model_folders import (
    NARROW,
    clip_folder,
    listed,
    sd_folder,
    tiny_taesd,
)
from PIL import Image

from otgen.guidance.clip import load_downloaded
from otgen.guidance.loop import descend
from otgen.models import adm, biggan, downloads, precision
from otgen.models.catalogue import TABLE
from otgen.models.downloads import Unavailable
from otgen.models.layouts import LAYOUTS, gan, unet, vqgan
from otgen.models.weights import File, Source
from otgen.painters import full
from otgen.painters.base import Options
from otgen.painters.builders import BUILDERS
from otgen.painters.catalogue import GENERATORS, card
from otgen.recipe.presets import PRESETS
from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings
from otgen.results import uploads
from otgen.run import comparison, pool
from otgen.run.assembly import adapted, start_of
from otgen.run.comparison import compare
from otgen.run.plan import Plan, plan
from otgen.ui import form
from otgen.ui.preset_row import note

PROMPTS = (Prompt("a cat"), Prompt("a castle"))
LONG = "cat " * 30 + "and a castle " * 20


# Thin, at the sides of the real ones: BigGAN-deep of 128 pixels, and OpenAI's diffusion of 256.
THIN_GAN = biggan.config(128) | {"width": 4}
THIN_ADM = adm.IMAGENET_256 | {
    "block_out_channels": [8] * 6,
    "layers_per_block": 1,
    "down_block_types": ["ResnetDownsampleBlock2D"] * 4 + ["AttnDownBlock2D"] * 2,
    "up_block_types": ["AttnUpBlock2D"] * 2 + ["ResnetUpsampleBlock2D"] * 4,
    "attention_head_dim": 4,
    "norm_num_groups": 4,
    "attn_norm_num_groups": 4,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("models")
    return {
        "checkpoint": lightning(base / "tiny.ckpt", tensors_of(NARROW)),
        "clip": clip_folder(base / "clip"),
        "sd": sd_folder(base / "sd"),
        "taesd": tiny_taesd(base / "taesd"),
        "gan": old_file(base / "gan.bin", gan_tensors(THIN_GAN)),
        "adm": new_file(base / "adm.pt", adm_tensors(THIN_ADM)),
    }


@pytest.fixture
def world(made, tmp_path, monkeypatch):
    """A hub that serves small models under the names of the real ones, and an empty cache."""
    served = {"v/qgan/tiny.ckpt": made["checkpoint"]}
    content = made["checkpoint"].read_bytes()
    file = File("tiny.ckpt", len(content), hashlib.sha256(content).hexdigest())
    for name in ("vqgan-imagenet", "vqgan-wikiart"):
        mirrors = (Source("v/qgan", COMMIT),)
        monkeypatch.setitem(TABLE, name, TABLE[name]._replace(files=(file,), sources=mirrors))
    for name, key in (
        ("clip-vit-b32", "clip"),
        ("stable-diffusion-v1-5", "sd"),
        ("taesd", "taesd"),
    ):
        entry, files = listed(f"r/{key}", made[key])
        monkeypatch.setitem(TABLE, name, entry)
        served |= files
    served |= {"s/three/gan.bin": made["gan"], "s/three/adm.pt": made["adm"]}
    hub = Hub(served)
    hub.use(monkeypatch, tmp_path)
    content = made["adm"].read_bytes()
    pinned = File("adm.pt", len(content), hashlib.sha256(content).hexdigest())
    for name, file in (("biggan-128", File("gan.bin")), ("diffusion-imagenet", pinned)):
        address = f"{hub.url}/s/three/resolve/main/{file.path}"
        entry = TABLE[name]._replace(files=(file,), sources=(Source("s3", "", address=address),))
        monkeypatch.setitem(TABLE, name, entry)
    monkeypatch.setitem(LAYOUTS, "biggan-deep-128", gan(THIN_GAN))
    monkeypatch.setitem(LAYOUTS, "openai-256", unet(THIN_ADM))
    monkeypatch.setitem(LAYOUTS, "f16-16384", vqgan(NARROW))
    monkeypatch.setattr(full, "VQGAN_SIDE", 128)
    pool.generator_of.cache_clear()
    pool.encoder_of.cache_clear()
    yield hub
    hub.close()
    pool.generator_of.cache_clear()
    pool.encoder_of.cache_clear()


def painter_of(planned: Plan):
    """Return the painter as a run of the plan adapts it."""
    return adapted(planned, start_of(planned))


def asked(generator: str, **changes) -> Settings:
    """Return a short run at the smallest size."""
    side = 256 if generator.startswith("diffusion") else 128
    values = {"steps": 1, "cutouts": 4, "height": side, "width": side} | changes
    return Settings(PROMPTS, generator, **values)


@pytest.mark.parametrize(
    "name", ["vqgan-imagenet", "vqgan-wikiart", "diffusion", "diffusion-imagenet", "biggan-128"]
)
def test_run_downloads_paints_and_says_what_it_ran_on(world, name):
    reports = []
    result = compare(plan(asked(name)), report=lambda *what: reports.append(what))
    side = 256 if name.startswith("diffusion") else 128
    assert result.pictures.shape == (2, side, side, 3)
    assert result.complete
    assert np.isfinite(result.record.losses).all()
    assert result.device["precision"] == "float32"
    assert result.revisions.keys() == {*card(name).weights, "clip-vit-b32"}
    assert {what.split("/")[0] for what, _, _ in reports} >= {"r"}
    asked_for = len(world.gets)
    again = compare(plan(asked(name)))
    assert len(world.gets) == asked_for  # all is here
    assert np.array_equal(again.pictures, result.pictures)
    assert again.id == result.id == plan(asked(name)).id


def test_long_prompt_is_reported_with_the_place_where_clip_stops(world):
    settings = replace(
        asked("vqgan-imagenet", steps=1), prompts=(Prompt("a cat"), Prompt(LONG[:290]))
    )
    (note,) = compare(plan(settings)).notes
    assert note.startswith("Prompt 2 has ")
    assert "reads 75" in note
    encoder = load_downloaded(downloads.fetch("clip-vit-b32"))
    (cut,) = encoder.truncated(["a cat", LONG])
    short, whole = encoder.texts([cut.part, LONG])
    torch.testing.assert_close(
        short, whole, atol=1e-6, rtol=0
    )  # what is said to be read is all that is


def test_encoder_is_a_setting_and_part_of_the_id(world):
    base = asked("vqgan-imagenet")
    assert plan(replace(base, encoder="clip-vit-b32")).id == plan(base).id
    assert plan(replace(base, encoder="clip-vit-l14")).id != plan(base).id
    assert plan(replace(base, encoder="clip-vit-b32", height=256)).settings.height is None
    assert "encoder" not in plan(replace(base, encoder="clip-vit-b32")).settings.as_dict()


@pytest.mark.parametrize("build", [full.vqgan_imagenet, full.vqgan_wikiart])
def test_full_size_vqgan_moves_at_the_rate_of_the_field(world, build):
    """Adam at 0.1, absolute, however narrow the codebook is (nerdyrodent/VQGAN-CLIP, pytti)."""
    generator = build(CPU)
    generator.autoencoder.codebook[1:] *= 1e-3  # as codes that were never used
    generator.autoencoder.codebook[0] = 10.0  # the box does not clamp
    state = generator.init(1, 0, 2)
    state = state._replace(z=torch.ones_like(state.z))
    moved = generator.step(state, generator.draw(state), (torch.ones_like(state.z),))
    assert torch.allclose(state.z - moved.z, torch.full_like(state.z, 0.1), atol=1e-6)


def test_vqgan_starts_from_a_picture(world, tmp_path):
    picture = Image.fromarray((uniform(90, 140, 3) * 255).byte().numpy())
    picture.save(tmp_path / "mine.png")
    name = uploads.keep(tmp_path / "mine.png")
    assert name == uploads.keep(tmp_path / "mine.png")
    read = torch.from_numpy(uploads.read(name, 128, 160)).permute(2, 0, 1)[None]
    assert read.shape == (1, 3, 128, 160)
    generator = BUILDERS["vqgan-imagenet"].build(CPU)
    started = full.sized_vqgan(generator, Options(128, 160, start=read))
    z = started.init(2, seed=1, steps=3).z
    torch.testing.assert_close(z[0], generator.autoencoder.encode(read)[0])
    assert torch.equal(z[0], z[1])
    result = compare(plan(asked("vqgan-imagenet", steps=1, width=160, start=name)))
    assert result.pictures.shape == (2, 128, 160, 3)
    with pytest.raises(InputError, match="not on this machine"):
        compare(plan(asked("vqgan-imagenet", start="0" * 12)))
    with pytest.raises(InputError, match="lays no noise"):
        plan(asked("vqgan-imagenet", start=name, strength=0.5))
    with pytest.raises(InputError, match="can't start from a picture"):
        plan(asked("storybook", start=name))


def test_run_may_fix_class_and_truncation(world):
    for asks, fixed, truncation in (
        ({"imagenet_class": 0, "truncation": 0.5}, 0, 0.5),
        ({"truncation": 1.0}, None, 1.0),
        ({}, None, 1.0),
    ):
        planned = plan(asked("biggan-128", **asks))
        generator = painter_of(planned)
        assert (generator.fixed, generator.truncation) == (fixed, truncation)
    assert plan(asked("biggan-128", truncation=1.0)).id == plan(asked("biggan-128")).id
    for field, title in (("imagenet_class", "ImageNet class"), ("truncation", "truncation")):
        with pytest.raises(InputError, match=f"diffusion has no {title}: leave it out"):
            plan(asked("diffusion", **{field: 1}))


def test_weights_of_another_side_at_the_address_are_refused(world, monkeypatch):
    """Nobody states the SHA-256 of this file: its names and shapes have to be right."""
    monkeypatch.setitem(LAYOUTS, "biggan-deep-128", gan(biggan.config(256) | {"width": 4}))
    with pytest.raises(Unavailable, match=r"biggan-128 can't be used.*another architecture"):
        downloads.fetch("biggan-128")


@pytest.mark.parametrize("generator", ["diffusion", "diffusion-imagenet"])
def test_diffusion_starts_from_a_picture(world, generator):
    name = uploads.keep(Image.fromarray((uniform(256, 256, 3) * 255).byte().numpy()))
    asked_ = asked(generator, start=name, anchor=1.0, lanes=("ot",))
    built = painter_of(plan(replace(asked_, strength=0.3)))
    start = built.encode(built.start.to(built.device))
    assert start.shape[1:] == built.shape
    assert built.depth == 0.3
    if generator == "diffusion-imagenet":  # its latent is the picture
        assert torch.allclose(built.decode(start), built.start, atol=1e-6)
    assert painter_of(plan(asked_)).depth == GENERATORS[generator].strength
    assert compare(plan(asked_)).pictures.shape == (1, 256, 256, 3)


def test_files_that_are_no_pictures_are_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"<html>")
    with pytest.raises(InputError, match="no picture"):
        uploads.keep(tmp_path / "a.png")


def test_last_picture_is_the_full_vaes_and_the_others_are_taesds(world):
    generator = full.guided(BUILDERS["diffusion"].build(CPU), Options(64, 64))
    seen = []
    generator = replace(
        generator,
        decode=lambda z: (seen.append("tiny"), card("diffusion") and z[:, :3].sigmoid())[1],
        finish=lambda z, full_vae=generator.finish: (seen.append("full"), full_vae(z))[1],
    )
    *_, last = descend(generator, objective(tiny_encoder(), cutouts=4), 2, 1, 3)
    assert seen == ["tiny", "tiny", "tiny", "full"]
    assert last.image.shape == (2, 3, 64, 64)


def test_unet_sees_no_text_or_the_prompts_joined(world):
    generator = BUILDERS["diffusion"].build(CPU)
    nothing = full.guided(generator, Options(64, 64))
    joined = full.guided(generator, Options(64, 64, text="a cat, a castle"))
    reader, tokenizer = generator.denoise.reader, generator.denoise.tokenizer
    tokens = tokenizer(
        ["a cat, a castle"], padding="max_length", max_length=77, return_tensors="pt"
    )
    hidden = reader(tokens.input_ids).last_hidden_state
    torch.testing.assert_close(joined.denoise.condition, hidden)
    noisy = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    assert not torch.equal(nothing.predict(noisy, 500), joined.predict(noisy, 500))
    first = painter_of(plan(asked("diffusion", conditioning="prompts"))).denoise.condition
    torch.testing.assert_close(first, hidden)


def test_prediction_is_the_schedulers_own_pred_original_sample(world):
    """Against DDIM of diffusers, which computes x0 from eps by its own code. 1e-5: float32."""
    generator = full.guided(BUILDERS["diffusion"].build(CPU), Options(64, 64))
    schedule = DDIMScheduler.from_config(generator.schedule.config, clip_sample=False)
    schedule.set_timesteps(10)
    noisy = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    for timestep in schedule.timesteps[[0, 5, 9]]:
        eps = generator.denoise(noisy, timestep)
        theirs = schedule.step(eps, timestep, noisy).pred_original_sample
        ours = generator.predict(noisy, int(timestep))
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_guidance_zero_is_plain_sampling(world):
    """diffusers' own DDIM, without us, ends at the same latent. 1e-4: float32, 4 steps."""
    built = replace(BUILDERS["diffusion"].build(CPU), moves=1, eta=0.0)
    generator = full.guided(built, Options(64, 64, guidance=0.0))
    state = generator.init(1, seed=3, steps=4)
    schedule = DDIMScheduler.from_config(
        generator.schedule.config,
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
    schedule.set_timesteps(4)
    x = state.noisy
    for timestep in schedule.timesteps:
        x = schedule.step(generator.denoise(x, timestep), timestep, x).prev_sample
    for _ in range(4):
        drawing = generator.draw(state)
        state = generator.step(state, drawing, (torch.randn_like(drawing.aux),))
    torch.testing.assert_close(state.noisy, x, atol=1e-4, rtol=1e-4)


def test_gradient_through_the_denoiser_agrees_with_finite_differences():
    """Along the gradient, in float32: within 2 %, for the width of the difference."""
    generator = tiny_diffusion("epsilon", through_denoiser=True)
    state = generator.init(1, seed=2, steps=4)
    loss = objective(tiny_encoder(), ("mean",))
    drawing = generator.draw(state)
    (grad,) = torch.autograd.grad(loss(drawing.image, 0).value.sum(), drawing.leaves)
    direction = torch.nn.functional.normalize(grad.flatten(), dim=0).view_as(grad)

    def at(noisy: torch.Tensor) -> torch.Tensor:
        return loss(generator.draw(state._replace(noisy=noisy)).image, 0).value.sum()

    expected_slope = slope(at, state.noisy, direction, 1e-2)
    assert abs(expected_slope - float((grad * direction).sum())) <= 0.02 * abs(expected_slope)


def test_weights_that_cannot_be_had_end_the_run_in_one_sentence(world):
    world.close()
    with pytest.raises(Unavailable, match=r"vqgan-imagenet could not be downloaded.*mini painter"):
        compare(plan(asked("vqgan-imagenet")))


def test_memory_that_runs_out_says_what_to_lower_and_the_next_run_works(world, monkeypatch):
    def full_memory(*_):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with monkeypatch.context() as patch:
        patch.setattr(comparison, "descend", full_memory)
        with pytest.raises(
            InputError, match=r"4 cutouts, 2 lanes and 128 x 128.*lower the cutouts"
        ):
            compare(plan(asked("vqgan-imagenet")))
    assert compare(plan(asked("vqgan-imagenet", steps=1))).complete


@pytest.mark.parametrize(("kind", "tolerance"), [(torch.bfloat16, 0.05), (torch.float16, 0.01)])
def test_reduced_precision_keeps_the_gradient(monkeypatch, kind, tolerance):
    """As on a GPU, here under the CPU's autocast: float32 in and out, tiny gradients kept."""
    network = seeded(
        lambda: torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 4))
    )
    x = uniform(5, 8).requires_grad_()
    (exact,) = torch.autograd.grad(network(x).square().sum() * 1e-6, x)
    monkeypatch.setattr(precision, "dtype", lambda device: kind)
    out = precision.run(network, x)
    assert out.dtype is torch.float32
    (reduced,) = torch.autograd.grad(out.square().sum() * 1e-6, x)
    assert reduced.dtype is torch.float32
    assert float((reduced - exact).norm() / exact.norm()) < tolerance


def test_presets_suit_their_painters():
    for preset in PRESETS.values():
        settings = preset.settings()
        steps = 1000 if preset.figure else card(preset.generator).steps
        assert (settings.cutouts, settings.steps) == (64, steps)
        assert settings.generator in GENERATORS
        values = form.fields(settings)
        assert note(values) == ""
        said = note(values | {"generator": "diffusion-mini"})
        assert ("of the paper" in said) is bool(preset.figure)
        assert card(preset.generator).title in said
        assert plan(settings).settings == settings
    assert note(form.fields(replace(settings, prompts=PROMPTS))) == ""
