"""Downloading from a hub on the loopback that cuts, lies and fails."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from checkpoint_files import TINY, entries, tensors_of
from hub import Hub, lightning
from huggingface_hub import constants, file_download

from otgen.models import downloads
from otgen.models.autoencoder import load
from otgen.models.cache import missing_bytes, present, reachable
from otgen.models.catalogue import TABLE
from otgen.models.downloads import Unavailable, fetch
from otgen.models.layouts import LAYOUTS, vqgan
from otgen.models.weights import Source

FIRST, SECOND = "first/mirror/a/tiny.ckpt", "second/mirror/b/tiny.ckpt"
PLAIN = "one/model/unet/model.safetensors"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> bytes:
    return lightning(tmp_path_factory.mktemp("ckpt") / "tiny.ckpt", tensors_of(TINY)).read_bytes()


@pytest.fixture
def hub(checkpoint, tmp_path, monkeypatch):
    content = {
        FIRST: checkpoint,
        SECOND: checkpoint,
        "one/model/config.json": b"{}",
        PLAIN: bytes(range(256)) * 64,
    }
    served = Hub(content)
    served.use(monkeypatch, tmp_path)
    for name, entry in entries(checkpoint).items():
        monkeypatch.setitem(TABLE, name, entry)
    monkeypatch.setitem(LAYOUTS, "f16-16384", vqgan(TINY))
    yield served
    served.close()


def stored(folder: Path) -> list[str]:
    """Return the files under a folder that hold anything but locks and tags."""
    every = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    kept = (path for path in every if path.suffix != ".lock" and path.name != "CACHEDIR.TAG")
    return sorted(
        path.relative_to(folder).as_posix() for path in kept if "/.no_exist/" not in str(path)
    )


def test_checkpoint_is_fetched_checked_converted_once_and_reported(hub, tmp_path):
    reports = []
    assert not present("tiny")
    assert missing_bytes("tiny") == TABLE["tiny"].download
    folder = fetch("tiny", lambda *what: reports.append(what))
    assert load(folder).factor == 2
    assert reports[0][:2] == ("first/mirror/tiny.ckpt", 0)
    assert reports[-1] == ("first/mirror/tiny.ckpt", TABLE["tiny"].download, TABLE["tiny"].download)
    assert present("tiny")
    assert missing_bytes("tiny") == 0
    hub.close()
    assert fetch("tiny") == folder  # no network any more
    assert [key for key, _ in hub.gets] == [FIRST]


def test_model_of_several_files_is_one_folder(hub, tmp_path, monkeypatch):
    folder = fetch("plain")
    assert (folder / "config.json").read_bytes() == b"{}"
    assert (folder / "unet/model.safetensors").stat().st_size == 256 * 64
    monkeypatch.setattr(downloads, "_blocks", lambda path: pytest.fail("read again"))
    assert fetch("plain") == folder


def test_cut_stream_is_resumed_where_it_broke(hub, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # 10 MB: more than the file
    hub.faults[FIRST] = [("cut", 5500)]
    assert load(fetch("tiny")).factor == 2
    (_, whole), (_, rest) = hub.gets
    assert whole is None
    assert rest == "bytes=5000-"


@pytest.mark.parametrize(
    "faults",
    [
        [("down", 404)],
        [("down", 503)],
        [("html",)],
        [("wrong",)],
        [("cut", 0)] * 9,
    ],
    ids=lambda faults: " ".join(map(str, faults[0])),
)
def test_second_mirror_serves_when_the_first_fails(hub, tmp_path, faults):
    hub.faults[FIRST] = list(faults)
    assert load(fetch("tiny")).factor == 2
    assert hub.gets[-1][0] == SECOND
    assert not [name for name in stored(tmp_path / "hf") if "first" in name]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (("down", 404), "the hub answered 404"),
        (("down", 503), "the hub answered 503"),
        (("html",), "number of bytes"),
        (("wrong",), "SHA-256 of what it sent is wrong"),
        (("cut", 0), "the connection failed"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_failing_everywhere_is_one_sentence_and_leaves_nothing(hub, tmp_path, fault, says):
    for key in (FIRST, SECOND):
        hub.faults[key] = [fault] * 9
    with pytest.raises(Unavailable) as caught:
        fetch("tiny")
    said = str(caught.value)
    assert said.count(says) == 2
    assert "\n" not in said
    assert "tiny" in said
    assert "mini painter" in said
    assert [name for name in stored(tmp_path) if "/refs/" not in name] == []


def test_page_of_the_right_announced_size_is_named_as_a_page(hub, tmp_path):
    """A mirror that consistently serves a web page: huggingface_hub is content, the size is not."""
    for key in (FIRST, SECOND):
        hub.files[key] = b"<html>quota exceeded</html>"
    with pytest.raises(Unavailable, match="an HTML page of 27 bytes"):
        fetch("tiny")


def test_slow_hub_is_waited_for_and_a_stalled_one_is_not(hub, monkeypatch):
    hub.faults[PLAIN] = [("stall", 0.3)]
    fetch("plain")
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.5)
    for key in (FIRST, SECOND):
        hub.faults[key] = [("stall", 5)] * 9
    with pytest.raises(Unavailable, match="no answer in time"):
        fetch("tiny")


def test_hub_that_is_not_there(hub, monkeypatch):
    hub.close()
    assert not reachable()
    with pytest.raises(Unavailable, match="the connection failed"):
        fetch("tiny")
    monkeypatch.setattr(constants, "is_offline_mode", lambda: True)
    assert not reachable()


def test_reachable_hub(hub):
    assert reachable()


ELSEWHERE = "else/where/x.ckpt"


def elsewhere(hub: Hub, monkeypatch) -> None:
    """Let both mirrors fail, and give the model a third source, at an address of no repository."""
    hub.faults[FIRST], hub.faults[SECOND] = [("down", 503)], [("down", 503)]
    address = f"{hub.url}/else/where/resolve/main/x.ckpt"
    source = Source("else.where", "", address=address)
    entry = TABLE["tiny"]._replace(sources=(*TABLE["tiny"].sources, source))
    monkeypatch.setitem(TABLE, "tiny", entry)


@pytest.mark.parametrize("faults", [[], [("cut", 2000)]])
def test_an_address_that_is_no_hub_serves_last(hub, checkpoint, tmp_path, monkeypatch, faults):
    elsewhere(hub, monkeypatch)
    hub.files[ELSEWHERE], hub.faults[ELSEWHERE] = checkpoint, faults
    reports = []
    assert not present("tiny")
    assert load(fetch("tiny", lambda *what: reports.append(what))).factor == 2
    assert present("tiny")
    assert reports[-1] == ("else.where/tiny.ckpt", len(checkpoint), len(checkpoint))


@pytest.mark.parametrize(
    ("fault", "says"), [("html", "an HTML page of"), ("wrong", "the SHA-256 of what it sent")]
)
def test_what_an_address_sends_is_checked_and_not_kept(
    hub, checkpoint, tmp_path, monkeypatch, fault, says
):
    elsewhere(hub, monkeypatch)
    hub.files[ELSEWHERE], hub.faults[ELSEWHERE] = checkpoint, [(fault,)]
    with pytest.raises(Unavailable, match=says):
        fetch("tiny")
    assert stored(tmp_path / "otgen") == []


def test_file_spoilt_on_the_disk_is_fetched_anew(hub):
    folder = fetch("plain")
    blob = (folder / "unet/model.safetensors").resolve()
    blob.write_bytes(b"x" * blob.stat().st_size)
    assert fetch("plain") == folder
    assert (folder / "unet/model.safetensors").read_bytes() == hub.files[PLAIN]


def test_checkpoint_of_another_architecture(hub, tmp_path, monkeypatch):
    monkeypatch.setitem(LAYOUTS, "f16-16384", vqgan(TINY | {"n_embed": 99}))
    with pytest.raises(Unavailable, match=r"tiny can't be used.*another architecture"):
        fetch("tiny")
    assert not [name for name in stored(tmp_path / "otgen") if "converted" in name]


def test_disk_with_too_little_room_is_found_before_the_download(hub, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(Unavailable, match="disk is full"):
        fetch("tiny")
    assert hub.gets == []


def test_disk_that_fills_during_the_download(hub, tmp_path, monkeypatch):
    def fill(url, temp_file, **options):
        temp_file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(file_download, "http_get", fill)
    with pytest.raises(Unavailable, match=r"disk is full.*HF_HOME"):
        fetch("tiny")
    assert [name for name in stored(tmp_path) if "/refs/" not in name] == []


ASKING = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from checkpoint_files import TINY, entries
from otgen.models import downloads
from otgen.models.catalogue import TABLE
from otgen.models.weights import Source
from otgen.models.layouts import LAYOUTS, vqgan
TABLE.update(entries(open(sys.argv[2], "rb").read()))
LAYOUTS["f16-16384"] = vqgan(TINY)
print(downloads.fetch("tiny"))
"""


def test_two_processes_may_ask_at_once(hub, checkpoint, tmp_path):
    """Through the environment alone, as a user would point otgen at a mirror."""
    import os

    (tmp_path / "tiny.ckpt").write_bytes(checkpoint)
    command = [
        sys.executable,
        "-c",
        ASKING,
        str(Path(__file__).parents[1]),
        str(tmp_path / "tiny.ckpt"),
    ]
    started = [
        subprocess.Popen(
            command,
            env=os.environ | hub.env(tmp_path / "shared"),
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=900) for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    folders = {out.strip().splitlines()[-1] for out, _ in said}
    assert len(folders) == 1
    assert load(Path(folders.pop())).factor == 2
    assert [key for key, _ in hub.gets] == [FIRST]
    assert torch.isfinite(
        load(next((tmp_path / "shared/otgen/converted").glob("tiny-*"))).codebook
    ).all()
