"""The reports of a store's studies on the page: inert, and nothing else of the store."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from otgen.study.kept import report_of, studies
from otgen.ui.gallery import gallery
from otgen.ui.studies import study_links, study_route


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store with the study "one", a report outside of it, and folders that are no studies."""
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("OTGEN_GALLERY", raising=False)
    place = tmp_path / "store"
    for folder in (place / "studies" / "one", place / "studies" / "Two <b>", tmp_path / "secret"):
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("<script>alert(1)</script>")
    (place / "studies" / "empty").mkdir()
    (place / "studies" / "linked").symlink_to(tmp_path / "secret")
    (place / "studies" / "file").mkdir()
    (place / "studies" / "file" / "report.html").symlink_to(tmp_path / "secret" / "report.html")
    return place


@pytest.fixture
def client(store):
    with TestClient(Starlette(routes=[study_route(store)])) as client:
        yield client


def test_report_is_served_and_nothing_in_it_is_run(client):
    answer = client.get("/studies/one")
    assert (answer.status_code, answer.text) == (200, "<script>alert(1)</script>")
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox;" in policy
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.post("/studies/one").status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        *("none", "empty", "linked", "file", "Two <b>", "..", "%2e%2e", "one%2freport.html"),
        *("%2e%2e%2f%2e%2e%2fsecret", "one%00", "ONE", "a" * 61, "-"),
    ],
)
def test_whatever_is_no_study_of_the_store_is_a_404(client, name):
    assert client.get(f"/studies/{name}").status_code == 404


def test_studies_are_linked_on_the_gallerys_first_page_alone(store):
    assert studies(store) == ["one"]
    assert 'href="studies/one"' in gallery(store)
    assert "<b>" not in study_links(store)
    assert "studies/one" not in gallery(store, "a cat")
    assert study_links(store / "none") == ""


def test_public_space_shows_none_unless_its_host_shows_the_gallery(client, store, monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/otgen")
    assert client.get("/studies/one").status_code == 404
    monkeypatch.setenv("OTGEN_GALLERY", "1")
    assert client.get("/studies/one").status_code == 200


def test_report_that_is_too_large_is_left_alone(store, monkeypatch):
    monkeypatch.setattr("otgen.study.kept._LARGEST", 3)
    assert report_of(store, "one") is None
