"""The command line: a run, and one sentence with status 2 for whatever can't be used."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from otgen.cli.main import DIVERGED, _parsed, _settings, main
from otgen.painters.catalogue import GENERATORS
from otgen.recipe.lanes import EXAMPLES
from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.rules import Choice
from otgen.recipe.settings import rules
from otgen.results import uploads
from otgen.results.store import UNFINISHED, read
from otgen.run import comparison, painting

ROOT = Path(__file__).resolve().parents[2]


def _run(*arguments, **variables) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "otgen", *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_large_and_svg_are_written_beside_the_pictures(tmp_path, capsys):
    command = ["compare", "a cat", "--steps", "1", "--cutouts", "4", "--lanes", "ot"]
    command += ["--out", str(tmp_path), "--sprites", "1", "--height", "128", "--width", "136"]
    assert main(command) == 0
    assert main([*command, "--large", "--svg"]) == 0  # of what is there already
    folder = Path(capsys.readouterr().out.splitlines()[-1])
    with Image.open(folder / "ot-large.png") as large:
        assert large.size == (544, 512)
    assert (folder / "ot.svg").read_text().startswith("<svg ")


def test_large_of_a_painter_of_pixels_is_refused_before_the_run(tmp_path, capsys):
    command = ["compare", "a cat", "--generator", "vqgan-mini", "--out", str(tmp_path / "none")]
    assert main([*command, "--large"]) == 2
    assert "vqgan-mini paints pixels" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_compare_paints_and_prints_the_folder_last(tmp_path):
    done = _run(
        *("compare", "a cat", "a castle :2"),
        *("--steps", "2", "--cutouts", "6", "--seed", "3", "--eps", "0.2", "--distance", "cosine"),
        *("--sprites", "1"),
        OTGEN_STORE=str(tmp_path / "store"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no bar where nobody watches, no warning of a library
    folder = Path(done.stdout.splitlines()[-1])
    assert folder.parent == tmp_path / "store"
    data = json.loads((folder / "result.json").read_text())
    asked = {
        "generator": "storybook",
        "steps": 2,
        "cutouts": 6,
        "seed": 3,
        "epsilon": 0.2,
        "distance": "cosine",
    }
    assert {name: data["settings"][name] for name in asked} == asked
    assert data["settings"]["prompts"][1] == {"text": "a castle", "weight": 2.0}
    for lane in ("ot", "mean"):
        with Image.open(folder / f"{lane}.png") as image:
            assert json.loads(image.text["otgen"])["lane"] == lane
            assert image.text["parameters"].startswith("a cat :1 | a castle :2\nSteps: 2, ")
            assert image.size == (256, 256)


def test_bad_input_ends_the_process_with_2_and_one_sentence(tmp_path):
    done = _run("compare", "a zeppelin", "--out", str(tmp_path / "store"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "zeppelin" in done.stderr
    assert not (tmp_path / "store").exists()


def test_images_are_prompts_with_weights_and_places(tmp_path, monkeypatch):
    monkeypatch.setenv("OTGEN_CACHE", str(tmp_path))
    for name, shade in (("one", 40), ("two", 200)):
        Image.new("RGB", (20, 30), (shade, 0, 0)).save(tmp_path / f"{name}.png")
    one, two = (str(tmp_path / f"{name}.png") for name in ("one", "two"))
    line = ["compare", "a cat", "--image", one, ":2", "@left", "a boat :3", "--image", two, ":-1"]
    asked = _settings(_parsed(line))
    picture = uploads.keep(tmp_path / "one.png")
    assert asked.prompts == (
        Prompt("a cat"),
        Prompt(f"[picture {picture}]", 2.0, "left"),
        Prompt("a boat", 3.0),
    )
    assert asked.negative == (uploads.prompt(tmp_path / "two.png"),)
    config = tmp_path / "run.yaml"
    config.write_text(f"prompts:\n- a cat\n- {{image: {one}, weight: 2, place: left}}\n")
    asked = _settings(_parsed(["compare", "--config", str(config)]))
    assert asked.prompts == (Prompt("a cat"), Prompt(f"[picture {picture}]", 2.0, "left"))
    with pytest.raises(InputError, match=r"There is no file .*three\.png"):
        _settings(_parsed(["compare", "a cat", "--image", str(tmp_path / "three.png")]))
    for marks in (["@lfet"], [":two"], [":2 | a dog"], ["@left", "@right"]):
        with pytest.raises(InputError, match=r"What follows --image .*try :2 @left"):
            _settings(_parsed(["compare", "a cat", "--image", one, *marks]))


def test_seed_is_drawn_and_sizes_are_read(tmp_path, capsys):
    config = tmp_path / "run.yaml"
    config.write_text("prompts:\n  - a cat :1,5\n  - a clock at 12:30\naspect: 16:9\nseed:\n")
    lines = [["--config", str(config)], ["a cat", "--seed", "-1"], ["a cat", "--seed=random"]]
    first, *others = [_settings(_parsed(["compare", *line])) for line in lines]
    said = capsys.readouterr().err.splitlines()
    assert said == [f"The seed is {one.seed}." for one in (first, *others)]
    assert first.prompts == (Prompt("a cat", 1.5), Prompt("a clock at 12:30"))
    assert (first.width, first.height) == (344, 192)
    sized = _settings(_parsed(["compare", "a cat", "--size", "512 × 384"]))
    assert (sized.width, sized.height, sized.seed) == (512, 384, 1234)
    assert capsys.readouterr().err == ""


def test_one_lane_and_progress(tmp_path, capsys):
    status = main(
        [
            "compare",
            "a cat | a castle",
            "--generator=vqgan-mini",
            "--steps=1",
            "--cutouts=6",
            "--lanes=ot",
            f"--out={tmp_path}",
        ]
    )
    folder = Path(capsys.readouterr().out.splitlines()[-1])
    assert status == 0
    assert (folder / "ot.png").exists()
    assert not (folder / "mean.png").exists()


def test_ladder_paints_what_the_store_lacks_and_prints_its_grid_last(tmp_path, capsys, monkeypatch):
    small = ["--generator=vqgan-mini", "--steps=1", "--cutouts=6", f"--out={tmp_path}"]
    assert main(["ladder", "a cat :3", "a castle", "a tree", *small]) == 0
    grid = Path(capsys.readouterr().out.splitlines()[-1])
    assert grid.parent == tmp_path
    with Image.open(grid) as picture:
        assert "1 + 2 + 3, Mean of distances: " in picture.text["Description"]
    results = [folder for folder in tmp_path.iterdir() if (folder / "result.json").exists()]
    assert len(results) == 5

    def again(*_):
        raise AssertionError("it is in the store")

    monkeypatch.setattr("otgen.run.painting.compare", again)
    assert main(["ladder", "a cat :3", "a castle", "a tree", *small]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(grid)


def test_dial_is_one_run_of_five_lanes(tmp_path, capsys):
    small = ["--generator=vqgan-mini", "--steps=1", "--cutouts=6", f"--out={tmp_path}"]
    assert main(["dial", "a cat", "a castle", *small]) == 0
    strip = Path(capsys.readouterr().out.splitlines()[-1])
    assert strip.name.startswith("dial-")
    assert strip.exists()
    (folder,) = (file.parent for file in tmp_path.glob("*/result.json"))
    assert {file.name for file in folder.glob("*.png")} == {
        *("ot-0.01.png", "ot-0.1.png", "ot-0.5.png", "ot-2.png", "mean.png")
    }


def test_seeds_are_runs_of_their_own_and_one_grid(tmp_path, capsys):
    asked = ["seeds", "a cat", "a castle", "--many", "2", "--seed", "9", "--lanes", "ot"]
    assert main([*asked, *SMALL, f"--out={tmp_path}"]) == 0
    grid = Path(capsys.readouterr().out.splitlines()[-1])
    with Image.open(grid) as picture:
        assert "Seed 10, Optimal transport: " in picture.text["Description"]
    made = [read(file.parent).settings for file in tmp_path.glob("*/result.json")]
    assert {(one.seed, one.lanes) for one in made} == {(9, ("ot",)), (10, ("ot",))}
    assert main([*asked, "--many", "17"]) == 2
    assert "number of seeds is “17”. It can be 2 to 16" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["ladder", "dial", "seeds"])
@pytest.mark.parametrize("prompts", [["a cat"], ["a cat", "a zeppelin"], []])
def test_experiment_of_bad_input_ends_with_2_and_one_sentence(command, prompts, capsys, tmp_path):
    assert main([command, *prompts, f"--out={tmp_path / 'store'}"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert not (tmp_path / "store").exists()


SMALL = ["--generator=vqgan-mini", "--steps=4", "--cutouts=6"]
COMPARE = ["compare", "a cat :2", "a castle", *SMALL]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Let COMPARE run to its end; return the result's folder."""
    store = tmp_path_factory.mktemp("whole")
    assert main([*COMPARE, f"--out={store}"]) == 0
    (file,) = store.glob("*/result.json")
    return file.parent


