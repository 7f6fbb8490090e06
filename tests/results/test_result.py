"""What a picture's text says to the programs of others: sd-parsers, ImageMagick and exiftool."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from helpers import settings
from sd_parsers import ParserManager

from otgen.painters.catalogue import GENERATORS
from otgen.recipe.codec import from_file
from otgen.recipe.prompts import Prompt
from otgen.results.result import Result
from otgen.results.saving import save
from otgen.run.comparison import compare
from otgen.run.plan import plan

LATIN = (Prompt("a café à Besançon"), Prompt("a house", 2.5))
OTHER = (Prompt("“猫” 🐈"), Prompt("a house", 2.5))


@pytest.fixture(scope="module")
def result() -> Result:
    return compare(plan(settings(lanes=("ot",))))


def _saved(result: Result, folder: Path, **changes) -> Path:
    asked = settings(lanes=("ot",), **changes)
    of = result._replace(settings=asked, sampler=GENERATORS[asked.generator].sampler)
    return save(of, folder) / "ot.png"


def _ran(*command: str | Path) -> str:
    """Return what a program of Debian prints."""
    assert shutil.which(command[0]), f"{command[0]} is missing: make test installs it"
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


def _chunks(file: Path) -> dict[str, str]:
    """Return the kinds of a PNG's chunks of text, by their keys."""
    data, at, by_name = file.read_bytes(), 8, {}
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind in (b"tEXt", b"iTXt", b"zTXt"):
            key = data[at + 8 : at + 8 + size].split(b"\0")[0]
            by_name[key.decode()] = kind.decode()
        at += size + 12
    return by_name


@pytest.mark.parametrize(("prompts", "kind"), [(LATIN, "tEXt"), (OTHER, "iTXt")])
def test_parameters_are_plain_text_where_latin_1_can_write_them(result, tmp_path, prompts, kind):
    file = _saved(result, tmp_path, prompts=prompts)
    assert _chunks(file) == {"otgen": "tEXt", "parameters": kind}
    assert from_file(file.read_bytes()).settings.prompts == prompts


@pytest.mark.parametrize("prompts", [LATIN, OTHER])
@pytest.mark.parametrize("generator", GENERATORS)
def test_sd_parsers_reads_prompts_seed_steps_and_model(result, tmp_path, generator, prompts):
    file = _saved(result, tmp_path, prompts=prompts, generator=generator, steps=40, seed=77)
    info = ParserManager().parse(file)
    assert info is not None
    (sampler,) = info.samplers
    assert sampler.name == ("DDIM" if "diffusion" in generator else "Adam")
    assert sampler.model.name == generator
    assert sampler.parameters["seed"] == "77"
    assert sampler.parameters["steps"] == "40"
    assert [prompt.value for prompt in sampler.prompts] == [
        f"{prompts[0].text} :1 | {prompts[1].text} :2.5"
    ]
    assert info.metadata["Lane"] == "ot"


def test_imagemagick_shows_both_texts(result, tmp_path):
    shown = _ran("identify", "-verbose", _saved(result, tmp_path))
    assert "parameters: a cat :3 | a castle :1" in shown
    assert "Sampler: Adam" in shown
    assert 'otgen: {"version"' in shown


@pytest.mark.parametrize("prompts", [LATIN, OTHER])
def test_exiftool_shows_both_texts(result, tmp_path, prompts):
    file = _saved(result, tmp_path, prompts=prompts)
    (shown,) = json.loads(_ran("exiftool", "-json", file))
    assert shown["Parameters"].startswith(f"{prompts[0].text} :1 | {prompts[1].text} :2.5")
    assert json.loads(shown["Otgen"])["settings"]["prompts"][0]["text"] == prompts[0].text


def test_weight_of_many_digits_is_written_as_it_is(result, tmp_path):
    prompts = (Prompt("a cat", 1.2345678901), Prompt("a castle", 2.0))
    shown = _ran("exiftool", "-Parameters", _saved(result, tmp_path, prompts=prompts))
    assert "a cat :1.2345678901 | a castle :2" in shown
