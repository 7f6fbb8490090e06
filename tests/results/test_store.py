"""Results on disk: what is in the folder, what the pictures carry, what replaces what."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import same, settings
from kept import names
from PIL import Image

from otgen.explain import plots
from otgen.explain.evidence import ARRAYS
from otgen.recipe import codec
from otgen.recipe.prompts import Prompt
from otgen.results import library, saving, store
from otgen.results.disk import LOCKS, locked
from otgen.results.result import UNFINISHED
from otgen.results.saving import save
from otgen.results.store import read, record, unfinished
from otgen.run.comparison import compare
from otgen.run.plan import plan


@pytest.fixture(scope="module")
def result():
    return compare(plan(settings()))


def _digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_folder_holds_the_result(result, tmp_path):
    folder = save(result, tmp_path / "new" / "store")
    assert folder == tmp_path / "new" / "store" / result.id
    assert {"result.json", "ot.png", "mean.png", "arrays.npz"} <= {
        path.name for path in folder.iterdir()
    }
    assert names(folder.parent) == [result.id]  # nothing is left aside
    data = json.loads((folder / "result.json").read_text())
    assert data["id"] == result.id
    assert data["settings"]["prompts"][0] == {"text": "a cat", "weight": 3.0}
    assert data["complete"] is True
    assert data["steps"] == 2
    assert data["numbers"] == result.numbers
    assert {"load", "paint", "measure"} <= set(data["timings"])
    assert data["versions"] == result.versions
    assert data["revisions"] == result.revisions


def test_evidence_comes_back_whole(result, tmp_path):
    kept = record(read(save(result, tmp_path)))
    for name, value in result.record._asdict().items():
        held = getattr(kept, name)
        assert same(held, value) if isinstance(value, np.ndarray) else held == value


@pytest.mark.parametrize("damage", ["missing", "cut", "no archive", "pickle"])
def test_broken_evidence_is_none(result, tmp_path, damage):
    folder = save(result, tmp_path)
    file = folder / "arrays.npz"
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "no archive":
        file.write_bytes(b"hello")
    else:
        np.savez(file, **dict.fromkeys(ARRAYS, np.array([{}], dtype=object)))
    assert record(read(folder)) is None


def test_pictures_carry_their_recipe(result, tmp_path):
    folder = save(result, tmp_path)
    for lane, name in enumerate(("ot", "mean")):
        with Image.open(folder / f"{name}.png") as image:
            assert same(np.asarray(image), result.pictures[lane])
            recipe = json.loads(image.text["otgen"])
            parameters = image.text["parameters"]
        assert recipe["id"] == result.id
        assert recipe["lane"] == name
        assert recipe["settings"] == json.loads(json.dumps(result.settings.as_dict()))
        prompts, values = parameters.split("\n")
        assert prompts == "a cat :3 | a castle :1"
        named = dict(value.split(": ") for value in values.split(", "))
        assert named["Steps"] == "2"
        assert named["Seed"] == "3"
        assert named["Size"] == "128x128"
        assert named["Model"] == "vqgan-mini"
        assert named["Lane"] == name


def test_text_of_any_script_survives(result, tmp_path):
    text = "“猫” 🐈 <b> قطة"
    written = result._replace(settings=settings(prompts=((text, 1.0),)))
    folder = save(written, tmp_path)
    with Image.open(folder / "ot.png") as image:
        assert json.loads(image.text["otgen"])["settings"]["prompts"][0]["text"] == text
        assert text in image.text["parameters"]
    assert text in (folder / "result.json").read_text(encoding="utf-8")


def test_the_same_settings_twice_give_the_same_png_bytes(result, tmp_path):
    first, again = save(result, tmp_path / "a"), save(compare(plan(settings())), tmp_path / "b")
    for name in ("ot.png", "mean.png"):
        assert _digest(first / name) == _digest(again / name)
    assert _digest(first / "ot.png") != _digest(first / "mean.png")


def test_complete_result_stays_and_partial_one_is_replaced(result, tmp_path):
    partial = result._replace(complete=False, steps=1, pictures=255 - result.pictures)
    folder = save(partial, tmp_path)
    before = _digest(read(folder).folder / "ot.png")
    assert save(result, tmp_path) == folder
    after = _digest(folder / "ot.png")
    assert after != before
    assert json.loads((folder / "result.json").read_text())["complete"] is True
    assert save(partial, tmp_path) == folder
    assert _digest(folder / "ot.png") == after
    assert names(tmp_path) == [result.id]


def test_damaged_result_is_replaced(result, tmp_path):
    folder = save(result, tmp_path)
    (folder / "result.json").write_text("{")
    save(result, tmp_path)
    assert json.loads((folder / "result.json").read_text())["id"] == result.id


def test_failure_leaves_nothing_behind(result, tmp_path):
    torn = result._replace(numbers={"ot": {"counts": object()}})  # not plain data
    with pytest.raises(TypeError):
        save(torn, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_store_that_can_not_be_written_raises_oserror(result, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(OSError, match=r"file"):
        save(result, file)


def test_folder_can_be_read_by_others(result, tmp_path):
    assert os.stat(save(result, tmp_path)).st_mode & 0o777 == 0o755


def test_format_of_version_1_is_still_read():
    """A partial result as version 1 wrote it; files of this folder are never made anew."""
    (folder,) = (Path(__file__).parents[1] / "frozen" / "version-1").iterdir()
    saved = read(folder)
    assert (saved.id, saved.complete, saved.steps) == (folder.name, False, 0)
    assert saved.settings == settings(cutouts=4, lanes=("ot",))
    assert sum(saved.numbers["ot"]["counts"]) == 4
    assert saved.seconds > 0
    evidence = record(saved)
    assert evidence.losses.shape == (1, 1)
    assert evidence.frames.shape == (1, 1, 128, 128, 3)
    for plot in plots.PLOTS.values():
        if plot.suits(1, 0):
            assert plots.to_png(plot.draw(evidence)).startswith(b"\x89PNG")
    left = unfinished(saved)
    assert left.error.shape == (1, 1)
    assert left.state["z"].ndim == 4
    assert codec.from_file((folder / "ot.png").read_bytes()).settings == saved.settings


def test_today_writes_the_files_and_fields_of_version_1(result, tmp_path):
    """What a reader of version 1 needs is still there: otherwise VERSION must rise."""
    (old,) = (Path(__file__).parents[1] / "frozen" / "version-1").iterdir()
    new = save(result, tmp_path)
    data, before = (json.loads((path / "result.json").read_text()) for path in (new, old))
    assert data["version"] == before["version"] == codec.VERSION == 1
    assert before.keys() <= data.keys()
    assert before["settings"].keys() <= data["settings"].keys()
    with np.load(new / "arrays.npz") as now, np.load(old / "arrays.npz") as then:
        # Cutouts were kept; they are cut again from the frames, at every kept step.
        assert set(then) - {"crops"} <= set(now)


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "empty", "another's"])
def test_broken_state_is_no_state(tmp_path, damage):
    partial = compare(plan(settings()), lambda snapshot: snapshot.step < 1)
    folder = save(partial, tmp_path)
    file = read(folder).folder / UNFINISHED
    whole = file.read_bytes()
    assert unfinished(read(folder)) is not None
    if damage == "missing":
        file.unlink()
    elif damage == "another's":
        left = partial.unfinished
        np.savez(file, error=left.error[:1], seconds=0.0, machine=left.machine)
    else:
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
        file.write_bytes({"cut": whole[:-50], "flipped": flipped, "empty": b""}[damage])
    assert unfinished(read(folder)) is None


def test_further_result_stays_and_pins_are_kept(result, tmp_path):
    early = result._replace(complete=False, steps=0)
    later = result._replace(complete=False, steps=1)
    folder = save(later, tmp_path)
    library.pin(tmp_path, result.id, True)
    save(early, tmp_path)
    assert read(folder).steps == 1
    save(result, tmp_path)
    assert read(folder).complete
    assert (folder / store.PINNED).exists()
    assert names(tmp_path) == [result.id]


def test_two_processes_that_save_at_once_leave_one_whole_result(result, tmp_path):
    """Threads stand for the processes: all that they share is the folder."""
    failed = []

    def write(step):
        try:
            for _ in range(10):
                save(result._replace(complete=False, steps=step), tmp_path)
        except OSError as wrong:
            failed.append(wrong)

    threads = [threading.Thread(target=write, args=(step,)) for step in (1, 1, 2, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert names(tmp_path) == [result.id]
    left = read(tmp_path / result.id)
    assert left.steps == 2  # whoever wrote last
    assert same(record(left).losses, result.record.losses)


def test_result_that_another_process_writes_meanwhile_stays(result, tmp_path, monkeypatch):
    """After it was looked what is there, and before the lock is had."""
    write_files = saving.write_files

    def late(*args):
        monkeypatch.setattr(saving, "write_files", write_files)
        save(result._replace(complete=False, steps=2), tmp_path)
        write_files(*args)

    save(result._replace(complete=False, steps=0), tmp_path)
    monkeypatch.setattr(saving, "write_files", late)
    folder = save(result._replace(complete=False, steps=1), tmp_path)
    assert read(folder).steps == 2
    assert names(tmp_path) == [result.id]


def test_disk_that_fails_to_tell_what_is_there_replaces_nothing(result, tmp_path, monkeypatch):
    folder, text = save(result, tmp_path), Path.read_text

    def fails(path, *args, **named):
        if path == folder / "result.json":
            raise OSError(5, "Input/output error")
        return text(path, *args, **named)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "read_text", fails)
        store._described.cache_clear()
        assert read(folder) is None
        with pytest.raises(OSError, match="Input/output"):
            save(result._replace(complete=False, steps=1), tmp_path)
    assert read(folder).complete
    assert names(tmp_path) == [result.id]


def test_files_of_a_partial_result_are_a_result_of_their_own(result, tmp_path):
    """So that whoever has its folder reads all of one save, whatever is saved meanwhile."""
    folder = save(result._replace(complete=False, steps=1), tmp_path)
    saved = read(folder)
    assert saved.folder.parent == folder
    assert read(saved.folder) == saved
    save(result, tmp_path)
    assert read(saved.folder) is None
    assert read(folder).folder == folder


@pytest.mark.parametrize("files", ["..", "part-0", "/etc", 3, ["part-000000000000"], {}])
def test_files_are_looked_for_in_the_folder_alone(result, tmp_path, files):
    folder = save(result, tmp_path)
    data = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps(data | {"files": files}))
    saved = read(folder)
    assert saved is None or saved.folder == folder


def test_cached_description_is_not_taken_for_another_that_looks_alike(result, tmp_path):
    """Same size, same second, same inode: as after many saves on a coarse clock."""
    folder = save(result._replace(complete=False, steps=1), tmp_path)
    file, stale = folder / "result.json", read(folder)
    before, text = file.stat(), file.read_text()
    save(result._replace(complete=False, steps=2), tmp_path)
    fresh = file.read_text()
    assert len(fresh) == len(text)
    file.write_text(text)  # so that both looks are at one inode
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read(folder) is None
    file.write_text(fresh)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read(folder).steps == 2 != stale.steps


def test_process_that_died_with_the_lock_blocks_nobody(result, tmp_path):
    dying = f"import os, sys\nsys.path[:0] = {sys.path!r}\n" + (
        "from pathlib import Path\nfrom otgen.results.disk import locked\n"
        f"with locked(Path({str(tmp_path)!r}), {result.id!r}):\n    os.abort()\n"
    )
    assert subprocess.run([sys.executable, "-c", dying], capture_output=True).returncode < 0
    assert [path.name for path in (tmp_path / LOCKS).iterdir()] == [result.id[0]]
    with locked(tmp_path, result.id, patience=0):
        pass
    assert read(save(result, tmp_path)).complete


def test_result_that_another_process_holds_for_too_long_is_said(result, tmp_path):
    with (
        locked(tmp_path, result.id),
        pytest.raises(TimeoutError) as said,
        locked(tmp_path, result.id, patience=0),
    ):
        raise AssertionError("it was locked twice")
    assert said.value.strerror == "another process is changing it and does not end"


def test_store_lies_where_the_host_says(monkeypatch):
    monkeypatch.delenv("OTGEN_STORE", raising=False)
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert store.place() == Path("results")
    monkeypatch.setenv("SPACE_ID", "me/otgen")
    monkeypatch.setattr("otgen.results.store.Path.is_dir", lambda path: str(path) == "/data")
    monkeypatch.setattr("os.access", lambda path, mode: True)
    assert store.place() == Path("/data/otgen")
    monkeypatch.setenv("OTGEN_STORE", "/elsewhere")
    assert store.place() == Path("/elsewhere")


ELSEWHERE = """
import sys
from dataclasses import replace
from pathlib import Path
from otgen.results.saving import save
from otgen.results.store import read
result = read(Path(sys.argv[1]))
import otgen.ui.page
print(ascii(result.settings.prompts[0].text))
"""


def test_what_is_written_is_utf_8_in_any_locale(result, tmp_path):
    prompts = (Prompt("一只猫"), *result.settings.prompts[1:])
    changed = replace(result.settings, prompts=prompts)
    folder = save(result._replace(settings=changed), tmp_path)
    assert "一只猫" in (folder / "result.json").read_bytes().decode("utf-8")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(folder)],
        env=os.environ | plain,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == ascii("一只猫")