@pytest.fixture
def interrupted(monkeypatch):
    """Return a function that lets the next run meet a real signal at a step, None: before it."""
    compare = painting.compare
    # As in a terminal: a process that a script starts in the background ignores SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def at(step: int | None, number: int) -> None:
        def run(planned, watch, *rest):
            monkeypatch.setattr(painting, "compare", compare)
            if step is None:
                os.kill(os.getpid(), number)

            def seen(snapshot) -> bool:
                if snapshot.step == step:
                    os.kill(os.getpid(), number)
                return watch(snapshot)

            return compare(planned, seen, *rest)

        monkeypatch.setattr(painting, "compare", run)

    yield at
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_is_kept_and_the_same_command_goes_on_to_the_same_bytes(
    number, whole, interrupted, tmp_path, capsys
):
    acts = signal.getsignal(number)
    interrupted(2, number)
    assert main([*COMPARE, f"--out={tmp_path}"]) == 128 + number
    out, err = capsys.readouterr()
    folder = Path(out.splitlines()[-1])
    assert folder == tmp_path / whole.name
    assert err.splitlines()[-1].startswith("Stopped at step 2 of 4; it is kept")
    assert signal.getsignal(number) is acts
    left = read(folder)
    assert (left.complete, left.steps) == (False, 2)
    assert (left.folder / UNFINISHED).exists()
    assert main([*COMPARE, f"--out={tmp_path}"]) == 0
    out, err = capsys.readouterr()
    assert Path(out.splitlines()[-1]) == folder
    assert "Going on from step 2 of 4." in err.splitlines()
    assert not list(folder.rglob(UNFINISHED))
    for lane in ("ot", "mean"):
        assert (folder / f"{lane}.png").read_bytes() == (whole / f"{lane}.png").read_bytes()


