"""Files that people upload, which go once they were read."""

from __future__ import annotations

import json

import pytest
from gradio.data_classes import FileData
from kept import EXAMPLE
from pages import drop
from playwright.sync_api import expect

from otgen.ui.upload import upload_button


@pytest.fixture
def button(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return upload_button("Choose")


def uploaded(tmp_path, content: bytes, name: str = "a.png") -> FileData:
    """Put a file where Gradio puts one that is uploaded."""
    folder = tmp_path / "cache" / content.hex()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return FileData(path=str(folder / name))


def test_two_hundred_uploads_leave_nothing(button, tmp_path):
    for index in range(200):
        content = b"%d" % index
        assert button.preprocess(uploaded(tmp_path, content)) == content
    assert list((tmp_path / "cache").iterdir()) == []


def test_file_that_was_read_already_is_none_and_others_stay(button, tmp_path):
    upload = uploaded(tmp_path, b"one")
    uploaded(tmp_path, b"one", "b.png")  # the same content under another name
    assert button.preprocess(upload) == b"one"
    assert button.preprocess(upload) is None
    assert button.preprocess(None) is None
    assert [file.name for file in (tmp_path / "cache").rglob("*.png")] == ["b.png"]


def test_only_what_was_uploaded_is_removed(button, tmp_path):
    (tmp_path / "mine.png").write_bytes(b"mine")
    (tmp_path / "cache").mkdir()
    for path in (tmp_path / "mine.png", tmp_path / "cache" / ".." / "mine.png"):
        assert button.preprocess(FileData(path=str(path))) == b"mine"
    assert (tmp_path / "mine.png").exists()


def test_files_dropped_on_the_page_leave_nothing(visit, server):
    page = visit()
    data = json.loads((EXAMPLE / "result.json").read_text())
    for seed in (*range(100, 120), 100):
        data["settings"]["seed"] = seed
        drop(page, json.dumps(data).encode(), "result.json")
        expect(page.get_by_label("Seed", exact=True)).to_have_value(str(seed))
    drop(page, b"no recipe", "other.txt")
    expect(page.locator("#message .trouble")).to_contain_text("neither a PNG nor JSON")
    assert [file for file in (server.store.parent / "gradio").rglob("*") if file.is_file()] == []
