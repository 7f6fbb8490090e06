"""The store's results are listed, kept within their room, and never seen half."""

import json
import os
import threading

import numpy as np
import pytest
from kept import names
from PIL import Image

from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings
from otgen.results import library, store


def _result(store, id, texts=("a cat", "a castle"), age=0, size=0):
    """Write the folder of a result as ``saving.save`` leaves it, ``age`` seconds old."""
    folder = store / id
    folder.mkdir(parents=True)
    settings = Settings(tuple(Prompt(text) for text in texts))
    lane = {"counts": [1] * len(texts), "balance": 1.0, "mass": [1 / len(texts)] * len(texts)}
    data = {
        "version": 1,
        "id": id,
        "settings": settings.as_dict(),
        "complete": True,
        "steps": settings.steps,
        "numbers": dict.fromkeys(settings.lanes, lane),
        "timings": {"load": 0.0, "paint": 1.0, "measure": 0.0},
        "versions": {},
        "revisions": {},
        "notes": [],
    }
    (folder / "result.json").write_text(json.dumps(data))
    for name in settings.lanes:
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / f"{name}.png")
    (folder / "arrays.npz").write_bytes(b"\0" * size)
    at = 1_700_000_000 - age
    os.utime(folder, (at, at))
    return folder


IDS = [f"{number:012x}" for number in range(1, 9)]


def _listed(store, *words):
    return [entry.saved.id for entry in library.entries(store, *words)]


def test_entries_come_newest_first(tmp_path):
    for age, id in enumerate(IDS[:3]):
        _result(tmp_path, id, age=age)
    assert _listed(tmp_path) == IDS[:3]


def test_entries_are_found_by_every_word(tmp_path):
    _result(tmp_path, IDS[0], ("a cat", "a castle"))
    _result(tmp_path, IDS[1], ("a Cat at sunset",), age=1)
    assert _listed(tmp_path, "CAT") == IDS[:2]
    assert _listed(tmp_path, "cat sunset") == IDS[1:2]
    assert _listed(tmp_path, "cat dog") == []


def test_entries_can_be_read_page_by_page(tmp_path):
    for age, id in enumerate(IDS[:5]):
        _result(tmp_path, id, age=age)
    pages = [library.entries(tmp_path, most=2, skip=skip) for skip in (0, 2, 4, 6)]
    listed = [[entry.saved.id for entry in page] for page in pages]
    assert listed == [IDS[0:2], IDS[2:4], IDS[4:5], []]


def test_results_are_read_once_until_they_change(tmp_path, monkeypatch):
    for age, id in enumerate(IDS):
        _result(tmp_path, id, age=age)
    reads, parse = [], store.from_data
    monkeypatch.setattr(store, "from_data", lambda data: reads.append(data["id"]) or parse(data))
    assert _listed(tmp_path, "no such word") == []
    assert sorted(reads) == IDS
    library.pin(tmp_path, IDS[0], True)
    assert _listed(tmp_path) == IDS
    assert len(reads) == len(IDS)
    file = tmp_path / IDS[3] / "result.json"  # as a run that went on leaves it
    file.write_text(file.read_text().replace("a castle", "a zebra"))
    assert _listed(tmp_path, "zebra") == [IDS[3]]
    assert reads[len(IDS) :] == [IDS[3]]
    library.delete(tmp_path, IDS[3])
    assert _listed(tmp_path, "zebra") == []


def test_missing_store_is_empty(tmp_path):
    assert _listed(tmp_path / "nowhere") == []
    library.sweep(tmp_path / "nowhere")


@pytest.mark.parametrize("damage", ["no json", "cut json", "list", "no picture", "wrong type"])
def test_broken_results_are_passed_over(tmp_path, damage):
    folder, _ = _result(tmp_path, IDS[0]), _result(tmp_path, IDS[1])
    file = folder / "result.json"
    if damage == "no json":
        file.unlink()
    elif damage == "cut json":
        file.write_text(file.read_text()[:40])
    elif damage == "list":
        file.write_text("[" * 10_000)
    elif damage == "no picture":
        (folder / "ot.png").unlink()
    else:
        file.write_text(json.dumps(json.loads(file.read_text()) | {"settings": 3}))
    assert _listed(tmp_path) == [IDS[1]]


@pytest.mark.parametrize(
    "id", ["../../etc/passwd", "", ".", "a" * 10_000, "ünïcödé-1234", "00000000000G"]
)
def test_strange_ids_touch_nothing(tmp_path, id):
    _result(tmp_path, IDS[0])
    assert not library.delete(tmp_path, id)
    assert not library.pin(tmp_path, id, True)
    assert _listed(tmp_path) == [IDS[0]]