def test_interrupted_experiment_goes_on_with_the_run_it_was_in(interrupted, tmp_path, capsys):
    command = ["ladder", "a cat", "a castle", *SMALL, f"--out={tmp_path}"]
    interrupted(2, signal.SIGINT)
    assert main(command) == 130
    assert "goes on from there" in capsys.readouterr().err
    (folder,) = tmp_path.glob("*/result.json")
    assert main(command) == 0
    assert "Going on from step 2 of 4." in capsys.readouterr().err.splitlines()
    assert read(folder.parent).complete


def test_interruption_before_the_first_step_leaves_nothing(interrupted, tmp_path, capsys):
    interrupted(None, signal.SIGINT)
    assert main(["compare", "a cat", *SMALL, f"--out={tmp_path}"]) == 130
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_painted_again(whole, tmp_path, capsys, monkeypatch):
    shutil.copytree(whole, tmp_path / whole.name)
    command = [*COMPARE, f"--out={tmp_path}"]

    def again(*_):
        raise AssertionError("it is in the store")

    monkeypatch.setattr(painting, "compare", again)
    assert main(command) == 0
    assert Path(capsys.readouterr().out.strip()) == tmp_path / whole.name
    (tmp_path / whole.name / "arrays.npz").unlink()
    assert main([*command, "--plots"]) == 2
    assert "delete it to paint again" in capsys.readouterr().err


