"""Pictures to start from, as people have them."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from helpers import settings
from kept import kept, names, number
from PIL import Image
from saves import ID, made

from otgen.recipe.prompts import InputError
from otgen.results import library, saving, store, uploads
from otgen.results.result import START


def test_grey_of_16_bits_keeps_its_ramp(tmp_path, monkeypatch):
    monkeypatch.setenv("OTGEN_CACHE", str(tmp_path))
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(128, 0)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    read = uploads.read(uploads.keep(tmp_path / "ramp.png"), 128, 256)
    np.testing.assert_allclose(read[64], np.linspace(0, 1, 256)[:, None].repeat(3, 1), atol=0.01)


DAY = 86_400


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of this test's own; return its folder."""
    monkeypatch.setenv("OTGEN_CACHE", str(tmp_path / "cache"))
    return tmp_path


def _keep(folder, shade: int, age: float = 0) -> str:
    """Keep a picture of one shade, uploaded so many seconds ago; return its name."""
    Image.new("RGB", (40, 30), (shade, 0, 0)).save(folder / "given.png")
    name = uploads.keep(folder / "given.png")
    at = time.time() - age
    os.utime(uploads.file(name), (at, at))
    return name


def _started(place, index: int, name: str):
    """Put a result into a store that started from a picture, without a copy of it."""
    saved = kept(place, number(index))
    data = json.loads((saved.folder / "result.json").read_text())
    data["settings"]["start"] = name
    (saved.folder / "result.json").write_text(json.dumps(data))
    result = store.read(saved.folder)
    assert result.settings.start == name
    return result


def test_pictures_go_a_day_after_they_were_last_asked_for(cache):
    old, asked, new = (_keep(cache, shade) for shade in range(3))
    for name, age in ((old, 2 * DAY), (asked, 2 * DAY), (new, DAY / 2)):
        os.utime(uploads.file(name), (time.time() - age,) * 2)
    assert uploads.renew(asked)
    assert not uploads.renew("0" * 12)
    uploads.tidy()
    assert {path.stem for path in uploads.folder().iterdir()} == {asked, new}
    assert not uploads.renew(old)


def test_oldest_pictures_go_where_they_are_too_many(cache, monkeypatch):
    kept_names = [_keep(cache, shade, age=100 - shade) for shade in range(5)]
    one = uploads.size() / 5
    monkeypatch.setattr(uploads, "ROOM", int(3.5 * one))
    kept_names.append(_keep(cache, 5))
    assert {path.stem for path in uploads.folder().iterdir()} == set(kept_names[-3:])


def test_threads_that_keep_one_picture_keep_it_whole(cache):
    Image.effect_noise((300, 200), 90).save(cache / "given.png")
    data, failed, kept_names = (cache / "given.png").read_bytes(), [], set()
    begin = threading.Barrier(8)

    def keep():
        begin.wait()
        try:
            kept_names.add(uploads.keep(io.BytesIO(data)))
        except OSError as wrong:
            failed.append(wrong)

    for _ in range(5):
        threads = [threading.Thread(target=keep) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (name,) = kept_names
        assert failed == []
        assert [path.name for path in uploads.folder().iterdir()] == [f"{name}.png"]
        with Image.open(uploads.file(name)) as picture:
            picture.load()
        uploads.file(name).unlink()


def test_picture_goes_with_the_last_result_that_has_it(cache):
    place = cache / "store"
    place.mkdir()
    name = _keep(cache, 1, age=2 * 3600)
    wanted = settings(start=name)
    for index in (1, 2):
        _started(place, index, name)
    library.sweep(place)  # results of before get a copy of their own
    copies = [place / number(index) / START for index in (1, 2)]
    assert [copy.read_bytes() for copy in copies] == [uploads.file(name).read_bytes()] * 2
    library.delete(place, number(1))
    assert not uploads.file(name).exists()
    assert library.bring(place, wanted) == set()  # a run asks for it again
    assert uploads.file(name).read_bytes() == copies[1].read_bytes()
    library.delete(place, number(2))
    assert uploads.file(name).exists()  # that run needs it
    at = time.time() - 2 * DAY
    os.utime(uploads.file(name), (at, at))
    library.sweep(place)
    assert not uploads.file(name).exists()
    assert names(place) == []
    assert library.bring(place, wanted) == {name}
    assert not uploads.file(name).exists()


def test_pictures_take_room_of_the_store(cache):
    place = cache / "store"
    place.mkdir()
    for index in (1, 2):
        at = 10**9 + index
        os.utime(kept(place, number(index)).folder, (at, at))
    used = sum(file.stat().st_size for file in place.rglob("*.*"))
    assert library.prune(place, used + 100_000) == []
    uploads.folder().mkdir(parents=True)
    (uploads.folder() / "0123456789ab.png").write_bytes(b"\0" * 100_001)
    assert library.prune(place, used + 100_000) == [number(1)]


def test_result_keeps_a_copy_of_its_start_and_the_next_save_too(cache):
    name = _keep(cache, 7)
    first, last = (
        result._replace(settings=replace(result.settings, start=name))
        for result in (made(5), made(9))
    )
    saving.save(first, cache / "store")
    picture = uploads.file(name).read_bytes()
    uploads.file(name).unlink()
    saving.save(last, cache / "store")
    saved = store.read(cache / "store" / ID)
    assert saved.steps == 9
    assert (saved.folder / START).read_bytes() == picture


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*missing\.png"):
        uploads.keep(tmp_path / "missing.png")
