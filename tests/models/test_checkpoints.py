"""Checkpoints of taming's VQGAN: read without Lightning, nothing run, converted once."""

from __future__ import annotations

import errno
import pickle
import shutil
import threading
import zipfile
from pathlib import Path

import pytest
import torch
from checkpoint_files import TINY, Hostile, tensors_of
from diffusers import VQModel
from hub import lightning
from taming.modules.diffusionmodules.model import Decoder, Encoder
from torch.nn import functional as F

from otgen.models import checkpoints
from otgen.models.autoencoder import load
from otgen.models.checkpoints import UnusableCheckpoint, convert, read
from otgen.models.layouts import F16_16384, vqgan


@pytest.fixture(scope="module")
def tiny() -> dict[str, torch.Tensor]:
    return tensors_of(TINY)


def twin_key(key: str, levels: int) -> str:
    """Return diffusers' name (VQModel) of a tensor of taming's autoencoder."""
    parts = key.split(".")
    if parts[0] not in ("encoder", "decoder"):
        return key
    name = ".".join(parts[1:])
    for old, new in (
        ("mid.block_1", "mid_block.resnets.0"),
        ("mid.block_2", "mid_block.resnets.1"),
        ("mid.attn_1", "mid_block.attentions.0"),
        ("norm_out", "conv_norm_out"),
        ("nin_shortcut", "conv_shortcut"),
        ("downsample.conv", "downsamplers.0.conv"),
        ("upsample.conv", "upsamplers.0.conv"),
        (".block.", ".resnets."),
        (".attn.", ".attentions."),
        ("proj_out", "to_out.0"),
        (".q.", ".to_q."),
        (".k.", ".to_k."),
        (".v.", ".to_v."),
    ):
        name = name.replace(old, new)
    if "attentions" in name:
        name = name.replace(".norm.", ".group_norm.")
    side, _, rest = name.partition(".")
    if side == "down":
        name = f"down_blocks.{rest}"
    elif side == "up":
        level, _, rest = rest.partition(".")
        name = f"up_blocks.{levels - 1 - int(level)}.{rest}"
    return f"{parts[0]}.{name}"


def twin(config: dict, tensors: dict[str, torch.Tensor]) -> VQModel:
    """Build diffusers' VQModel with the same weights."""
    dd, levels = config["ddconfig"], len(config["ddconfig"]["ch_mult"])
    attended = [dd["resolution"] >> level in dd["attn_resolutions"] for level in range(levels)]
    with torch.device("meta"):
        model = VQModel(
            down_block_types=tuple(
                "AttnDownEncoderBlock2D" if a else "DownEncoderBlock2D" for a in attended
            ),
            up_block_types=tuple(
                "AttnUpDecoderBlock2D" if a else "UpDecoderBlock2D" for a in reversed(attended)
            ),
            block_out_channels=tuple(dd["ch"] * factor for factor in dd["ch_mult"]),
            layers_per_block=dd["num_res_blocks"],
            latent_channels=dd["z_channels"],
            num_vq_embeddings=config["n_embed"],
            vq_embed_dim=config["embed_dim"],
        )
    renamed = {}
    for key, value in tensors.items():
        name = twin_key(key, levels)
        linear = "attentions" in name and "group_norm" not in name and value.ndim == 4
        renamed[name] = (
            value[..., 0, 0] if linear else value
        )  # a 1 x 1 convolution is a Linear there
    model.load_state_dict(renamed, assign=True)
    return model.eval().requires_grad_(False)


def taming_part(part: type, prefix: str, config: dict, tensors: dict[str, torch.Tensor]):
    """Build taming's own Encoder or Decoder with the weights under the prefix."""
    with torch.device("meta"):
        built = part(**config["ddconfig"])
    own = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    built.load_state_dict(own, assign=True)
    return built.eval().requires_grad_(False)


@pytest.mark.parametrize("config", [TINY, F16_16384], ids=["tiny", "f16-16384"])
def test_converted_checkpoint_paints_as_taming_and_diffusers_do(config, tmp_path):
    """The whole way at full size: a file laid out as the real ones, converted, loaded, decoded.

    1e-4 of a picture in [-1, 1]: float32, other order of sums; the twins differ by about 2e-5.
    """
    tensors = tensors_of(config)
    file = lightning(tmp_path / "real.ckpt", tensors)
    folder = convert(file, tmp_path / "converted", vqgan(config))
    file.unlink()
    model = load(folder)
    shutil.rmtree(folder)  # 305 MB that pytest would keep
    assert model.state_dict().keys() == tensors.keys() | {"latent_scale"}
    draw = torch.Generator().manual_seed(1)
    index = torch.randint(
        config["n_embed"], (1, 2, 3), generator=draw
    )  # few cells: convolutions are alike
    latent = tensors["quantize.embedding.weight"][index].permute(0, 3, 1, 2)
    ours = model.decode(latent) * 2 - 1
    z = F.conv2d(latent, tensors["post_quant_conv.weight"], tensors["post_quant_conv.bias"])
    decoder = taming_part(Decoder, "decoder.", config, tensors)
    torch.testing.assert_close(ours, decoder(z), atol=1e-4, rtol=0)
    vq = twin(config, tensors)
    theirs = vq.decode(latent, force_not_quantize=True).sample
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)
    assert (model.quantise(latent).index == index).all()  # each code is its own nearest
    if config is TINY:  # the encoder: the same at full size, and a fifth of the time
        picture = torch.rand(1, 3, 32, 48, generator=draw)
        coded = model.encode(picture)
        encoder = taming_part(Encoder, "encoder.", config, tensors)
        h = F.conv2d(
            encoder(picture * 2 - 1), tensors["quant_conv.weight"], tensors["quant_conv.bias"]
        )
        torch.testing.assert_close(coded, h, atol=1e-4, rtol=0)
        torch.testing.assert_close(coded, vq.encode(picture * 2 - 1).latents, atol=1e-4, rtol=0)


