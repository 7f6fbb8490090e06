"""The gallery as HTML: paged, searched, and all text escaped."""

import os
import re

import pytest
from kept import HOSTILE, kept, number

from otgen.results import library
from otgen.ui import gallery as module
from otgen.ui.gallery import PAGE, editable, gallery


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("OTGEN_GALLERY", raising=False)


def _runs(html: str) -> list[str]:
    return re.findall(r'class="kept" data-run="([0-9a-f]{12})"', html)


def test_pages_are_turned_newest_first(tmp_path):
    for index in range(PAGE + 3):
        os.utime(kept(tmp_path, number(index)).folder, (10**9 - index, 10**9 - index))
    first, second = gallery(tmp_path), gallery(tmp_path, page=1)
    assert _runs(first) == [number(index) for index in range(PAGE)]
    assert _runs(second) == [number(index) for index in range(PAGE, PAGE + 3)]
    assert "Older" in first
    assert "Newer" not in first
    assert "Newer" in second
    assert "Older" not in second


@pytest.mark.parametrize("page", [-1, 99, 10**30, "1", None, 1.5, ["x"], {}])
def test_strange_pages_show_some_page(tmp_path, page):
    kept(tmp_path, number(1))
    assert _runs(gallery(tmp_path, page=page)) == [number(1)]


def test_search_narrows_and_says_when_nothing_is_left(tmp_path):
    kept(tmp_path, number(1), "a cat", "a castle")
    kept(tmp_path, number(2), "a tree", "a castle")
    assert _runs(gallery(tmp_path, "TREE")) == [number(2)]
    assert "Nothing here has these words" in gallery(tmp_path, "zeppelin")
    assert "kept here" in gallery(tmp_path / "empty")


def test_prompts_are_text(tmp_path):
    for index, text in enumerate(HOSTILE):
        kept(tmp_path, number(index), text)
    html = gallery(tmp_path)
    assert len(_runs(html)) == len(HOSTILE)
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;" in html


def test_what_it_says_of_a_result(tmp_path):
    kept(tmp_path, number(1), complete=False, steps=31)
    library.pin(tmp_path, number(1), True)
    html = gallery(tmp_path)
    assert "pinned" in html
    assert "stopped at step 31" in html
    goes_on = gallery(tmp_path, in_flight=frozenset({number(1)}))
    assert "in progress" in goes_on
    assert "stopped" not in goes_on
    assert "Unpin" in html
    assert f"results/{number(1)}/thumbnail.webp?step=31" in html
    kept(tmp_path, number(2), complete=False, steps=7, diverged="It diverged.")
    assert "diverged after step 7" in gallery(tmp_path)


@pytest.mark.parametrize(("shown", "listed"), [(None, False), ("1", True), ("0", False)])
def test_visitors_of_a_space_see_what_its_host_shows_and_change_nothing(
    tmp_path, monkeypatch, shown, listed
):
    monkeypatch.setenv("SPACE_ID", "me/otgen")
    if shown is not None:
        monkeypatch.setenv("OTGEN_GALLERY", shown)
    kept(tmp_path, number(1))
    assert library.listed() is listed
    assert not editable()
    html = gallery(tmp_path)
    assert "use" in html
    assert "Delete" not in html
    assert "Pin" not in html


def test_owner_may_pin_and_delete(tmp_path):
    kept(tmp_path, number(1))
    assert editable()
    assert "Delete it" in gallery(tmp_path)
    assert module.PAGE <= 100  # bounded
