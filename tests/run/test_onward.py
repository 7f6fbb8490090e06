"""Runs that start from a picture or go on from another run's result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
from helpers import same, settings, uniform
from PIL import Image

import otgen
from otgen.cli.main import _parsed, _settings, main
from otgen.recipe.codec import from_file, from_query, to_query
from otgen.recipe.prompts import InputError, Prompt
from otgen.results import library, parents, uploads
from otgen.results.library import bring
from otgen.results.result import PARENT, STATE
from otgen.results.saving import save
from otgen.results.store import read, unfinished
from otgen.run.comparison import compare
from otgen.run.plan import plan

OTHERS = (Prompt("a tree"), Prompt("a castle", 2.0))


@pytest.fixture(scope="module")
def made():
    """What the parents are: one that is finished and one that was stopped at step 1 of 3."""
    stopped = compare(plan(settings(steps=3)), lambda snapshot: snapshot.step < 1)
    return compare(plan(settings())), stopped


@pytest.fixture
def parent(made, tmp_path, monkeypatch):
    """Return the finished parent in the store ``tmp_path``, with nothing kept elsewhere."""
    monkeypatch.setenv("OTGEN_CACHE", str(tmp_path / "cache"))
    save(made[0], tmp_path)
    return read(tmp_path / made[0].id)


def _onward(saved, **changes):
    """Plan what goes on from a result, whose state is brought."""
    asked = settings(prompts=OTHERS, parent=parents.name_of(saved), **changes)
    assert not bring(saved.folder.parent, asked, lambda _: saved)
    return plan(asked)


def _first(planned):
    """Return a run's first pictures, as they are shown."""
    return compare(planned, lambda snapshot: False).pictures


def test_run_goes_on_from_a_finished_result(made, parent, tmp_path):
    asked = _onward(parent)
    assert asked.id not in (parent.id, plan(settings(prompts=OTHERS)).id)
    assert same(_first(asked), made[0].pictures)
    whole = compare(asked)
    assert whole.complete
    assert not same(whole.pictures, made[0].pictures)
    save(whole, tmp_path)
    child = read(tmp_path / asked.id)
    said = json.loads((child.folder / "result.json").read_text())
    assert said["settings"]["parent"] == f"{parent.id}@2" == child.settings.parent
    assert from_file((child.folder / "ot.png").read_bytes()).settings == asked.settings
    assert from_query(dict(parse_qsl(to_query(asked.settings)))).settings == asked.settings


def test_child_needs_its_parent_no_more(parent, tmp_path):
    asked = _onward(parent, steps=3)
    stopped = compare(asked, lambda snapshot: snapshot.step < 1)
    save(stopped, tmp_path)
    library.delete(tmp_path, parent.id)
    uploads.file(parents.name_of(parent)).unlink()
    child = read(tmp_path / asked.id)
    assert (child.folder / PARENT).is_file()
    assert not bring(tmp_path, asked.settings)  # the child has what its parent was
    resumed = compare(asked, resume=unfinished(child))
    assert same(resumed.pictures, compare(asked).pictures)
    save(resumed, tmp_path)
    assert read(tmp_path / asked.id).complete
    library.delete(tmp_path, asked.id)
    uploads.file(parents.name_of(parent)).unlink(missing_ok=True)
    assert bring(tmp_path, asked.settings) == {f"{parent.id}@2"}
    with pytest.raises(InputError, match=f"{parent.id} is not here as it was at step 2"):
        compare(asked)


def test_lanes_go_on_from_their_own_the_first_or_the_named_one(made, parent):
    ot, mean = made[0].pictures
    own, other, lost = _first(_onward(parent, lanes=("mean", "ot", "nearest")))
    assert same(own, mean)
    assert same(other, ot)
    assert same(lost, ot)
    named = _onward(parent)
    named = plan(replace(named.settings, parent=f"{named.settings.parent}/mean"))
    assert all(same(picture, mean) for picture in _first(named))


def test_stopped_result_can_be_gone_on_from_and_is_another_parent_than_the_finished(
    made, parent, tmp_path
):
    save(made[1], tmp_path)
    stopped = read(tmp_path / made[1].id)
    assert parents.name_of(stopped) == f"{stopped.id}@1"
    assert same(_first(_onward(stopped)), made[1].pictures)
    uploads.file(parents.name_of(stopped)).unlink()
    asked = plan(settings(steps=3))
    save(compare(asked, resume=unfinished(stopped)), tmp_path)  # it went on
    assert bring(tmp_path, settings(parent=f"{stopped.id}@1")) == {f"{stopped.id}@1"}