def test_reading_keeps_what_a_generator_needs(tiny, tmp_path):
    tensors = read(lightning(tmp_path / "a.ckpt", tiny), vqgan(TINY))
    assert tensors.keys() == tiny.keys()  # no "loss.", no optimizer
    assert all(torch.equal(tensors[key], value) for key, value in tiny.items())


class Sly:
    """Stands where the allowed class stands, and calls it with arguments."""

    def __reduce__(self):
        return checkpoints._Callback, ("argument",)


def test_hostile_checkpoint_runs_nothing(tiny, tmp_path):
    mark = tmp_path / "ran"
    file = lightning(tmp_path / "a.ckpt", tiny, extra=Hostile(mark))
    with pytest.raises(UnusableCheckpoint, match="asks to run code"):
        convert(file, tmp_path / "converted", vqgan(TINY))
    assert not mark.exists()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == ["a.ckpt"]
    pickle.loads(pickle.dumps(Hostile(mark)))  # the same object does run where pickle is let loose
    assert mark.exists()


def test_name_next_to_the_allowed_one_is_refused(tiny, tmp_path):
    file = lightning(tmp_path / "a.ckpt", tiny, extra=Sly())
    with pytest.raises(UnusableCheckpoint, match="asks to run code"):
        read(file, vqgan(TINY))


def test_alias_is_gone_after_reading(tiny, tmp_path):
    file = lightning(tmp_path / "a.ckpt", tiny)
    before = set(torch.serialization.get_safe_globals())  # torch keeps a set: its order varies
    read(file, vqgan(TINY))
    assert set(torch.serialization.get_safe_globals()) == before
    with pytest.raises(pickle.UnpicklingError):
        torch.load(file, weights_only=True)


def broken_files(folder: Path, tiny: dict) -> dict[str, tuple[Path, str]]:
    """Return name -> (a file that is no usable checkpoint, what the message says)."""
    whole = lightning(folder / "whole.ckpt", tiny).read_bytes()
    files = {
        "html": (b"<!DOCTYPE html><html></html>", "no PyTorch checkpoint"),
        "empty": (b"", "no PyTorch checkpoint"),
        "cut": (whole[: len(whole) // 2], "no PyTorch checkpoint"),
        "bare pickle": (pickle.dumps({"state_dict": {}}), "no PyTorch checkpoint"),
    }
    by_name = {}
    for name, (content, says) in files.items():
        file = folder / f"{name}.ckpt"
        file.write_bytes(content)
        by_name[name] = file, says
    saved = {
        "no state_dict": ({"weights": tiny}, "no state_dict"),
        "bare tensors": (tiny, "no state_dict"),
        "smaller": ({"state_dict": tensors_of(TINY | {"n_embed": 8})}, "another architecture"),
        "gumbel": (
            {"state_dict": {k.replace("embedding", "embed"): v for k, v in tiny.items()}},
            "another architecture",
        ),
        "not finite": (
            {"state_dict": tiny | {"quant_conv.bias": torch.full((32,), torch.nan)}},
            "not finite",
        ),
    }
    for name, (content, says) in saved.items():
        torch.save(content, folder / f"{name}.ckpt")
        by_name[name] = folder / f"{name}.ckpt", says
    other = folder / "zip.ckpt"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    by_name["another zip"] = other, "no PyTorch checkpoint"
    return by_name


def test_unusable_files_end_in_one_sentence_and_leave_nothing(tiny, tmp_path):
    (tmp_path / "files").mkdir()
    for name, (file, says) in broken_files(tmp_path / "files", tiny).items():
        with pytest.raises(UnusableCheckpoint, match=says) as caught:
            convert(file, tmp_path / "out" / "converted", vqgan(TINY))
        assert "\n" not in str(caught.value), name
        left = [path.name for path in (tmp_path / "out").iterdir() if path.suffix != ".lock"]
        assert left == [], name


@pytest.mark.parametrize(
    "failure",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        checkpoints.SafetensorError("I/O error: No space left on device (os error 28)"),
    ],
    ids=["python", "safetensors"],
)
def test_full_disk_leaves_nothing_half_written(tiny, tmp_path, monkeypatch, failure):
    def fill(tensors, file):
        Path(file).write_bytes(b"half")
        raise failure

    file = lightning(tmp_path / "a.ckpt", tiny)
    monkeypatch.setattr(checkpoints, "save_file", fill)
    with pytest.raises(OSError) as caught:  # noqa: PT011 (its number is looked at)
        convert(file, tmp_path / "out" / "converted", vqgan(TINY))
    assert caught.value.errno == errno.ENOSPC
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".converted.lock"]
    monkeypatch.undo()
    assert load(convert(file, tmp_path / "out" / "converted", vqgan(TINY))).factor == 2


def test_threads_convert_once(tiny, tmp_path, monkeypatch):
    written = []
    save = checkpoints.save_file
    monkeypatch.setattr(checkpoints, "save_file", lambda *a: (written.append(1), save(*a)))
    file = lightning(tmp_path / "a.ckpt", tiny)
    threads = [
        threading.Thread(target=convert, args=(file, tmp_path / "converted", vqgan(TINY)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written) == 1
    assert load(tmp_path / "converted").factor == 2
