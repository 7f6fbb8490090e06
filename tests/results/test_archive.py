"""The zip of a result: whole, plainly named, and no more than one of its files at a time."""

import io
import zipfile
from xml.etree import ElementTree

import pytest
from kept import EXAMPLE, HOSTILE, kept, number
from PIL import Image

from otgen.explain.plots import PLOTS
from otgen.recipe.codec import from_file
from otgen.results.archive import bundle
from otgen.results.library import delete
from otgen.results.store import read


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> list[bytes]:
    """The zip of a result that is deleted while it is sent, once the first part has gone."""
    store = tmp_path_factory.mktemp("store")
    sent = bundle(kept(store, number(1), *HOSTILE[:2], evidence=True), "a-name")
    begun = next(sent)
    assert delete(store, number(1))
    return [begun, *sent]


@pytest.fixture(scope="module")
def archive(parts) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(parts)))


def test_zip_of_a_result_that_goes_meanwhile_holds_pictures_recipe_and_plots(archive):
    plots = [name for name, plot in PLOTS.items() if plot.suits(2, 0)]
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == sorted(
        [f"a-name/{name}" for name in ("result.json", "ot.png", "mean.png", "timelapse.mp4")]
        + [f"a-name/plot-{name}.{kind}" for name in plots for kind in ("png", "svg")]
    )


def test_zip_comes_a_file_at_a_time(parts, archive):
    largest = max(info.compress_size for info in archive.infolist())
    assert len(parts) == len(archive.infolist()) + 1
    assert max(map(len, parts)) < largest + 4096  # headers and the directory besides


def test_hostile_prompts_are_text_in_the_plots_of_the_zip(archive):
    drawings = [name for name in archive.namelist() if name.endswith(".svg")]
    assert "a-name/plot-plane.svg" in drawings
    for name in drawings:
        tags = {node.tag.split("}")[-1] for node in ElementTree.parse(archive.open(name)).iter()}
        assert not tags & {"script", "img", "foreignObject"}
    assert Image.open(archive.open("a-name/plot-plane.png")).format == "PNG"


def test_recipe_of_the_zip_is_read_again(archive):
    recipe = from_file(archive.read("a-name/result.json"))
    assert [prompt.text for prompt in recipe.settings.prompts] == list(HOSTILE[:2])


def test_result_without_evidence_gives_a_zip_without_plots(tmp_path):
    data = b"".join(bundle(kept(tmp_path, number(1)), "x"))
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert names == ["x/result.json", "x/ot.png", "x/mean.png"]


def test_result_that_is_not_there_is_said_before_anything_is_sent(tmp_path):
    with pytest.raises(FileNotFoundError):
        next(bundle(read(EXAMPLE)._replace(folder=tmp_path / number(1)), "x"))


def test_zip_that_nobody_waits_for_ends(tmp_path):
    parts = bundle(kept(tmp_path, number(1)), "x")
    next(parts)
    parts.close()
    assert next(parts, None) is None
