"""One run from settings to result."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import same, settings
from PIL import Image

from otgen.explain import metrics
from otgen.explain.evidence import ARRAYS
from otgen.explain.plots import PLOTS
from otgen.guidance.loop import Diverged
from otgen.models import catalogue, precision
from otgen.painters.builders import BUILDERS
from otgen.painters.catalogue import GENERATORS
from otgen.painters.mini import vqgan_mini
from otgen.painters.vqgan import VQGAN
from otgen.recipe.codec import from_json
from otgen.recipe.prompts import InputError, Prompt, picture_of
from otgen.results import library, uploads
from otgen.results.saving import save
from otgen.results.store import read, record, unfinished
from otgen.run import comparison, notes, pool
from otgen.run.comparison import compare
from otgen.run.plan import plan


@pytest.fixture(scope="module")
def run():
    """Run once: (result, snapshots)."""
    snapshots = []
    return compare(plan(settings()), lambda snapshot: snapshots.append(snapshot) or True), snapshots


def test_there_is_one_more_picture_than_steps(run):
    result, snapshots = run
    assert [snapshot.step for snapshot in snapshots] == [0, 1, 2]
    assert result.complete
    assert result.steps == 2
    assert result.record.losses.shape == (3, 2)
    assert result.record.counts.shape == (3, 2, 2)
    for step, snapshot in enumerate(snapshots):
        assert same(result.record.losses[step], snapshot.loss.value.cpu().numpy())
    last = snapshots[-1].image.permute(0, 2, 3, 1).cpu().numpy()
    assert result.pictures.dtype == np.uint8
    assert np.abs(result.pictures / 255 - last).max() <= 0.5 / 255 + 1e-6


def test_numbers_agree_with_the_arrays(run):
    result, _ = run
    assert result.record.plan[-1].shape == result.record.cost[-1].shape == (2, 6, 2)
    assert result.record.corners[-1].shape == (6, 4, 2)
    assert (result.record.counts.sum(-1) == 6).all()
    for lane, name in enumerate(("ot", "mean")):
        numbers = result.numbers[name]
        nearest = result.record.cost[-1, lane].argmin(1)
        assert numbers["counts"] == [(nearest == 0).sum(), (nearest == 1).sum()]
        assert numbers["mass"] == pytest.approx([0.75, 0.25], abs=1e-3)  # the shares of 3 to 1
        assert 0 <= sum(numbers["judge"]["found"]) <= numbers["judge"]["of"]


def test_id_is_known_before_the_run_and_models_are_named(run):
    result, _ = run
    assert result.id == plan(settings()).id
    assert {"vqgan-mini", "clip-mini"} <= set(result.revisions)
    assert result.versions["torch"] == torch.__version__


def test_the_same_settings_twice_give_the_same_bytes(run):
    again = compare(plan(settings()))
    assert same(run[0].pictures, again.pictures)
    for name in ARRAYS:
        assert same(getattr(run[0].record, name), getattr(again.record, name)), name


def test_negative_prompts_are_counted_kept_and_resumed(tmp_path):
    asked = plan(settings(negative=(Prompt("a boat"), Prompt("a field", 2.0)), steps=3))
    stopped = compare(asked, lambda snapshot: snapshot.step < 1)
    assert asked.id != plan(settings(steps=3)).id
    save(stopped, tmp_path)
    kept = read(tmp_path / asked.id)
    whole, resumed = compare(asked), compare(asked, resume=unfinished(kept))
    assert same(whole.pictures, resumed.pictures)
    assert same(whole.record.avoided, resumed.record.avoided)
    assert whole.record.negative == ("a boat", "a field")
    assert whole.record.avoided.shape == (4, 2, 6, 2)
    for lane, name in enumerate(("ot", "mean")):
        shown = (whole.record.avoided[-1, lane] > 0).sum(0).tolist()
        assert whole.numbers[name]["avoided"] == shown
    save(whole, tmp_path)
    again = record(read(tmp_path / asked.id))
    assert same(again.avoided, whole.record.avoided)
    assert again.negative == whole.record.negative


def test_adaptive_run_keeps_weights_and_goes_on_to_the_same_bytes(run, tmp_path):
    asked = plan(settings(sampling="adaptive", cutouts=8, steps=4))
    assert asked.id != plan(settings(cutouts=8, steps=4)).id
    whole = compare(asked)
    kept = read(save(compare(asked, lambda snapshot: snapshot.step < 2), tmp_path))
    checkpoint = unfinished(kept)
    assert np.ptp(checkpoint.need) > 0  # what earlier steps have seen
    again = compare(asked, resume=checkpoint)
    assert same(again.pictures, whole.pictures)
    for name in (*ARRAYS, "weights", "recent_weights"):
        assert same(getattr(again.record, name), getattr(whole.record, name)), name
    for lost in (None, checkpoint.need[:1]):  # its file was changed: the run begins anew
        with pytest.raises(ValueError, match="need is"):
            comparison._need(torch.ones(2, 2), lost)
    save(whole, tmp_path)
    evidence = record(read(tmp_path / asked.id))
    assert same(evidence.weights, whole.record.weights)
    assert evidence.weights.shape == (5, 8)
    np.testing.assert_allclose(evidence.weights.sum(1), 1, rtol=1e-6)
    assert (evidence.counts.sum(-1) == 8).all()  # as they count, in whole numbers
    nearest = evidence.cost[-1, 0].argmin(1) == 0
    assert abs(whole.numbers["ot"]["counts"][0] - 8 * evidence.weights[-1] @ nearest) <= 0.5
    np.testing.assert_allclose(
        evidence.plan[:, 1].sum(-1), evidence.weights, rtol=1e-4
    )  # the mean's
    assert whole.notes == ()
    assert run[0].record.weights.shape == (3, 0)
    assert run[0].unfinished is None
    assert "sampling" not in run[0].settings.as_dict()


def test_places_are_measured_and_kept(run, tmp_path):
    placed = (Prompt("a cat", 3.0, "left"), Prompt("a castle"))
    made = compare(plan(settings(prompts=placed)))
    assert made.id != run[0].id
    save(made, tmp_path)
    kept = read(tmp_path / made.id)
    assert kept.settings.prompts == placed
    assert record(kept).places == made.record.places == ("left", "")
    for lane, name in enumerate(("ot", "mean")):
        parts = metrics.placed(made.record, lane)
        assert kept.numbers[name]["placed"] == parts
        assert parts[1] is None
    assert not same(made.pictures[0], run[0].pictures[0])
    assert same(made.pictures[1], run[0].pictures[1])  # the mean has no plan to change
    with Image.open(kept.folder / "ot.png") as picture:
        assert picture.info["parameters"].startswith("a cat @left :3 | a castle :1\n")
        assert from_json(picture.info["otgen"]).settings == made.settings


def test_place_of_a_prompt_alone_is_said_to_do_nothing():
    alone = settings(prompts=(Prompt("a cat", place="left"),), steps=1)
    (note,) = compare(plan(alone)).notes
    assert "has no effect: add" in note
    some = replace(alone, lanes=("background@0.97", "ot", "mean"))
    (note,) = notes.idle_place(plan(some))
    assert "has no effect under ot and mean: add" in note
    assert not notes.idle_place(plan(replace(alone, lanes=("background@0.97", "worst"))))
    assert compare(plan(settings(prompts=(Prompt("a cat"),), steps=1))).notes == ()


def test_run_without_places_names_none(run):
    result, _ = run
    assert result.record.places == ()
    assert all("placed" not in numbers for numbers in result.numbers.values())
    assert "place" not in str(result.settings.as_dict())


def test_run_without_negative_prompts_names_none(run, tmp_path):
    result, _ = run
    assert all("avoided" not in numbers for numbers in result.numbers.values())
    with np.load(save(result, tmp_path) / "arrays.npz") as arrays:
        assert set(arrays) == set(ARRAYS)
    assert record(read(tmp_path / result.id)).avoided.shape == (3, 2, 6, 0)


def test_two_runs_at_once_give_the_pictures_of_each_alone(run):
    other = settings(seed=9)
    alone, together = {3: run[0], 9: compare(plan(other))}, {}

    def work(chosen):
        together[chosen.seed] = compare(plan(chosen))

    threads = [threading.Thread(target=work, args=(chosen,)) for chosen in (settings(), other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not same(alone[3].pictures, alone[9].pictures)
    for seed, result in alone.items():
        assert same(together[seed].pictures, result.pictures)
        assert same(together[seed].record.losses, result.record.losses)


def test_stop_keeps_what_was_made(run):
    stopped = compare(plan(settings()), lambda snapshot: snapshot.step < 1)
    assert not stopped.complete
    assert stopped.steps == 1
    assert stopped.id == run[0].id
    assert stopped.record.losses.shape == (2, 2)
    assert same(stopped.record.losses, run[0].record.losses[:2])
    expected = run[1][1].image.permute(0, 2, 3, 1).cpu().numpy()
    assert np.abs(stopped.pictures / 255 - expected).max() <= 0.5 / 255 + 1e-6


@pytest.fixture(scope="module")
def wholes():
    """Runs that went to their end at once, by painter."""
    return {}


@pytest.mark.parametrize(
    ("generator", "at"),
    [
        ("vqgan-mini", 2),
        ("storybook", 2),  # between two trials
        ("storybook", 4),
        ("diffusion-mini", 3),  # between two calls of the denoiser
        ("diffusion-mini", 4),
        ("siren", 1),
        ("fourier", 1),
    ],
)
def test_interrupted_run_goes_on_to_the_same_bytes(generator, at, wholes, tmp_path, monkeypatch):
    monkeypatch.setattr("otgen.run.recorder.MOMENTS", 2)  # so that not every step is one
    monkeypatch.setattr("otgen.run.recorder.RECENT", 2)
    more = {
        "storybook": {"steps": 14, "sprites": 2},
        "siren": {"steps": 2, "height": 128, "width": 136},
        "fourier": {"steps": 2, "height": 136, "width": 128},
    }.get(generator, {"steps": 5})
    chosen = settings(generator=generator, **more)
    whole = wholes.get(generator) or wholes.setdefault(generator, compare(plan(chosen)))
    part = compare(plan(chosen), lambda snapshot: snapshot.step < at)
    assert part.steps == at
    seen = []
    resume = unfinished(read(save(part, tmp_path)))

    def watch(snapshot) -> bool:
        seen.append(snapshot.step)
        return True

    again = compare(plan(chosen), watch, resume=resume)
    assert seen == list(range(at, chosen.steps + 1))
    assert again.complete
    assert again.unfinished is None
    assert same(again.pictures, whole.pictures)
    for name in ARRAYS:
        assert same(getattr(again.record, name), getattr(whole.record, name)), name
    assert (again.numbers, again.notes, again.id) == (whole.numbers, whole.notes, whole.id)


def test_what_is_kept_on_the_way_goes_on_like_what_was_stopped(run):
    kept = []

    def keep(so_far):
        kept.append(so_far())

    whole = compare(plan(settings()), keep=keep)
    assert [result.steps for result in kept] == [0, 1]
    assert same(whole.pictures, run[0].pictures)  # looking does not disturb
    again = compare(plan(settings()), resume=kept[1].unfinished)
    assert same(again.pictures, whole.pictures)
    # An hour that was painted before the break counts.
    assert kept[1].unfinished.seconds > 0
    late = kept[1].unfinished._replace(seconds=3600.0)
    assert compare(plan(settings()), resume=late).timings["paint"] > 3600


@pytest.mark.parametrize("change", [{"machine": "another"}, {"state": {"z": np.zeros(3)}}])
def test_run_of_another_machine_or_shape_begins_anew(run, change):
    part = compare(plan(settings()), lambda snapshot: snapshot.step < 1)
    seen = []
    again = compare(
        plan(settings()),
        lambda snapshot: seen.append(snapshot.step) or True,
        resume=part.unfinished._replace(**change),
    )
    assert seen == [0, 1, 2]
    assert same(again.pictures, run[0].pictures)


def test_one_lane_alone_is_the_lane_beside_another(run):
    alone = compare(plan(settings(lanes=("mean",))))
    assert list(alone.numbers) == ["mean"]
    # A batch of one or of two differs in the order of float32 sums; Adam's first steps are signs.
    assert np.abs(alone.record.losses[:, 0] - run[0].record.losses[:, 1]).max() < 1e-4


def test_lane_with_an_epsilon_of_its_own_is_a_run_of_that_epsilon(run):
    alone = (settings(lanes=("ot",), epsilon=epsilon) for epsilon in (0.02, 1000))
    sharp, soft = (compare(plan(asked)) for asked in alone)
    both = compare(plan(settings(lanes=("ot@0.02", "ot@1000", "ot", "mean"), steps=1)))
    assert both.record.lanes == tuple(both.numbers) == ("ot@0.02", "ot@1000", "ot", "mean")
    # A batch of one or of four differs in the order of float32 sums.
    for lane, alone in enumerate((sharp, soft)):
        assert np.abs(both.record.losses[0, lane] - alone.record.losses[0, 0]).max() < 1e-4
    assert np.abs(both.record.losses[0, 2:] - run[0].record.losses[0]).max() < 1e-4
    shared = both.record.plan[0]
    assert np.abs(shared[1] - shared[3]).max() < 1e-4  # epsilon 1000 is in effect the mean
    assert np.abs(shared[0] - shared[3]).max() > 0.01


def test_mass_under_ot_is_the_share_that_was_asked_for():
    record = compare(plan(settings(steps=4, cutouts=16))).record  # 3 to 1
    assert record.plan.shape[:2] == (5, 2)
    assert np.abs(record.plan[:, 0].sum(1) - [0.75, 0.25]).max() < 1e-3
    assert np.abs(record.plan[:, 0].sum(2) - 1 / 16).max() < 1e-3
    said = PLOTS["shares"].describe(record)
    assert "“a cat” asked for 75% and has 75.0%" in said
    assert f"{record.counts[-1, 0, 1]} cutouts; Mean" in said


def test_a_solve_that_does_not_converge_is_noted():
    prompts = tuple(Prompt(text) for text in ("a cat", "a castle", "a tree", "a fish", "a sunset"))
    result = compare(plan(settings(prompts=prompts, steps=1, cutouts=64, epsilon=0.001)))
    (note,) = result.notes
    assert "Sinkhorn did not converge in lane ot" in note
    assert "first at step 0" in note
    assert "larger epsilon" in note
    assert compare(plan(settings(steps=1))).notes == ()


def _diverging(device):
    return replace(vqgan_mini(device), rate=float("nan"))


def test_a_run_that_diverges_keeps_its_last_sound_picture(run, monkeypatch):
    monkeypatch.setitem(GENERATORS, "diverging", GENERATORS["vqgan-mini"])
    monkeypatch.setitem(BUILDERS, "diverging", BUILDERS["vqgan-mini"]._replace(build=_diverging))
    result = compare(plan(settings(generator="diverging")))
    assert not result.complete
    assert result.steps == 0
    assert "at step 1 of 2: try" in result.diverged
    assert result.notes == ()
    assert result.unfinished is None  # going on would diverge again
    assert same(result.pictures, comparison.uint8(run[1][0].image))


def test_a_run_that_is_never_finite_says_so(monkeypatch):
    def build(device):
        generator = vqgan_mini(device)
        generator.autoencoder.post_quant_conv.bias.data.fill_(float("nan"))
        return generator

    monkeypatch.setitem(GENERATORS, "broken", GENERATORS["vqgan-mini"])
    monkeypatch.setitem(BUILDERS, "broken", BUILDERS["vqgan-mini"]._replace(build=build))
    with pytest.raises(Diverged, match="at step 0 of 2: try"):
        compare(plan(settings(generator="broken")))


@pytest.fixture
def halved(monkeypatch):
    """A painter whose decoder, as on some GPUs, overflows in reduced precision; how often it was
    built."""
    built = []

    def build(device):
        generator = vqgan_mini(device)
        decode = generator.autoencoder.decode

        def overflowing(latent):
            picture = decode(latent)
            return picture * float("nan") if torch.is_autocast_enabled("cpu") else picture

        built.append(precision.dtype(device))
        generator.autoencoder.decode = overflowing
        return generator

    monkeypatch.setitem(GENERATORS, "halved", GENERATORS["vqgan-mini"])
    monkeypatch.setitem(BUILDERS, "halved", BUILDERS["vqgan-mini"]._replace(build=build))
    monkeypatch.delenv("OTGEN_PRECISION")
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)
    pool.forget()
    yield built
    pool.forget()


def test_a_run_that_overflows_in_reduced_precision_is_repeated_in_float32(halved, run):
    result = compare(plan(settings(generator="halved")))
    assert result.complete
    assert halved == [torch.bfloat16, torch.float32]
    assert result.notes[0].startswith("The run was repeated in float32: in reduced precision, the ")
    assert "at step 0 of 2." in result.notes[0]
    assert result.device["precision"] == "float32"
    assert same(result.pictures, run[0].pictures)


def test_a_picture_that_is_not_finite_is_never_a_result(monkeypatch, halved):
    """Shown as bytes it would be black."""
    monkeypatch.setattr(
        VQGAN, "show", lambda self, state, image, longest=None: image * float("nan")
    )
    with pytest.raises(Diverged, match="picture holds numbers that are not finite at step 2 of 2"):
        compare(plan(settings(generator="halved")))
    assert halved == [torch.bfloat16, torch.float32]  # once more, and no more


def test_a_gpu_that_torch_has_no_kernel_for_is_told_in_a_sentence(monkeypatch):
    def fail(*_):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    monkeypatch.setattr(comparison, "descend", fail)
    with pytest.raises(InputError, match=r"not built for this GPU.*OTGEN_DEVICE=cpu"):
        compare(plan(settings()))


def test_bad_settings_are_refused_before_the_run():
    def watch(snapshot):
        raise AssertionError("it ran")

    with pytest.raises(InputError, match="dragon"):
        compare(plan(settings(prompts=(Prompt("a dragon"),))), watch)


def test_pictures_are_rounded_to_the_nearest_byte():
    pictures = torch.tensor([0.0, 0.4 / 255, 0.6 / 255, 1.0]).reshape(1, 1, 1, 4).expand(1, 3, 1, 4)
    assert comparison.uint8(pictures)[0, 0, :, 0].tolist() == [0, 0, 1, 255]


def test_revisions_change_with_the_files(tmp_path, monkeypatch):
    model = tmp_path / "tiny"
    model.mkdir()
    (model / "config.json").write_text("{}")
    monkeypatch.setattr(catalogue, "ASSETS", tmp_path)
    catalogue._shipped_revision.cache_clear()
    before = catalogue.revision("tiny")
    (model / "config.json").write_text("{ }")
    catalogue._shipped_revision.cache_clear()
    assert catalogue.revision("tiny") != before


@pytest.fixture
def owl(tmp_path, monkeypatch):
    """Upload a picture to a cache of this test's own; return its prompt."""
    monkeypatch.setenv("OTGEN_CACHE", str(tmp_path / "cache"))
    return uploads.prompt(Image.effect_noise((96, 64), 60).convert("RGB"))


def test_picture_is_a_prompt_beside_texts_and_lies_in_its_result(owl, tmp_path, monkeypatch):
    name = picture_of(owl.text)
    asked = plan(settings(prompts=(owl, Prompt("a castle", 2.0)), negative=(owl,)))
    made = compare(asked)
    assert made.record.prompts == (f"[picture {name}]", "a castle")
    assert all("judge" not in numbers for numbers in made.numbers.values())
    kept = read(save(made, tmp_path / "store"))
    assert (kept.folder / f"picture-{name}.png").read_bytes() == uploads.file(name).read_bytes()
    assert kept.settings == made.settings
    uploads.file(name).unlink()
    library.bring(tmp_path / "store", made.settings)
    assert np.array_equal(compare(asked).pictures, made.pictures)
    os.utime(uploads.file(name), (0, 0))
    library.delete(tmp_path / "store", made.id)
    assert not uploads.file(name).exists()
    monkeypatch.setattr(comparison, "fetch", lambda *_: pytest.fail("weights come in vain"))
    with pytest.raises(InputError, match=f"picture {name} is not on this machine: upload it again"):
        compare(asked)