def test_help_lists_every_choice():
    said = _run("compare", "--help", COLUMNS="1000").stdout
    choices = [*GENERATORS, *EXAMPLES]
    choices += [name for of in rules().values() if isinstance(of, Choice) for name in of.allowed]
    assert len(choices) > 15
    assert [name for name in choices if not re.search(rf"[ :]{name}[, )\n]", said)] == []


TRY = ("try", "leave", "write", "remove", "shorten", "there are:", "such as", "type it again")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], ["no prompt", "at least one"]),
        (["", " | "], ["no prompt", "at least one"]),
        (["a cat"] * 17, ["17 prompts", "at most 16"]),
        (["a cat :0"], ["“a cat”", "“0”", "above 0"]),
        (["a cat :-1"], ["“a cat”", "negative prompts alone", "add at least one"]),
        (["a cat :nan"], ["“nan”", "above 0"]),
        (["a cat :inf"], ["“inf”", "to 1000"]),
        (["a cat :2x"], ["“2x”", "a number"]),
        (["a cat :0", "a castle :0"], ["“a cat”", "above 0"]),
        (["a cat " * 2000], ["11,999 characters", "at most 300"]),
        (["cat " * 60], ["60 words", "reads 22"]),
        (["a zeppelin"], ["“zeppelin”", "such as"]),
        (["a $ cat"], ["“$”", "cactus"]),
        (["<b>a cat</b>"], ["“<”", "cactus"]),
        (["a 🐈"], ["“🐈”", "cactus"]),
        (["a \udcff cat"], ["UTF-8", "“a   cat”"]),  # the byte FF, as Python hands it over
        (["一只猫"], ["“一只猫”", "cactus"]),
        (["a cat", "--generator", "stylegan"], ["“stylegan”", "vqgan-mini"]),
        (["a cat", "--distance", "manhattan"], ["“manhattan”", "great-circle"]),
        (["a cat", "--lanes", "sliced"], ["“sliced”", "ot, mean"]),
        (["a cat", "--lanes", "ot,ot"], ["“ot, ot”", "ot, mean"]),
        (["a cat", "--lanes", ""], ["“”", "ot, mean"]),
        (["a cat", "--steps", "0"], ["“0”", "1 to 2,000"]),
        (["a cat", "--steps", "2001"], ["“2001”", "1 to 2,000"]),
        (["a cat", "--steps", "1.5"], ["“1.5”", "whole number"]),
        (["a cat", "--steps", "many"], ["“many”", "whole number"]),
        (["a cat", "--cutouts", "1"], ["“1”", "2 to 256"]),
        (["a cat", "--cutouts", "257"], ["“257”", "2 to 256"]),
        (["a cat", "--eps", "0"], ["“0”", "0.001 to 1,000"]),
        (["a cat", "--eps", "-1"], ["“-1”", "0.001 to 1,000"]),
        (["a cat", "--eps", "nan"], ["“nan”", "0.001 to 1,000"]),
        (["a cat", "--eps", "inf"], ["“inf”", "0.001 to 1,000"]),
        (["a cat", "--eps", "sharp"], ["“sharp”", "0.001 to 1,000"]),
        (["a cat", "--seed", "-2"], ["“-2”", "0 to 4,294,967,295", "-1 for a random one"]),
        (["a cat", "--seed", "9" * 5000], ["9999", "0 to 4,294,967,295"]),
        (["a cat", "--seed", "lucky"], ["“lucky”", "0 to 4,294,967,295"]),
        (["a cat", "--size", "large"], ["“large”", "512x384"]),
        (["a cat", "--size", "500x384"], ["width is “500”", "496 or 504"]),
        (["a cat", "--size", "512x384", "--width", "512"], ["“512x384”", "leave one out"]),
        (["a cat", "--aspect", "9:1"], ["“9:1”", "from 1:4 to 4:1", "try 16:9"]),
        (["a cat", "--aspect", "1:0"], ["“1:0”", "try 16:9"]),
        (["a cat", "--aspect", "3:2", "--height", "256"], ["“3:2”", "leave one out"]),
        (
            ["a cat", "--aspect=3:2", "--generator=vqgan-mini"],
            ["128 pixels only", "or take storybook"],
        ),
    ],
    ids=lambda value: " ".join(value)[:40] if value and isinstance(value, list) else None,
)
def test_bad_input_is_one_sentence_that_says_what_to_try(arguments, said, capsys, tmp_path):
    assert main(["compare", *arguments, "--out", str(tmp_path / "store")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith(".\n")
    assert all(word in err for word in said), err
    assert any(word in err for word in TRY), err
    assert not (tmp_path / "store").exists()


def test_store_that_can_not_be_written_is_said_before_the_run(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    assert main(["compare", "a cat", "--out", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--out" in err


def test_unknown_option_ends_with_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["compare", "a cat", "--temperature", "3"])
    assert ended.value.code == 2
    assert "--temperature" in capsys.readouterr().err


@pytest.fixture
def diverging(monkeypatch):
    """Return a function that lets runs of so many prompts paint with steps that are no number."""
    adapted = comparison.adapted

    def of(many: int) -> None:
        def adapt(planned, start):
            generator = adapted(planned, start)
            astray = len(planned.texts) == many
            return replace(generator, rate=float("nan")) if astray else generator

        monkeypatch.setattr(comparison, "adapted", adapt)

    return of


def test_run_that_diverges_has_a_status_of_its_own_and_is_not_run_again(
    diverging, tmp_path, capsys, monkeypatch
):
    diverging(2)
    assert main([*COMPARE, f"--out={tmp_path}"]) == DIVERGED == 3
    out, err = capsys.readouterr()
    found = read(Path(out.splitlines()[-1]))
    assert (found.complete, found.steps) == (False, 0)
    assert err.splitlines()[-1] == found.diverged
    assert "at step 1 of 4: try" in found.diverged
    assert found.folder == tmp_path / found.id  # it does not go on, so nothing replaces it

    def again(*_, **__):
        raise AssertionError("it would diverge again")

    monkeypatch.setattr(painting, "compare", again)
    assert main([*COMPARE, f"--out={tmp_path}"]) == DIVERGED
    again_out, again_err = capsys.readouterr()
    assert again_out.splitlines()[-1] == out.splitlines()[-1]
    assert again_err.splitlines()[-1] == found.diverged


def test_ladder_paints_what_does_not_diverge_and_says_what_does(diverging, tmp_path, capsys):
    command = ["ladder", "a cat", "a castle", "a tree", *SMALL, f"--out={tmp_path}"]
    diverging(2)
    for _ in range(2):
        assert main(command) == DIVERGED
        out, err = capsys.readouterr()
        assert Path(out.splitlines()[-1]).exists()
        said = [line for line in err.splitlines() if "diverged" in line]
        assert len(said) == 1
        assert said[0].startswith("Prompts 1 + 2 diverged. The loss or its gradient is not a")
    found = [read(file.parent) for file in tmp_path.glob("*/result.json")]
    assert sorted(saved.complete for saved in found) == [False, True, True, True, True]