def test_links_are_not_followed(tmp_path):
    outside = _result(tmp_path / "outside", IDS[0])
    store = tmp_path / "store"
    store.mkdir()
    (store / IDS[1]).symlink_to(outside)
    assert _listed(store) == []
    assert not library.delete(store, IDS[1])
    assert outside.is_dir()


def test_prune_takes_the_oldest_and_spares_the_pinned_and_the_new(tmp_path):
    for age, id in enumerate(IDS[:5]):
        _result(tmp_path, id, age=age, size=100_000)
    library.pin(tmp_path, IDS[4], True)  # the oldest
    assert library.prune(tmp_path, 250_000, keep=IDS[3]) == [IDS[2], IDS[1], IDS[0]]
    assert sorted(_listed(tmp_path)) == [IDS[3], IDS[4]]


def test_prune_below_the_limit_takes_nothing(tmp_path):
    _result(tmp_path, IDS[0], size=1000)
    assert library.prune(tmp_path, 1_000_000) == []


def test_prune_counts_what_came_to_a_result_since(tmp_path):
    for age, id in enumerate(IDS[:2]):
        _result(tmp_path, id, age=age, size=1000)
    assert library.prune(tmp_path, 100_000) == []
    with library._unchanged(tmp_path / IDS[0]):  # as pictures that are drawn anew
        (tmp_path / IDS[0] / "ot-large.png").write_bytes(b"x" * 100_000)
    assert library.prune(tmp_path, 100_000, keep=IDS[0]) == [IDS[1]]


def test_sweep_after_a_run_looks_at_its_result_alone(tmp_path):
    folders = [_result(tmp_path, id) for id in IDS[:2]]
    for folder in folders:
        (folder / f"part-{0:012x}").mkdir()  # of a save that was killed
    library.sweep(tmp_path, IDS[1])
    assert [(folder / f"part-{0:012x}").exists() for folder in folders] == [True, False]
    library.sweep(tmp_path)
    assert not (folders[0] / f"part-{0:012x}").exists()


def test_pin_is_listed_and_taken_back(tmp_path):
    _result(tmp_path, IDS[0])
    assert library.pin(tmp_path, IDS[0], True)
    assert library.entries(tmp_path)[0].pinned
    assert library.pin(tmp_path, IDS[0], False)
    assert not library.entries(tmp_path)[0].pinned


def test_sweep_removes_only_what_was_abandoned(tmp_path):
    for name, age in ((".writing-a", 7200), (".deleting-b", 7200), (".writing-c", 0)):
        (tmp_path / name).mkdir()
        if age:
            os.utime(tmp_path / name, (1_000_000, 1_000_000))
    _result(tmp_path, IDS[0], age=10**8)
    library.sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".writing-c", IDS[0]]


def test_two_deletions_at_once_delete_once(tmp_path):
    for _ in range(20):
        _result(tmp_path, IDS[0])
        deleted = []
        threads = [
            threading.Thread(
                target=lambda into: into.append(library.delete(tmp_path, IDS[0])), args=(deleted,)
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(deleted) == [False, True]
        assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "bytes"),
    [
        (library.ROOM, 5_000_000_000),
        ("1000", 1000),
        ("500MB", 500_000_000),
        (" 1.5 gb ", 1_500_000_000),
    ],
)
def test_room_is_read_as_people_write_it(text, bytes):
    assert library.room(text) == bytes


@pytest.mark.parametrize("text", ["", "much", "-1", "5 GiB", "1e9", "5GB; rm", "9" * 400, "５GB"])
def test_room_that_is_none_is_refused_with_a_sentence(text):
    with pytest.raises(InputError, match="try 5 GB"):
        library.room(text)


def test_pin_makes_a_result_no_newer(tmp_path):
    for age, id in enumerate(IDS[:2]):
        _result(tmp_path, id, age=age)
    library.pin(tmp_path, IDS[1], True)
    assert _listed(tmp_path) == IDS[:2]
    library.pin(tmp_path, IDS[1], False)
    assert _listed(tmp_path) == IDS[:2]


def test_broken_result_is_said_once(tmp_path, caplog):
    _result(tmp_path, IDS[0])
    (tmp_path / IDS[0] / "ot.png").unlink()
    for _ in range(3):
        assert _listed(tmp_path) == []
    assert caplog.text.count("holds no whole result") == 1