def test_anchor_holds_to_the_parents_picture_and_0_is_none(made, parent):
    assert _onward(parent, anchor=0).id == _onward(parent).id
    free, held = compare(_onward(parent)), compare(_onward(parent, anchor=50))

    def moved(result):
        return np.square((result.pictures - made[0].pictures.astype(float)) / 255).mean((1, 2, 3))

    assert (moved(held) < moved(free)).all()
    assert same(held.record.losses[0], free.record.losses[0])  # nothing has moved yet


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"generator": "diffusion-mini"}, "was painted by vqgan-mini"),
        ({"generator": "vqgan-imagenet"}, "was painted by vqgan-mini"),
        ({"parent": "/unheard"}, "has no lane unheard; it has ot, mean"),
    ],
)
def test_what_can_not_go_on_is_said_before_anything_is_loaded(parent, changes, says):
    asked = _onward(parent).settings
    values = changes | {"parent": asked.parent + changes.get("parent", "")}
    values |= {"encoder": "clip-mini"} if "generator" in changes else {}
    with pytest.raises(InputError, match=says):
        compare(plan(replace(asked, **values)))


def test_damaged_state_is_said(parent):
    asked = _onward(parent)
    file = uploads.file(parents.name_of(parent))
    with np.load(file) as kept:
        arrays = dict(kept)
    np.savez(file, **arrays | {"z": np.zeros(3)})
    with pytest.raises(InputError, match="does not fit this run: it is damaged"):
        compare(asked)
    file.write_bytes(b"PK")
    with pytest.raises(InputError, match="not here"):
        compare(asked)


def test_results_are_named_by_id_or_folder(parent):
    def find(id):
        return parent if id == parent.id else None

    own = f"{parent.id}@2"
    for said in (parent.id, f" {parent.id}/", f"results/{parent.id}", f"{parent.id}@2"):
        assert parents.named(said, find) == own
    assert parents.named(f"{parent.id}/mean", find) == f"{own}/mean"
    assert parents.named("f" * 12 + "@7", find) == "f" * 12 + "@7"
    for said in ("f" * 12, "the last one", ""):
        with pytest.raises(InputError, match="There is no result"):
            parents.named(said, find)
    (parent.folder / STATE).unlink()
    with pytest.raises(InputError, match="holds nothing to go on from"):
        parents.named(parent.id, find)


def test_command_line_and_programs_name_a_result(parent, tmp_path, monkeypatch, capsys):
    line = ["compare", "a tree", "--generator", "vqgan-mini", "--steps", "1", "--cutouts", "4"]
    line += ["--out", str(tmp_path), "--from"]
    asked = _settings(_parsed([*line, f"{tmp_path}/{parent.id}/mean"]))
    assert asked.parent == f"{parent.id}@2/mean"
    uploads.file(f"{parent.id}@2").unlink()
    assert main([*line, parent.id]) == 0
    child = read(Path(capsys.readouterr().out.strip()))
    assert child.settings.parent == f"{parent.id}@2"
    assert main([*line, "f" * 12]) == 2
    assert capsys.readouterr().err.startswith(f"There is no result “{'f' * 12}” to go on from")
    monkeypatch.setenv("OTGEN_STORE", str(tmp_path))
    result = otgen.compare(
        "a tree", generator="vqgan-mini", steps=1, cutouts=4, parent=parent.id, anchor=1.0
    )
    assert result.settings.parent == f"{parent.id}@2"


def test_diffusion_starts_from_a_picture_and_is_held_to_it(tmp_path, monkeypatch):
    monkeypatch.setenv("OTGEN_CACHE", str(tmp_path))
    picture = Image.fromarray((uniform(128, 128, 3) * 255).byte().numpy())
    kept = settings(generator="diffusion-mini", start=uploads.keep(picture), lanes=("ot",))
    usual, light = compare(plan(kept)), compare(plan(replace(kept, strength=0.2)))
    held = compare(plan(replace(kept, strength=0.2, anchor=100)))

    def moved(result):
        return np.square(result.pictures / 255.0 - np.asarray(picture) / 255.0).mean()

    assert moved(held) < moved(light) < moved(usual)
