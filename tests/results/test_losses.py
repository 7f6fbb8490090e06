"""No save loses a result: writers are killed, meet full disks, and compete; all for real."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from saves import COMPLETE, ID, made, whole

from otgen.results import library, saving, store
from otgen.results.disk import LOCKS

SCRIPT = Path(__file__).parents[1] / "saves.py"
# Forked processes have one thread: a library's others would be missing in them.
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Over none, over a partial result, and over one as otgen left it at first.
OVER = pytest.mark.parametrize(
    ("before", "after"), [(0, 5), (0, COMPLETE), (5, 9), (5, COMPLETE), (-5, 9)]
)


@pytest.fixture
def folder(tmp_path):
    """Return a folder in memory where there is one: to wait for a disk thousands of times is slow.

    A killed process leaves the same there: what the kernel has, it has.
    """
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as made:
        yield Path(made)


def _script(*args: object, **options) -> subprocess.Popen:
    path = os.pathsep.join(map(str, (SCRIPT.parent, SCRIPT.parents[1])))
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *map(str, args)],
        env=os.environ | ALONE | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        text=True,
        **options,
    )


def _ends(kind: str, folder: Path, before: int, after: int) -> list[str]:
    """Let saves meet trouble at each of their calls; return how each of them ended."""
    with _script(kind, folder, before, after, stdout=subprocess.PIPE) as script:
        said = script.communicate()[0].split()
    assert script.returncode == 0
    assert said[-1] == "saved"  # it met no trouble
    return said


def _kept(place: Path) -> int:
    """Return the steps of the result in a store, 0 where there is none; it must be whole."""
    saved = store.read(place / ID)
    assert saved is None or whole(saved)
    return saved.steps if saved else 0


def _left(place: Path) -> set[str]:
    """Return what lies in a store beside whole results and the folder of locks."""
    names = {path.name for path in place.iterdir()} - {ID, LOCKS} if place.exists() else set()
    if kept := store.read(place / ID):
        names |= {path.name for path in saving.strays(place / ID, kept)}
    return names


def _abandoned(place: Path) -> None:
    for path in place.glob(".writing-*"):
        os.utime(path, (1_000_000, 1_000_000))


@OVER
def test_writer_killed_at_any_call_leaves_the_old_or_the_new_whole(folder, before, after):
    ends, seen = _ends("kill", folder, before, after), []
    before, best = abs(before), max(abs(before), after)
    for at in range(1, len(ends) + 1):
        place = folder / str(at)
        seen.append(_kept(place))
        assert seen[-1] in (before, best)
        _abandoned(place)
        library.sweep(place)
        assert _left(place) == set()
        assert _kept(place) == seen[-1]
        saving.save(made(after), place)
        assert _kept(place) == best
        assert _left(place) == set()
    assert set(ends[:-1]) <= {"killed"}
    assert seen == sorted(seen)  # there is one moment from which on it is the new one
    assert seen[-1] == best
    assert seen[0] == before
    assert len(ends) > 40


@pytest.mark.parametrize("kind", ["once", "full"])
@OVER
def test_disk_full_at_any_call_leaves_the_old_or_the_new_whole(folder, kind, before, after):
    ends, before = _ends(kind, folder, before, after), abs(before)
    for at, end in enumerate(ends, 1):
        place = folder / str(at)
        if end == "raised":
            assert _kept(place) == before, f"call {at}"
            assert _left(place) == set(), f"call {at}"
        else:
            assert _kept(place) == max(before, after), f"call {at}"
            _abandoned(place)
            library.sweep(place)
            assert _left(place) == set(), f"call {at}"
    assert "raised" in ends


def test_a_thousand_saves_of_four_processes_leave_a_whole_result_at_every_moment(folder):
    place, seen = folder / "store", []
    writers = [_script("race", place, seed) for seed in range(4)]
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    while any(writer.poll() is None for writer in writers):
        saved = store.read(place / ID)
        assert saved or not seen, "there was a result, and there is none"
        if saved and (not seen or saved.steps != seen[-1]):
            seen.append(saved.steps)
        if saved and not whole(saved):  # replaced while it was read
            assert store.read(place / ID).steps >= saved.steps
            assert store.read(place / ID).folder != saved.folder
    for writer in writers:
        writer.stdin.close()
    assert [writer.returncode for writer in writers] == [0] * 4
    assert seen == sorted(seen)
    assert len(seen) > 20  # of up to 1,000
    assert _kept(place) == COMPLETE
    assert _left(place) == set()
    assert len(list((place / LOCKS).iterdir())) == 1
