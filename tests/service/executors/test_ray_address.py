"""Results that come by an fsspec address: what is left there, brought from there, and refused."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
import zipfile
from io import BytesIO

import fsspec
import pytest
from kept import names
from saves import made, whole

from otgen.recipe.prompts import InputError
from otgen.results.parcel import packed, unpack
from otgen.results.saving import save
from otgen.results.store import read
from otgen.service.executors import ray_address, ray_worker
from otgen.service.executors.ray_address import bring, fetch, forget, leave, leave_result, part_of


@pytest.fixture(params=["file", "memory"])
def address(request, tmp_path) -> str:
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}"
    return (tmp_path / "there").as_uri()


def listing(address: str) -> list[str]:
    files, path = fsspec.core.url_to_fs(address)
    return sorted(name.rsplit("/", 1)[1] for name in files.ls(path, detail=False))


def test_checkpoint_and_result_come_to_the_store(address, tmp_path):
    here, there = tmp_path / "page", tmp_path / "worker"
    for steps in (1, 2):
        result = made(steps)
        leave_result(address, read(save(result, there)))
        bring(address, result.id, here)
        saved = read(here / result.id)
        assert (saved.steps, whole(saved)) == (steps, True)
        assert names(here) == [result.id]  # nothing is left aside
    assert listing(address) == [f"{result.id}.zip"]
    forget(address, f"{result.id}.zip")
    assert listing(address) == []
    bring(address, result.id, here)  # of nothing
    assert read(here / result.id) == saved


def test_packed_result_goes_on_and_never_replaces_a_better_one(tmp_path):
    parcels = [packed(read(save(made(steps), tmp_path / str(steps)))) for steps in (1, 2)]
    for parcel in reversed(parcels):
        folder = unpack(parcel, tmp_path / "new")
    assert read(folder).steps == 2
    assert packed(read(folder)) != parcels[0]


def test_half_a_file_is_passed_over(address, tmp_path):
    result = made(1)
    parcel = packed(read(save(result, tmp_path / "worker")))
    leave(address, f"{result.id}.zip", parcel[: len(parcel) // 2])
    bring(address, result.id, tmp_path / "page")
    assert read(tmp_path / "page" / result.id) is None


@pytest.mark.parametrize("name", ["../out.png", "/out.png", ".hidden", "a/b.png"])
def test_packed_file_of_another_folder_is_refused(name, tmp_path):
    parcel = BytesIO()
    with zipfile.ZipFile(parcel, "w") as archive:
        archive.writestr(name, b"")
    with pytest.raises(ValueError, match="no packed result"):
        unpack(parcel.getvalue(), tmp_path)


def test_each_store_has_a_part_of_its_own(address, tmp_path):
    parts = {part_of(address, tmp_path / name) for name in ("a", "b")}
    assert len(parts) == 2
    assert part_of(f"{address}/", tmp_path / "a") in parts


def test_address_that_fails_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").touch()
    address = (tmp_path / "file" / "under").as_uri()
    with pytest.raises(ray_address.Unreached) as failed:
        leave(address, "name", b"")
    assert address in failed.value.strerror
    assert fetch(tmp_path.as_uri(), "nothing") is None


def test_variable_names_an_address_or_a_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("OTGEN_RAY_STORE", raising=False)
    assert ray_address.configured() is None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OTGEN_RAY_STORE", "shared")
    assert ray_address.configured() == (tmp_path / "shared").as_uri()
    monkeypatch.setenv("OTGEN_RAY_STORE", "memory://a")
    assert ray_address.configured() == "memory://a"


def test_folders_of_killed_workers_are_removed_in_time(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, age in (("otgen-ray-old", 2 * 86_400), ("otgen-ray-new", 0), ("other", 10**6)):
        (tmp_path / name).mkdir()
        at = time.time() - age
        os.utime(tmp_path / name, (at, at))
    ray_worker._sweep()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["otgen-ray-new", "other"]


@pytest.mark.parametrize("value", ["nosuch://bucket", "otgen+x://y"])
def test_address_that_nothing_opens_is_a_sentence(value, monkeypatch):
    monkeypatch.setenv("OTGEN_RAY_STORE", value)
    with pytest.raises(InputError, match=f"OTGEN_RAY_STORE is “{value[:6]}.*allowed is"):
        ray_address.configured()
