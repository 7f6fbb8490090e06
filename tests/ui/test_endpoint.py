"""The endpoints for programs, as gradio_client sees them."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import urllib.request

import gradio as gr
import pytest
from conftest import ROOT
from gradio.utils import get_function_description
from gradio_client.exceptions import AppError
from kept import kept, number
from PIL import Image
from programs import program

from otgen.painters.catalogue import GENERATORS
from otgen.recipe.settings import rule
from otgen.ui import endpoint

RUN = {
    "prompts": "a cat :2 | a castle",
    "steps": 3,
    "cutouts": 4,
    "seed": 21,
    "lanes": "ot",
    "sprites": 1,
}


@pytest.fixture(scope="module")
def client(server):
    client = program(server.address)
    yield client
    client.close()


@pytest.fixture(scope="module")
def painted(client, server):
    """Paint once: (last item, all items)."""
    job = client.submit(**RUN, api_name="/compare")
    last = job.result(timeout=180)
    yield last, job.outputs()
    shutil.rmtree(server.store / last["run"])


def _get(server, address: str) -> bytes:
    with urllib.request.urlopen(server.address + address, timeout=60) as answer:
        return answer.read()


def test_compare_streams_and_ends_with_the_result(painted, server):
    last, items = painted
    assert last["state"] == "done"
    assert last["result"]["settings"]["prompts"][0] == {"text": "a cat", "weight": 2.0}
    assert last["result"]["settings"]["sprites"] == 1
    assert sum(last["result"]["numbers"]["ot"]["counts"]) == 4
    with Image.open(io.BytesIO(_get(server, last["files"]["ot"]))) as picture:
        assert last["run"] in picture.info["otgen"]
    states = [item["state"] for item in items]
    assert states[0] in ("queued", "loading", "running")
    assert len(states) > 1


def test_result_names_where_its_pictures_are_drawn_anew(painted, server):
    last, _ = painted
    assert list(last["svg"]) == list(last["large"]) == ["ot"]
    assert _get(server, last["svg"]["ot"]).startswith(b"<svg ")
    with Image.open(io.BytesIO(_get(server, last["large"]["ot"]))) as picture:
        assert picture.size == (1024, 1024)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"prompts": ""}, "no prompt"),
        ({"generator": "dalle"}, "dalle"),
        ({"epsilon": 0}, "epsilon is"),
        ({"generator": "diffusion", "conditioning": "everything"}, "everything"),
        ({"generator": "vqgan-imagenet", "height": 100}, "height is"),
        ({"generator": "diffusion-mini", "height": 100}, "128 pixels only: try 128"),
        ({"lanes": ["ot", "sliced"]}, "no lane “sliced”"),
        ({"prompts": ["a cat", 7]}, "A prompt is “7”"),
    ],
)
def test_compare_refuses_bad_input_with_a_sentence(client, values, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(**values, api_name="/compare")


LISTS = [
    {"prompts": ["a cat :2", "a castle"], "lanes": ["ot"]},
    {"prompts": [{"text": "a cat", "weight": 2}, {"text": "a castle"}], "lanes": "ot"},
]


@pytest.mark.parametrize("values", LISTS)
def test_lists_mean_the_same_run_in_every_api(client, painted, server, values):
    last, _ = painted
    assert client.predict(**RUN | values, api_name="/compare")["run"] == last["run"]
    called = urllib.request.Request(
        server.address + "gradio_api/call/v2/compare",
        json.dumps(RUN | values).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(called, timeout=60) as answer:
        event = json.load(answer)["event_id"]
    streamed = _get(server, f"gradio_api/call/compare/{event}").decode()
    assert "event: complete" in streamed
    assert f'"run": "{last["run"]}"' in streamed.replace('"run":"', '"run": "')


def test_status_and_result_find_a_run_by_its_id(client, painted):
    last, _ = painted
    status = client.predict(last["run"], api_name="/status")
    assert (status["state"], status["step"], status["error"]) == ("done", 3, "")
    result = client.predict(last["run"], api_name="/result")
    assert result == {name: last[name] for name in ("result", "files", "large", "svg")}


def test_list_holds_the_results_that_its_words_name(client, painted):
    last, _ = painted
    named = {entry["run"]: entry for entry in client.predict("castle cat", 100, api_name="/list")}
    entry = named[last["run"]]
    assert entry["prompts"] == last["result"]["settings"]["prompts"]
    assert client.predict("zeppelin", api_name="/list") == []
    with pytest.raises(AppError, match="allowed is 1 to 100"):
        client.predict("", 1000, api_name="/list")


def test_stop_keeps_what_was_made(client):
    job = client.submit(**RUN | {"steps": 2000, "seed": 22}, api_name="/compare")
    run = next(item["run"] for item in job if item["state"] == "running")
    assert client.predict(run, api_name="/stop")["run"] == run
    last = job.result(timeout=60)
    assert last["state"] == "stopped"
    assert 0 <= last["result"]["steps"] < 2000
    assert client.predict(run, api_name="/stop")["state"] == "stopped"  # and does no harm


@pytest.mark.parametrize("name", ["/status", "/result", "/stop"])
@pytest.mark.parametrize("run", ["", "../../etc/passwd", "0" * 12, "é" * 9, "a" * 10_000])
def test_unknown_runs_are_refused_with_a_sentence(client, name, run):
    with pytest.raises(AppError, match=r"There is no run .* here: take the id"):
        client.predict(run, api_name=name)


def test_run_that_diverged_says_so_and_what_to_try(client, server):
    said = "The loss is not a finite number at step 4 of 200: try a larger epsilon."
    saved = kept(server.store, number(0x71), complete=False, steps=3, diverged=said)
    now = client.predict(saved.id, api_name="/status")
    assert (now["state"], now["step"], now["error"]) == ("diverged", 3, said)
    answer = client.predict(saved.id, api_name="/result")
    assert answer["result"]["diverged"] == said
    assert set(answer["files"]) == {"ot", "mean"}
    listed = client.predict(api_name="/list")
    assert {one["run"]: one["state"] for one in listed}[saved.id] == "diverged"
    assert client.predict(saved.id, api_name="/stop")["state"] == "diverged"


def test_these_endpoints_are_public_and_documented_and_no_others(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert sorted(named) == ["/compare", "/list", "/result", "/status", "/stop"]
    assert all(len(about["description"]) > 40 for about in named.values())


def test_every_parameter_is_described(monkeypatch):
    """As gradio reads it for its page of the API and for language models (MCP)."""
    described = {}

    def add(function, api_name, **_):
        described[api_name] = get_function_description(function)[:2]

    monkeypatch.setattr(gr, "api", add)
    endpoint.add_endpoints(None)
    assert sorted(described) == ["compare", "list", "result", "status", "stop"]
    for name, (about, parameters) in described.items():
        assert about.endswith(".")
        assert parameters
        assert all(parameters.values()), (name, parameters)
    compare = described["compare"][1]
    for names, name_of in ((GENERATORS, "generator"), (rule("distance").allowed, "distance")):
        assert all(name in compare[name_of] for name in names)


def test_no_answer_holds_a_path_of_the_host(client, painted, server):
    last, items = painted
    run = last["run"]
    answers = [items, client.predict(run, api_name="/result"), client.predict(api_name="/list")]
    text = json.dumps(answers) + json.dumps(client.view_api(return_format="dict"))
    text += _get(server, "config").decode() + _get(server, "gradio_api/info").decode()
    for path in (server.store, server.examples, ROOT, os.path.expanduser("~")):
        assert str(path) not in text


@pytest.mark.parametrize("name", ["ot.png", "result.json", "arrays.npz"])
def test_gradio_serves_no_file_of_the_store(painted, server, name):
    for path in (server.store / painted[0]["run"] / name, ROOT / "app.py"):
        with pytest.raises(urllib.error.HTTPError) as wrong:
            _get(server, f"gradio_api/file={path}")
        wrong.value.close()
        assert wrong.value.code in (403, 404)


@pytest.mark.parametrize(
    ("space", "gallery", "shown"),
    [(None, None, True), ("me/otgen", None, False), ("me/otgen", "1", True)],
)
def test_list_of_a_public_space_is_shown_where_its_host_says_so(
    tmp_path, monkeypatch, space, gallery, shown
):
    for name, value in (("SPACE_ID", space), ("OTGEN_GALLERY", gallery)):
        monkeypatch.delenv(name, raising=False)
        if value:
            monkeypatch.setenv(name, value)
    if shown:
        assert endpoint._listing(tmp_path, "", 20) == []
    else:
        with pytest.raises(gr.Error, match="does not list"):
            endpoint._listing(tmp_path, "", 20)


def test_example_of_the_reference_works(server, tmp_path):
    reference = (ROOT / "docs" / "reference.md").read_text()
    (code,) = re.findall(r"((?:    .*\n|\n)*    .*gradio_client.*\n(?:    .*\n|\n)*)", reference)
    code = textwrap.dedent(code)
    for written, here in (
        ("http://127.0.0.1:7860/", server.address),
        ("steps=20", "steps=2, sprites=1"),
    ):
        assert written in code
        code = code.replace(written, here)
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=180
    )
    assert ran.returncode == 0, ran.stderr
    assert "done" in ran.stdout
    with Image.open(tmp_path / "ot.png") as picture:
        assert "otgen" in picture.info
